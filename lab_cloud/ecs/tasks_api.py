"""Operations on tasks."""

import copy
from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..wire import Call
from . import names
from .capacity import Capacity, capacity_of, check_definition, waits, why_nowhere
from .cluster import Cluster
from .ebs import check_launch
from .outside import Networks
from .paging import page
from .placer import candidates, failures, find_place, rules_of, settle
from .roles import Roles
from .service_settings import check_placement, check_supported
from .store import Region, Store
from .strategy import spread
from .tags import tag_dict
from .task import Container, Network, Task
from .task_definition import TaskDefinition, cpu_units, memory_mib

MAX_TASKS_A_CALL = 10
MAX_DESCRIBED = 100
MOST_STARTED_BY = 128
PLACEMENT = ("placementConstraints", "placementStrategy")


class TaskOperations:
    """Run, stop, describe and list tasks."""

    _store: Store
    _clock: Clock
    _networks: Networks
    _roles: Roles

    def run_task(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """RunTask: the tasks exist at once, PROVISIONING."""
        region = self._store.region(call.region)
        cluster = region.find_cluster(params.get("cluster"))
        definition = region.usable_definition(params["taskDefinition"])
        count = params.get("count", 1)
        if not 1 <= count <= MAX_TASKS_A_CALL:
            raise AwsError("InvalidParameterException", "Count must be between 1 and 10.")
        token = params.get("clientToken")
        if token:
            done = self._repeated(region, f"run:{cluster.name}:{token}", params)
            if done is not None:
                return done
        check_supported(params)
        if params.get("group", "").startswith(("family:", "service:")):
            raise AwsError("InvalidParameterException", "A task group's name cannot begin with family: or service:.")
        if len(params.get("startedBy", "")) > MOST_STARTED_BY:
            raise AwsError("InvalidParameterException", f"startedBy has at most {MOST_STARTED_BY} characters.")
        capacity = capacity_of(params, cluster)
        check_definition(capacity, definition)
        self._roles.check_infrastructure(call, check_launch(definition.registered, params, capacity.launch_type))
        check_placement(params, capacity.launch_type)
        if params.get("propagateTags") == "SERVICE":
            raise AwsError("InvalidParameterException", "propagateTags SERVICE is only valid for services.")
        tags = tag_dict(params.get("tags"))
        if params.get("propagateTags") == "TASK_DEFINITION":
            tags = {**definition.tags, **tags}
        if params.get("enableECSManagedTags"):
            tags["aws:ecs:clusterName"] = cluster.name
        nowhere = why_nowhere(region, capacity, cluster)
        if nowhere:
            raise AwsError("InvalidParameterException", f"{nowhere} Use launchType='FARGATE', which needs none.")
        network = network_of(definition, params)
        if network is not None:
            check_public(network, capacity)
            self._networks.check(region.name, network)
        overrides = params.get("overrides", {})
        _check_overrides(definition, overrides)
        self._roles.check(call, definition, overrides)
        if params.get("enableExecuteCommand"):
            self._roles.check_exec("task", "run", definition, overrides)
        platform = platform_of(params, definition)
        tasks: list[Task] = []
        failed: list[dict[str, str]] = []
        group = params.get("group") or f"family:{definition.family}"
        zones = self._networks.zones(region.name, network) if network is not None else ()
        rules = rules_of(definition, params)
        for provider in spread(capacity.strategy, count):
            chosen = None
            if capacity.launch_type != "FARGATE":
                found = candidates(region, cluster, provider, zones)
                placed = find_place(region, definition, found, rules, group, overrides)
                chosen = region.instances.get(placed.instance)
                if chosen is None and not waits(region, provider):
                    failed = failures(region, definition, found, rules, group, overrides)
                    continue
            task = new_task(
                region, cluster, definition, self._clock.now(), network=network, launch_type=capacity.launch_type
            )
            task.capacity_provider = provider
            task.group = group
            task.placement = {key: params[key] for key in PLACEMENT if params.get(key)}
            if chosen is not None:
                settle(task, chosen)
            task.started_by = params.get("startedBy", "")
            task.tags = dict(tags)
            task.execute_command = params.get("enableExecuteCommand", False)
            task.platform_version = platform
            task.volume_configurations = params.get("volumeConfigurations") or []
            apply_overrides(task, overrides)
            tasks.append(task)
        answer = {"tasks": [task.describe(with_tags=True) for task in tasks], "failures": failed}
        if token:
            region.tokens[f"run:{cluster.name}:{token}"] = (copy.deepcopy(params), answer)
        return answer

    def start_task(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """StartTask: on the container instances that the caller names, without any strategy."""
        region = self._store.region(call.region)
        cluster = region.find_cluster(params.get("cluster"))
        definition = region.usable_definition(params["taskDefinition"])
        if not params["containerInstances"]:
            raise AwsError("InvalidParameterException", "Container Instances cannot be empty.")
        if len(params["containerInstances"]) > MAX_TASKS_A_CALL:
            raise AwsError("InvalidParameterException", "At most 10 container instances can be named.")
        overrides = params.get("overrides", {})
        _check_overrides(definition, overrides)
        self._roles.check(call, definition, overrides)
        self._roles.check_infrastructure(call, check_launch(definition.registered, params, "EC2"))
        network = network_of(definition, params) if definition.network_mode == "awsvpc" else None
        if network is not None:
            check_public(network, Capacity("EC2"))
            self._networks.check(region.name, network)
        tags, group = tag_dict(params.get("tags")), params.get("group") or f"family:{definition.family}"
        tasks, failed = [], []
        for reference in params["containerInstances"]:
            instance = region.find_instance(cluster, reference)
            if instance is None or instance.status == "INACTIVE":
                failed.append({"arn": reference, "reason": "MISSING"})
                continue
            rules = rules_of(definition, {})
            why = failures(region, definition, [instance], rules, group, overrides)
            if why:
                failed += why
                continue
            task = new_task(region, cluster, definition, self._clock.now(), network=network, launch_type="EC2")
            task.group, task.started_by, task.tags = group, params.get("startedBy", ""), dict(tags)
            task.volume_configurations = params.get("volumeConfigurations") or []
            settle(task, instance)
            apply_overrides(task, overrides)
            tasks.append(task)
        return {"tasks": [task.describe(with_tags=True) for task in tasks], "failures": failed}

    def _repeated(self, region: Region, key: str, params: dict[str, Any]) -> dict[str, Any] | None:
        if key not in region.tokens:
            return None
        before, answer = region.tokens[key]
        assert isinstance(answer, dict)
        if before != params:
            raise AwsError(
                "ConflictException",
                "The client token was used before with other parameters.",
                resourceIds=[task["taskArn"] for task in answer["tasks"]],
            )
        return answer

    def stop_task(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """StopTask."""
        region = self._store.region(call.region)
        cluster = region.find_cluster(params.get("cluster"))
        task = region.find_task(cluster, params["task"])
        if task is None:
            raise AwsError("InvalidParameterException", "The referenced task was not found.")
        task.ask_to_stop("UserInitiated", params.get("reason") or "Task stopped by user", self._clock.now())
        return {"task": task.describe()}

    def describe_tasks(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeTasks; ids that nobody knows come back as failures."""
        region = self._store.region(call.region)
        cluster = region.find_cluster(params.get("cluster"))
        if not params["tasks"]:
            raise AwsError("InvalidParameterException", "Tasks cannot be empty.")
        if len(params["tasks"]) > MAX_DESCRIBED:
            raise AwsError("InvalidParameterException", f"At most {MAX_DESCRIBED} tasks can be described at once.")
        found, failures = [], []
        for reference in params["tasks"]:
            task = region.find_task(cluster, reference)
            if task is None:
                plain = names.arn(region.name, f"task/{cluster.name}/{reference}")
                failures.append({"arn": reference if reference.startswith("arn:") else plain, "reason": "MISSING"})
            else:
                found.append(task.describe(with_tags="TAGS" in params.get("include", ())))
        return {"tasks": found, "failures": failures}

    def list_tasks(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListTasks, by family, service, starter, desired status and launch type."""
        region = self._store.region(call.region)
        cluster = region.find_cluster(params.get("cluster"))
        if params.get("serviceName"):
            region.find_service(cluster, params["serviceName"])
        others = [key for key in ("serviceName", "family", "containerInstance") if params.get(key)]
        if params.get("startedBy") and others:
            raise AwsError("InvalidParameterException", f"startedBy cannot be combined with {others[0]}.")
        wanted = params.get("desiredStatus", "RUNNING")
        if wanted == "PENDING":
            return {"taskArns": []}  # ECS never wants a task to be pending
        found = [task.arn for task in region.tasks.values() if _listed(task, cluster, wanted, params)]
        arns, token = page(found, params)
        return {"taskArns": arns, "nextToken": token}


def _listed(task: Task, cluster: Cluster, wanted: str, params: dict[str, Any]) -> bool:
    if task.cluster != cluster.name or task.desired != wanted:
        return False
    if params.get("daemonName"):
        return False  # there are no daemons of Managed Instances
    instance = params.get("containerInstance")
    if instance and (task.host is None or task.host.instance != names.last_part(instance)):
        return False
    service = params.get("serviceName")
    if service and task.service != names.last_part(service):
        return False
    family = params.get("family")
    if family and task.definition.family != family:
        return False
    starter = params.get("startedBy")
    if starter and task.started_by != starter:
        return False
    launch_type = params.get("launchType")
    return not launch_type or task.launch_type == launch_type


def new_task(
    region: Region,
    cluster: Cluster,
    definition: TaskDefinition,
    now: float,
    *,
    network: Network | None,
    launch_type: str,
) -> Task:
    """Make a task, PROVISIONING, and keep it in the region."""
    task_id = names.hex_id()
    containers = [
        Container(each, {}, names.arn(region.name, f"container/{cluster.name}/{task_id}/{names.hex_id()}"))
        for each in definition.containers
    ]
    task = Task(
        id=task_id,
        region=region.name,
        cluster=cluster.name,
        definition=definition,
        containers=containers,
        group=f"family:{definition.family}",
        launch_type=launch_type,
        network=network,
        created_at=now,
        entered_at=now,
        metadata_token=names.hex_id() + names.hex_id(),
    )
    region.tasks[task_id] = task
    return task


def apply_overrides(task: Task, overrides: dict[str, Any]) -> None:
    """Put RunTask's overrides on a task."""
    task.overrides = overrides
    for override in overrides.get("containerOverrides", ()):
        for container in task.containers:
            if container.name == override.get("name"):
                container.override = override


def _check_overrides(definition: TaskDefinition, overrides: dict[str, Any]) -> None:
    for override in overrides.get("containerOverrides", ()):
        name = override.get("name", "")
        if definition.container(name) is None:
            raise AwsError(
                "InvalidParameterException",
                f"Override for container named {name} is not a container in the TaskDefinition.",
            )
    for key, read in (("cpu", cpu_units), ("memory", memory_mib)):
        try:
            read(overrides.get(key))
        except ValueError:
            raise AwsError("InvalidParameterException", f"Invalid '{key}' override '{overrides[key]}'.") from None


def check_public(network: Network, capacity: Capacity) -> None:
    """Refuse a public address where AWS gives none.

    Raises
    ------
    AwsError
        ``InvalidParameterException``.
    """
    if network.public_address and capacity.launch_type != "FARGATE":
        raise AwsError("InvalidParameterException", "Assign public IP is not supported for this launch type.")


def network_of(definition: TaskDefinition, params: dict[str, Any]) -> Network | None:
    """The network of a call; awsvpc tasks need one, others may have none."""
    found = params.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if definition.network_mode != "awsvpc":
        if found:
            raise AwsError(
                "InvalidParameterException",
                "Network Configuration is not valid for the given networkMode of this task definition.",
            )
        return None
    if not found:
        raise AwsError(
            "InvalidParameterException",
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        )
    if not found["subnets"]:
        raise AwsError("InvalidParameterException", "subnets can not be empty.")
    return Network(
        subnets=tuple(found["subnets"]),
        security_groups=tuple(found.get("securityGroups", ())),
        public_address=found.get("assignPublicIp") == "ENABLED",
    )


def platform_of(params: dict[str, Any], definition: TaskDefinition) -> str:
    """The Fargate platform version; LATEST is 1.4.0.

    Raises
    ------
    AwsError
        ``PlatformUnknownException``, or ``PlatformTaskDefinitionIncompatibilityException``.
    """
    version = params.get("platformVersion") or "LATEST"
    if version == "LATEST":
        return "1.4.0"
    if version not in ("1.4.0", "1.3.0"):
        raise AwsError("PlatformUnknownException", f"The specified platform '{version}' does not exist.")
    newer = [key for key in ("ephemeralStorage", "runtimePlatform") if definition.registered.get(key)]
    if any("efsVolumeConfiguration" in volume for volume in definition.registered.get("volumes", ())):
        newer.append("efsVolumeConfiguration")
    if version == "1.3.0" and newer:
        raise AwsError(
            "PlatformTaskDefinitionIncompatibilityException",
            f"The platform version 1.3.0 does not support {newer[0]} of the task definition. Use 1.4.0 or LATEST.",
        )
    return str(version)
