"""Operations on services."""

import copy
from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..wire import Call
from . import names
from .capacity import Capacity, capacity_of, check_definition
from .cluster import Cluster
from .ebs import check_launch
from .outside import LoadBalancing, Networks
from .paging import page
from .roles import Roles
from .service import Deployment, Service
from .service_settings import (
    DAEMON_CONFIGURATION,
    DEFAULT_CONFIGURATION,
    DEPLOYED,
    STARTS_DEPLOYMENT,
    check_placement,
    check_supported,
    configuration_of,
    desired_of,
    settings_of,
)
from .store import Region, Store
from .tags import tag_dict
from .task import Network
from .task_definition import TaskDefinition, container_ports
from .tasks_api import check_public, network_of, platform_of

MAX_DESCRIBED = 10


class ServiceOperations:
    """Create, describe, list, update and delete services."""

    _store: Store
    _clock: Clock
    _networks: Networks
    _load_balancing: LoadBalancing
    _roles: Roles

    def create_service(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreateService: everything is checked before anything is made."""
        region = self._store.region(call.region)
        cluster = region.find_cluster(params.get("cluster"))
        names.check_name("service", params["serviceName"])
        known = region.services.get((cluster.name, params["serviceName"]))
        if known is not None and known.status != "INACTIVE":
            same = known.created_with == params and known.status == "ACTIVE" and params.get("clientToken")
            if same:
                return {"service": known.describe(region.tasks_of(known), with_tags=True)}
            if known.status == "DRAINING":
                raise AwsError("InvalidParameterException", "Unable to Start a service that is still Draining.")
            raise AwsError("InvalidParameterException", "Creation of service was not idempotent.")
        check_supported(params)
        if not params.get("taskDefinition"):
            raise AwsError("InvalidParameterException", "TaskDefinition can not be blank.")
        definition = region.usable_definition(params["taskDefinition"])
        self._roles.check_passed(call, definition, {})
        if params.get("enableExecuteCommand"):
            self._roles.check_exec("service", "created", definition, {})
        scheduling = params.get("schedulingStrategy", "REPLICA")
        desired = desired_of(params, scheduling, None)
        defaults = DAEMON_CONFIGURATION if scheduling == "DAEMON" else DEFAULT_CONFIGURATION
        configuration = configuration_of(params.get("deploymentConfiguration", {}), defaults)
        settings = settings_of(params, {}, configuration)
        capacity = capacity_of(params, cluster)
        check_definition(capacity, definition)
        self._roles.check_infrastructure(call, check_launch(definition.registered, params, capacity.launch_type))
        check_placement(params, capacity.launch_type)
        network = network_of(definition, params)
        if network is not None:
            check_public(network, capacity)
            self._networks.check(region.name, network)
        balancers = self._check_balancers(region, definition, params.get("loadBalancers", []))
        now = self._clock.now()
        deployment = Deployment(
            definition,
            now,
            network,
            capacity.launch_type,
            platform_of(params, definition),
            balancers,
            capacity.strategy,
            desired=desired,
            deployed=_deployed(params, {}),
            zones=self._zones(region, network),
        )
        service = Service(
            name=params["serviceName"],
            cluster=cluster.name,
            region=region.name,
            desired=desired,
            created_at=now,
            deployments=[],
            configuration=configuration,
            created_with=copy.deepcopy(params),
            settings=settings,
            grace_seconds=params.get("healthCheckGracePeriodSeconds", 0),
            tags=tag_dict(params.get("tags")),
        )
        service.deploy(deployment)
        region.services[(cluster.name, service.name)] = service
        return {"service": service.describe([], with_tags=True)}

    def describe_services(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeServices; deleted ones stay visible as INACTIVE for a while."""
        region = self._store.region(call.region)
        cluster = region.find_cluster(params.get("cluster"))
        if not params["services"]:
            raise AwsError("InvalidParameterException", "Services cannot be empty.")
        if len(params["services"]) > MAX_DESCRIBED:
            raise AwsError("InvalidParameterException", f"At most {MAX_DESCRIBED} services can be described at once.")
        found, failures = [], []
        for reference in params["services"]:
            service = region.services.get((cluster.name, names.last_part(reference)))
            if service is None:
                plain = names.arn(region.name, f"service/{cluster.name}/{reference}")
                failures.append({"arn": reference if reference.startswith("arn:") else plain, "reason": "MISSING"})
            else:
                tags = "TAGS" in params.get("include", ())
                found.append(service.describe(region.tasks_of(service), with_tags=tags))
        return {"services": found, "failures": failures}

    def list_services(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListServices."""
        region = self._store.region(call.region)
        cluster = region.find_cluster(params.get("cluster"))
        found = []
        for service in region.services.values():
            primary = service.primary
            shown = service.cluster == cluster.name and service.status == "ACTIVE"
            shown = shown and params.get("launchType") in (None, "" if primary.strategy else primary.launch_type)
            shown = shown and params.get("schedulingStrategy") in (None, service.settings["schedulingStrategy"])
            if shown and params.get("resourceManagementType") in (None, "ECS" if service.managed else "CUSTOMER"):
                found.append(service.arn)
        arns, token = page(found, params, default=10)
        return {"serviceArns": arns, "nextToken": token}

    def list_services_by_namespace(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListServicesByNamespace: the active services whose Service Connect names it, of all clusters."""
        region = self._store.region(call.region)
        wanted = names.last_part(params["namespace"])
        found = []
        for service in region.services.values():
            connect = service.primary.deployed.get("serviceConnectConfiguration", {})
            default = (region.clusters[service.cluster].service_connect or {}).get("namespace", "")
            namespace = connect.get("namespace") or default
            if service.status == "ACTIVE" and connect.get("enabled") and names.last_part(namespace) == wanted:
                found.append(service.arn)
        arns, token = page(found, params, default=10)
        return {"serviceArns": arns, "nextToken": token}

    def update_service(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateService; a new task definition, network or load balancer starts a deployment."""
        region = self._store.region(call.region)
        cluster = region.find_cluster(params.get("cluster"))
        known = region.services.get((cluster.name, names.last_part(params["service"])))
        if known is not None and known.status != "ACTIVE":
            raise AwsError("ServiceNotActiveException", "Service was not ACTIVE.")
        service = region.find_service(cluster, params["service"])
        check_supported(params)
        before = service.primary
        definition = (
            region.usable_definition(params["taskDefinition"]) if params.get("taskDefinition") else before.definition
        )
        if params.get("taskDefinition"):
            self._roles.check_passed(call, definition, {})
        if params.get("enableExecuteCommand", service.settings["enableExecuteCommand"]):
            self._roles.check_exec("service", "updated", definition, {})
        capacity = _new_capacity(params, cluster, before)
        check_definition(capacity, definition)
        launched = {**before.deployed, **params}
        self._roles.check_infrastructure(call, check_launch(definition.registered, launched, capacity.launch_type))
        check_placement(params, capacity.launch_type)
        network = before.network
        if params.get("networkConfiguration"):
            network = network_of(definition, params)
            if network is not None:
                self._networks.check(region.name, network)
        balancers = before.load_balancers
        if "loadBalancers" in params:
            balancers = self._check_balancers(region, definition, params["loadBalancers"])
        elif definition is not before.definition:
            self._check_balancers(region, definition, list(balancers))
        desired = desired_of(params, service.settings["schedulingStrategy"], service.desired)
        platform = platform_of(params, definition) if params.get("platformVersion") else before.platform_version
        configuration = configuration_of(params.get("deploymentConfiguration", {}), service.configuration)
        settings = settings_of(params, service.settings, configuration)

        if service.managed and configuration["strategy"] != "CANARY":
            raise AwsError(
                "InvalidParameterException",
                f"Updating to {configuration['strategy']} deployment strategy is not supported for "
                "ExpressGatewayServices.",
            )

        service.desired, service.configuration, service.settings = desired, configuration, settings
        service.grace_seconds = params.get("healthCheckGracePeriodSeconds", service.grace_seconds)
        now = self._clock.now()
        if params.get("forceNewDeployment") or any(params.get(key) is not None for key in STARTS_DEPLOYMENT):
            deployed = _deployed(params, before.deployed)
            service.deploy(
                Deployment(
                    definition,
                    now,
                    network,
                    capacity.launch_type,
                    platform,
                    balancers,
                    capacity.strategy,
                    deployed=deployed,
                    zones=self._zones(region, network),
                )
            )
        service.primary.desired, service.primary.updated_at = desired, now
        return {"service": service.describe(region.tasks_of(service))}

    def delete_service(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteService: it drains, then it is INACTIVE."""
        region = self._store.region(call.region)
        cluster = region.find_cluster(params.get("cluster"))
        service = region.find_service(cluster, params["service"])
        if service.desired > 0 and not params.get("force"):
            raise AwsError(
                "InvalidParameterException",
                "The service cannot be stopped while it is scaled above 0. Set desiredCount to "
                "0 first, or delete with force=True.",
            )
        service.status, service.desired = "DRAINING", 0
        return {"service": service.describe(region.tasks_of(service))}

    def _zones(self, region: Region, network: Network | None) -> tuple[str, ...]:
        return self._networks.zones(region.name, network) if network is not None else ()

    def _check_balancers(
        self, region: Region, definition: TaskDefinition, balancers: list[dict[str, Any]]
    ) -> tuple[dict[str, Any], ...]:
        for balancer in balancers:
            arn = balancer.get("targetGroupArn")
            if not arn:
                raise AwsError(
                    "InvalidParameterException",
                    "targetGroupArn is missing. Classic Load Balancers (loadBalancerName) are "
                    "not part of the embedded cloud.",
                )
            _check_container(definition, balancer)
            group = self._load_balancing.group(region.name, arn)
            if group is None:
                raise AwsError(
                    "InvalidParameterException", f"Unable to find the target group {arn}. Does it still exist?"
                )
            if definition.network_mode == "awsvpc" and group.target_type != "ip":
                raise AwsError(
                    "InvalidParameterException",
                    f"The provided target group {arn} has target type {group.target_type}, which "
                    "is incompatible with the "
                    "awsvpc network mode specified in the task definition.",
                )
            if definition.network_mode in ("bridge", "host") and group.target_type != "instance":
                raise AwsError(
                    "InvalidParameterException",
                    f"The provided target group {arn} has target type {group.target_type}, which is incompatible with "
                    f"the {definition.network_mode} network mode specified in the task definition.",
                )
            if not group.has_load_balancer:
                raise AwsError(
                    "InvalidParameterException",
                    f"The target group with targetGroupArn {arn} does not have an associated load balancer.",
                )
        return tuple(copy.deepcopy(balancers))


def _check_container(definition: TaskDefinition, balancer: dict[str, Any]) -> None:
    name, port = balancer.get("containerName", ""), balancer.get("containerPort")
    container = definition.container(name)
    if container is None:
        raise AwsError("InvalidParameterException", f"The container {name} does not exist in the task definition.")
    if port not in container_ports(container):
        raise AwsError(
            "InvalidParameterException", f"The container {name} did not have a container port {port} defined."
        )


def _deployed(params: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    return {**before, **{key: copy.deepcopy(params[key]) for key in DEPLOYED if key in params}}


def _new_capacity(params: dict[str, Any], cluster: Cluster, before: Deployment) -> Capacity:
    now = Capacity(before.launch_type, before.strategy)
    if "capacityProviderStrategy" not in params:
        return now
    asked = params["capacityProviderStrategy"]
    wanted = capacity_of(params, cluster) if asked else Capacity(before.launch_type)
    if wanted != now and not params.get("forceNewDeployment"):
        raise AwsError(
            "InvalidParameterException",
            "When switching from launch type to capacity provider strategy on an existing service, or making a change "
            "to a capacity provider strategy on a service that is already using one, you must force a new deployment.",
        )
    return wanted
