"""The operations of Express Mode: each makes or changes ordinary resources, and remembers which.

References
----------
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateExpressGatewayService.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateExpressGatewayService.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteExpressGatewayService.html
"""

import copy
import re
import secrets
from typing import Any, Protocol

from ...clock import Clock
from ...errors import AwsError
from ...wire import Call, moto_express
from .. import names
from ..outside import Networks
from ..roles import TASKS, Roles
from ..service import Deployment, Service
from ..store import Region, Store
from ..tags import tag_dict, tag_list
from ..task import Network
from . import settings
from .gateway import Configuration, Gateway, host_of
from .provisioning import Provisioning
from .settings import invalid
from .surroundings import EXECUTION, INFRASTRUCTURE, Surroundings

DEPLOYED = ("networkConfiguration", "taskDefinitionArn", "healthCheckPath", *settings.IMAGE_ONLY)
"""What starts a deployment when an update has it."""
DEFAULT, TRUSTED = "default", "ecs.amazonaws.com"


class Ordinary(Protocol):
    """The ordinary operations of ECS that Express Mode uses."""

    def create_cluster(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreateCluster."""

    def create_service(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreateService."""

    def update_service(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateService."""

    def delete_service(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteService."""

    def register_task_definition(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """RegisterTaskDefinition."""


class Express:
    """Create, describe, update and delete Express services.

    Parameters
    ----------
    store : Store
        What ECS knows.
    clock : Clock
        The time.
    networks : Networks
        What knows subnets and security groups.
    surroundings : Surroundings
        The other services.
    ordinary : Ordinary
        The other operations of ECS.
    roles : Roles
        What knows who may hand roles to ECS, and whether it can assume them.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        networks: Networks,
        surroundings: Surroundings,
        ordinary: Ordinary,
        roles: Roles,
    ) -> None:
        self._store = store
        self._clock = clock
        self._networks = networks
        self._surroundings = surroundings
        self._ordinary = ordinary
        self._roles = roles
        self._provisioning = Provisioning(surroundings)

    def create(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreateExpressGatewayService: everything is checked before anything is made. It takes the lock itself."""
        settings.check_combination(params, new=True)
        cluster = names.last_part(params.get("cluster") or DEFAULT)
        name = params.get("serviceName") or _name_of(params)
        names.check_name("service", name)
        certificate = moto_express.prepare_certificate(call.region, host_of(call.region, cluster, name))
        with self._surroundings.lock:
            return self._create(call, params, cluster, name, certificate)

    def _create(
        self, call: Call, params: dict[str, Any], cluster: str, name: str, certificate: object
    ) -> dict[str, Any]:
        region = self._store.region(call.region)
        if params.get("cluster"):
            region.find_cluster(cluster)
        _check_free(region, cluster, name)
        tags = tag_dict(params.get("tags"))
        self._check_role(call, params["infrastructureRoleArn"], TRUSTED, INFRASTRUCTURE)
        subnets, vpc, public, groups = self._place(region, params, None)
        log_group = f"/aws/ecs/{cluster}/{name}-{secrets.token_hex(2)}"
        family, place = f"{cluster}-{name}", (subnets, groups)
        wanted = self._configuration(call, region, family, params, None, log_group, place, tags)
        now = self._clock.now()
        gateway = Gateway(
            cluster, name, region.name, params["infrastructureRoleArn"], vpc, public, now, now, wanted,
        )  # fmt: skip
        logs = wanted.container.get("awsLogsConfiguration", {}).get("logGroup")
        gateway.made.log_group = log_group if logs == log_group else ""
        others = _others(region, gateway)
        try:
            self._provisioning.provide(gateway, others, certificate, tags, now)
            service = self._make_service(call, region, gateway, tags)
            self._provisioning.scale(gateway, tags, gateway.made.target_groups[0])
        except AwsError:
            region.services.pop((cluster, name), None)  # it has no tasks yet
            self._provisioning.release(gateway, others, now)
            raise
        service.managed = True
        gateway.by_revision[service.primary.revision] = wanted
        region.gateways[cluster, name] = gateway
        return {"service": self._describe(region, gateway, service, with_tags=True)}

    def describe(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeExpressGatewayService; a deleted one stays visible as INACTIVE for a while."""
        region = self._store.region(call.region)
        gateway, service = self._find(region, params["serviceArn"], "ResourceNotFoundException")
        with_tags = "TAGS" in params.get("include", ())
        return {"service": self._describe(region, gateway, service, with_tags=with_tags)}

    def update(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateExpressGatewayService: a canary deployment, unless only the scaling changes.

        One that is in progress is overtaken, as by UpdateService: its tasks go, and the traffic goes back first to the
        revision that was completed last.
        """
        region = self._store.region(call.region)
        gateway, service = self._find(region, params["serviceArn"], "ServiceNotFoundException")
        _check_active(service)
        settings.check_combination(params, new=False)
        before = gateway.configuration
        subnets, vpc, public, groups = self._place(region, params, before)
        if (vpc, public) != (gateway.vpc, gateway.public):
            raise invalid("The subnets of an Express service cannot move to another VPC, nor from public to private.")
        family = f"{gateway.cluster}-{gateway.name}"
        log_group = gateway.made.log_group
        deploys = any(params.get(name) is not None for name in DEPLOYED)
        scaling = settings.scaling_of(params, before.scaling)
        now = self._clock.now()
        if deploys:
            place = (subnets, groups)
            wanted = self._configuration(call, region, family, params, before, log_group, place, service.tags)
            self._provisioning.admit(gateway, wanted)
            self._deploy(call, gateway, service, wanted)
        else:
            shown = {**vars(before), "scaling": scaling}
            wanted = Configuration(**shown)
        gateway.configuration, gateway.updated_at, gateway.made.updated = wanted, now, now
        gateway.by_revision[service.primary.revision] = wanted
        if scaling != before.scaling:
            self._provisioning.scale(gateway, service.tags, gateway.made.policy_group)
        shown = self._describe(region, gateway, service, with_tags=False)
        kept = ("serviceArn", "cluster", "serviceName", "status", "createdAt", "updatedAt")
        target = gateway.describe_revision(service.revision_arn(service.primary), wanted, service.primary.created_at)
        return {"service": {**{name: shown[name] for name in kept}, "targetConfiguration": target}}

    def delete(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteExpressGatewayService: it drains; once its tasks are gone, so is all that was made for it alone."""
        region = self._store.region(call.region)
        gateway, service = self._find(region, params["serviceArn"], "ServiceNotFoundException")
        _check_active(service)
        self._provisioning.unscale(gateway)
        asked = {"cluster": service.cluster, "service": service.name, "force": True}
        self._ordinary.delete_service(call, asked)
        gateway.updated_at = self._clock.now()
        return {"service": self._describe(region, gateway, service, with_tags=False)}

    def tick(self, now: float) -> None:
        """Let policies follow the traffic, and delete what deleted services have left."""
        for region in self._store.regions.values():
            for key, gateway in list(region.gateways.items()):
                service = region.services.get(key)
                if service is None:
                    del region.gateways[key]
                if service is None or service.status == "INACTIVE":
                    if not gateway.gone:
                        self._provisioning.release(gateway, _others(region, gateway), now)
                elif service.status == "ACTIVE" and service.primary.rollout == "COMPLETED":
                    self._follow(gateway, service)

    def resources(self, region: Region, service: Service, deployment: Deployment) -> dict[str, Any] | None:
        """``ecsManagedResources`` of a service revision; None of a service that is not Express Mode's."""
        gateway = region.gateways.get((service.cluster, service.name))
        if gateway is None:
            return None
        wanted = gateway.by_revision.get(deployment.revision, gateway.configuration)
        return gateway.describe_resources(wanted, active=not gateway.gone)

    def _follow(self, gateway: Gateway, service: Service) -> None:
        group = service.primary.targets[0][0]
        if gateway.made.policy_group == group:
            return
        if gateway.configuration.scaling["autoScalingMetric"] == "REQUEST_COUNT_PER_TARGET":
            self._provisioning.scale(gateway, service.tags, group)
        gateway.made.policy_group = group

    def _place(
        self, region: Region, params: dict[str, Any], before: Configuration | None
    ) -> tuple[tuple[str, ...], str, bool, tuple[str, ...]]:
        asked = params.get("networkConfiguration") or {}
        subnets = tuple(asked.get("subnets") or (before.subnets if before else ()))
        groups = tuple(asked.get("securityGroups", before.groups if before else ()))
        self._networks.check(region.name, Network(subnets, groups, public_address=False))
        return *self._surroundings.place(region.name, subnets), groups

    def _check_role(self, call: Call, role: str, service: str, actions: tuple[str, ...]) -> None:
        self._roles.check_taken(call, role, service)
        self._surroundings.check_allowed(role, actions)

    def _configuration(
        self,
        call: Call,
        region: Region,
        family: str,
        params: dict[str, Any],
        before: Configuration | None,
        log_group: str,
        place: tuple[tuple[str, ...], tuple[str, ...]],
        tags: dict[str, str],
    ) -> Configuration:
        """What the service is to be; its task definition is registered last, when all else has been checked."""
        path = settings.path_of(params, *([before.path] if before else []))
        scaling = settings.scaling_of(params, *([before.scaling] if before else []))
        if params.get("taskDefinitionArn"):
            definition = region.usable_definition(params["taskDefinitionArn"])
            port, shown = settings.main_port(definition), settings.shown_of(definition)
            return Configuration(definition.arn, True, shown, {}, port, *place, path, scaling)
        changes = any(params.get(name) is not None for name in settings.IMAGE_ONLY)
        if before is not None and before.own:
            if not changes:
                return Configuration(before.definition, True, before.shown, {}, before.port, *place, path, scaling)
            settings.check_combination(params, new=True)
            before = None
        shown = settings.shown_from(params, before)
        container = settings.container_of(params.get("primaryContainer"), before.container if before else {}, log_group)
        if before is None or params.get("executionRoleArn"):
            self._check_role(call, shown["executionRoleArn"], TASKS, EXECUTION)
        if params.get("taskRoleArn"):
            self._roles.check_taken(call, params["taskRoleArn"], TASKS)
        arn = before.definition if before is not None else ""
        if changes or before is None:
            asked = settings.definition_params(family, region.name, shown, container)
            answer = self._ordinary.register_task_definition(call, {**asked, "tags": tag_list(tags)})
            arn = str(answer["taskDefinition"]["taskDefinitionArn"])
        return Configuration(arn, False, shown, container, container["containerPort"], *place, path, scaling)

    def _make_service(self, call: Call, region: Region, gateway: Gateway, tags: dict[str, str]) -> Service:
        if gateway.cluster not in region.clusters or region.clusters[gateway.cluster].status == "INACTIVE":
            self._ordinary.create_cluster(call, {"clusterName": gateway.cluster, "capacityProviders": ["FARGATE"]})
        wanted = gateway.configuration
        alarms = {"alarmNames": [gateway.alarm_name], "enable": True, "rollback": True}
        self._ordinary.create_service(
            call,
            {
                "cluster": gateway.cluster,
                "serviceName": gateway.name,
                "taskDefinition": wanted.definition,
                "desiredCount": wanted.scaling["minTaskCount"],
                "launchType": "FARGATE",
                "loadBalancers": [self._balancer(gateway, wanted)],
                "networkConfiguration": _network(gateway, wanted),
                "deploymentConfiguration": {**copy.deepcopy(settings.DEPLOYMENT), "alarms": alarms},
                "availabilityZoneRebalancing": "ENABLED",
                "enableECSManagedTags": True,
                "propagateTags": "SERVICE",
                "tags": tag_list(tags),
            },
        )
        return region.services[gateway.cluster, gateway.name]

    def _deploy(self, call: Call, gateway: Gateway, service: Service, wanted: Configuration) -> None:
        self._ordinary.update_service(
            call,
            {
                "cluster": gateway.cluster,
                "service": gateway.name,
                "taskDefinition": wanted.definition,
                "loadBalancers": [self._balancer(gateway, wanted)],
                "networkConfiguration": _network(gateway, wanted),
                "forceNewDeployment": True,
            },
        )
        self._provisioning.check(gateway, wanted.path, service.primary.targets[0][0])

    def _balancer(self, gateway: Gateway, wanted: Configuration) -> dict[str, Any]:
        first, second = gateway.made.target_groups
        return {
            "targetGroupArn": first,
            "containerName": settings.MAIN,
            "containerPort": wanted.port,
            "advancedConfiguration": {
                "alternateTargetGroupArn": second,
                "productionListenerRule": gateway.made.rule,
                "roleArn": gateway.role,
            },
        }

    def _find(self, region: Region, arn: str, missing: str) -> tuple[Gateway, Service]:
        match = re.fullmatch(r"arn:[^:]+:ecs:[^:]*:[^:]*:service/([^/]+)/([^/]+)", arn)
        if match is None:
            raise invalid(f"Invalid service ARN: {arn}. It ends in service/CLUSTER/SERVICE.")
        key = (match[1], match[2])
        service = region.services.get(key)
        if service is None:
            raise AwsError(missing, f"Resource not found: {arn}")
        gateway = region.gateways.get(key)
        if gateway is None:
            raise invalid(f"The service {arn} is not an Express service. Use the operations for services.")
        return gateway, service

    def _describe(self, region: Region, gateway: Gateway, service: Service, *, with_tags: bool) -> dict[str, Any]:
        primary = service.primary
        active = [] if service.status == "INACTIVE" else service.deployments
        return {
            "cluster": gateway.cluster,
            "serviceName": service.name,
            "serviceArn": service.arn,
            "infrastructureRoleArn": gateway.role,
            "status": {
                "statusCode": service.status,
                "statusReason": primary.reason if primary.rollout == "FAILED" else None,
            },
            "currentDeployment": service.deployment_arn(primary) if primary.rollout == "IN_PROGRESS" else None,
            "activeConfigurations": [
                gateway.describe_revision(
                    service.revision_arn(each),
                    gateway.by_revision.get(each.revision, gateway.configuration),
                    each.created_at,
                )
                for each in active
            ],
            "tags": tag_list(service.tags) if with_tags else None,
            "createdAt": names.moment(gateway.created_at),
            "updatedAt": names.moment(gateway.updated_at),
        }


def _network(gateway: Gateway, wanted: Configuration) -> dict[str, Any]:
    return {
        "awsvpcConfiguration": {
            "subnets": list(wanted.subnets),
            "securityGroups": [*wanted.groups, gateway.made.service_group],
            "assignPublicIp": "ENABLED" if gateway.public else "DISABLED",
        }
    }


def _others(region: Region, gateway: Gateway) -> list[Gateway]:
    return [other for other in region.gateways.values() if other is not gateway and not other.gone]


def _check_free(region: Region, cluster: str, name: str) -> None:
    known = region.services.get((cluster, name))
    if known is None or known.status == "INACTIVE":
        return
    if known.status == "DRAINING":
        raise invalid("Unable to Start a service that is still Draining.")
    raise invalid(f"Creation of service was not idempotent: the cluster {cluster} has a service named {name}.")


def _check_active(service: Service) -> None:
    if service.status == "DRAINING":
        raise AwsError("ServiceNotActiveException", "Service is in DRAINING status.")
    if service.status == "INACTIVE":
        text = "Cannot perform this operation on a service in INACTIVE status."
        raise AwsError("ServiceNotActiveException", text)


def _name_of(params: dict[str, Any]) -> str:
    """A name of the image, or of the family, with a tail that makes it unique."""
    source = (params.get("primaryContainer") or {}).get("image") or params["taskDefinitionArn"]
    stem = re.sub(r"[^A-Za-z0-9_-]", "-", re.split(r"[:@]", names.last_part(source))[0]) or "service"
    return f"{stem[:200]}-{secrets.token_hex(2)}"
