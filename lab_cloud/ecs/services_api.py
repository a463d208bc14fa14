"""Operations on services."""

import copy
from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..wire import Call
from . import names
from .capacity import Capacity, capacity_of, check_definition
from .outside import LoadBalancing, Networks
from .paging import page
from .service import Deployment, Service
from .store import Region, Store
from .task import tag_dict
from .task_definition import TaskDefinition, container_ports
from .tasks_api import network_of, platform_of

MAX_DESCRIBED = 10
DEFAULT_CONFIGURATION = {
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
    "strategy": "ROLLING",
    "bakeTimeInMinutes": 0,
}
STARTS_DEPLOYMENT = (
    "taskDefinition",
    "networkConfiguration",
    "platformVersion",
    "loadBalancers",
    "capacityProviderStrategy",
)


class ServiceOperations:
    """Create, describe, list, update and delete services."""

    _store: Store
    _clock: Clock
    _networks: Networks
    _load_balancing: LoadBalancing

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
        _check_strategy(params)
        if not params.get("taskDefinition"):
            raise AwsError("InvalidParameterException", "TaskDefinition can not be blank.")
        definition = region.usable_definition(params["taskDefinition"])
        desired = _desired(params, None)
        capacity = capacity_of(params, cluster)
        check_definition(capacity, definition)
        network = network_of(definition, params)
        if network is not None:
            self._networks.check(region.name, network)
        balancers = self._check_balancers(region, definition, params.get("loadBalancers", []))
        grace = params.get("healthCheckGracePeriodSeconds")
        if grace and not balancers:
            raise AwsError(
                "InvalidParameterException",
                "Health check grace period is only valid for services configured to use load balancers.",
            )
        now = self._clock.now()
        deployment = Deployment(
            definition,
            now,
            network,
            capacity.launch_type,
            platform_of(params),
            balancers,
            capacity.strategy,
            desired=desired,
        )
        service = Service(
            name=params["serviceName"],
            cluster=cluster.name,
            region=region.name,
            desired=desired,
            created_at=now,
            deployments=[],
            configuration=_configuration(params.get("deploymentConfiguration", {}), DEFAULT_CONFIGURATION),
            created_with=copy.deepcopy(params),
            grace_seconds=grace or 0,
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
            if service.cluster != cluster.name or service.status == "INACTIVE":
                continue
            if params.get("launchType") not in (None, service.primary.launch_type):
                continue
            if params.get("schedulingStrategy") not in (None, "REPLICA"):
                continue
            found.append(service.arn)
        arns, token = page(found, {"maxResults": 10, **params})
        return {"serviceArns": arns, "nextToken": token}

    def update_service(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateService; a new task definition, network or load balancer starts a deployment."""
        region = self._store.region(call.region)
        cluster = region.find_cluster(params.get("cluster"))
        service = region.find_service(cluster, params["service"])
        if service.status != "ACTIVE":
            raise AwsError("ServiceNotActiveException", "Service was not ACTIVE.")
        _check_strategy(params)
        before = service.primary
        definition = (
            region.usable_definition(params["taskDefinition"]) if params.get("taskDefinition") else before.definition
        )
        capacity = Capacity(before.launch_type, before.strategy)
        if params.get("capacityProviderStrategy"):
            capacity = capacity_of(params, cluster)
        check_definition(capacity, definition)
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
        desired = _desired(params, service.desired)
        platform = platform_of(params) if params.get("platformVersion") else before.platform_version
        configuration = _configuration(params.get("deploymentConfiguration", {}), service.configuration)

        service.desired, service.configuration = desired, configuration
        service.grace_seconds = params.get("healthCheckGracePeriodSeconds", service.grace_seconds)
        for key in ("enableExecuteCommand", "enableECSManagedTags", "propagateTags", "availabilityZoneRebalancing"):
            if key in params:
                service.created_with[key] = params[key]
        now = self._clock.now()
        if params.get("forceNewDeployment") or any(params.get(key) is not None for key in STARTS_DEPLOYMENT):
            service.deploy(
                Deployment(definition, now, network, capacity.launch_type, platform, balancers, capacity.strategy)
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


def _check_strategy(params: dict[str, Any]) -> None:
    if params.get("schedulingStrategy") == "DAEMON":
        raise AwsError("InvalidParameterException", "The DAEMON scheduling strategy is not supported by Fargate.")
    controller = params.get("deploymentController", {}).get("type", "ECS")
    if controller != "ECS":
        raise AwsError(
            "UnsupportedFeatureException",
            f"The embedded cloud does not simulate the deployment controller {controller}.",
        )
    strategy = params.get("deploymentConfiguration", {}).get("strategy", "ROLLING")
    if strategy != "ROLLING":
        raise AwsError(
            "UnsupportedFeatureException",
            f"The embedded cloud does not simulate {strategy} deployments. On AWS they exist; use ROLLING here.",
        )


def _configuration(asked: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    configuration = {**copy.deepcopy(before), **copy.deepcopy(asked)}
    low, high = configuration["minimumHealthyPercent"], configuration["maximumPercent"]
    if low < 0 or high < low or high < 100 or (low == 100 == high):
        raise AwsError(
            "InvalidParameterException",
            f"Invalid deployment configuration: minimumHealthyPercent {low} and maximumPercent "
            f"{high} leave no room to deploy. "
            "The maximum must be at least 100 and greater than the minimum.",
        )
    return configuration


def _desired(params: dict[str, Any], before: int | None) -> int:
    desired = params.get("desiredCount", before)
    if desired is None:
        raise AwsError("InvalidParameterException", "Desired count is required for the REPLICA scheduling strategy.")
    if desired < 0:
        raise AwsError("InvalidParameterException", "Desired count can not be negative.")
    return int(desired)
