"""Operations on services."""

from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..wire.call import Call
from . import names, tags
from .pages import listed
from .reconciler import Services
from .roles import Roles
from .service import Operation, Service
from .settings import Reader
from .store import Region, Store, invalid, quota

MOST = 30
PAGE = 20


class ServiceOperations:
    """CreateService to ListOperations."""

    _store: Store
    _clock: Clock
    _services: Services
    _roles: Roles
    _host: str

    def create_service(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Make a service; its first deployment begins at once."""
        region = self._store.region(call.region)
        name = params["ServiceName"]
        if any(one.name == name for one in region.living()):
            raise invalid(f"Service with the provided name already exists: {name}.")
        if len(region.living()) >= MOST:
            raise quota(f"You have reached the limit of {MOST} services in a Region. Delete one first.")
        settings = Reader(region, self._host).create(params)
        self._roles.check(call, settings.role)
        labels = tags.tag_dict(params.get("Tags"))
        now = self._clock.now()
        service = Service(region.name, name, names.hex_id(), names.url(region.name), settings, now, tags=labels)
        service.encryption = params.get("EncryptionConfiguration")
        service.release(settings)
        region.services[service.arn] = service
        operation = self._services.begin(service, "CREATE_SERVICE", now)
        self._services.apply_doors()  # its URL can be asked for from now on
        return _begun(region, service, operation)

    def describe_service(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """A service, also for a while after it was deleted."""
        region = self._store.region(call.region)
        return {"Service": _shown(region, region.service(params["ServiceArn"]))}

    def list_services(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The services that have not been deleted."""
        found = [one.summary() for one in self._store.region(call.region).living()]
        return listed(found, params, "ServiceSummaryList", PAGE)

    def update_service(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Change a running service; what its instances must know is deployed."""
        region = self._store.region(call.region)
        service = region.service(params["ServiceArn"])
        _require(service, "updated", "RUNNING")
        old = service.settings
        new = Reader(region, self._host).update(old, params)
        if new.role != old.role:
            self._roles.check(call, new.role)
        service.settings = new
        deploys = new.instances_differ(old)
        if deploys:
            service.release(new)
        operation = self._services.begin(service, "UPDATE_SERVICE", self._clock.now(), deploys=deploys)
        return _begun(region, service, operation)

    def delete_service(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """End a service."""
        region = self._store.region(call.region)
        service = region.service(params["ServiceArn"])
        _require(service, "deleted", "RUNNING", "PAUSED", "CREATE_FAILED", "DELETE_FAILED")
        for one in region.ingresses.values():
            if one.service == service.arn and one.deleted is None:
                raise AwsError(
                    "InvalidStateException", f"Delete the VPC ingress connection {one.name} of this service first."
                )
        operation = self._services.begin(service, "DELETE_SERVICE", self._clock.now())
        region.domains.pop(service.arn, None)
        return _begun(region, service, operation)

    def pause_service(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """End all instances; the service stays."""
        region = self._store.region(call.region)
        service = region.service(params["ServiceArn"])
        _require(service, "paused", "RUNNING")
        return _begun(region, service, self._services.begin(service, "PAUSE_SERVICE", self._clock.now()))

    def resume_service(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Start the version that ran before the pause."""
        region = self._store.region(call.region)
        service = region.service(params["ServiceArn"])
        _require(service, "resumed", "PAUSED")
        before = service.releases[service.last]
        release = service.release(service.settings)
        release.run, release.pull = before.run, "pulled"
        return _begun(region, service, self._services.begin(service, "RESUME_SERVICE", self._clock.now()))

    def start_deployment(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Deploy what the image's name stands for now."""
        service = self._store.region(call.region).service(params["ServiceArn"])
        if service.status != "RUNNING":
            raise invalid(f"Service cannot be deployed in the current state: {service.status}. It must be RUNNING.")
        return {"OperationId": self._services.deploy(service, self._clock.now()).id}

    def list_operations(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """What has been done to a service, newest first."""
        service = self._store.region(call.region).service(params["ServiceArn"])
        found = [one.describe(service.arn) for one in service.operations]
        return listed(found, params, "OperationSummaryList", PAGE)


def _require(service: Service, verb: str, *states: str) -> None:
    if service.status in states:
        return
    busy = service.status == "OPERATION_IN_PROGRESS"
    remedy = "Wait until its operation is over." if busy else f"It must be {' or '.join(states)}."
    raise AwsError(
        "InvalidStateException", f"Service cannot be {verb} in the current state: {service.status}. {remedy}"
    )


def _shown(region: Region, service: Service) -> dict[str, Any]:
    found = region.scaling_of(service).describe("AutoScalingConfiguration")
    kept = ("Arn", "Name", "Revision")
    return service.describe(
        {f"AutoScalingConfiguration{name}": found[f"AutoScalingConfiguration{name}"] for name in kept}
    )


def _begun(region: Region, service: Service, operation: Operation) -> dict[str, Any]:
    return {"Service": _shown(region, service), "OperationId": operation.id}
