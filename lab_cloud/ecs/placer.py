"""Brings tasks and container instances together: what a task needs, what an instance has left, and who goes where."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..instance_types import instance_types
from .cluster import Cluster
from .container_instance import CAPABILITIES, ContainerInstance
from .placement import DISTINCT, MEMBER, InstanceView, Need, Placed, Rules, obstacle, place
from .query import Subject
from .store import Region
from .task import Host, Task
from .task_definition import TaskDefinition, cpu_units, memory_mib

DYNAMIC_PORTS = range(32768, 61001)
"""Host ports that the agent hands out: Docker's and the ECS agent's ephemeral range."""


def need_of(definition: TaskDefinition, overrides: Mapping[str, Any] | None = None) -> Need:
    """What a task of this definition needs.

    Parameters
    ----------
    definition : TaskDefinition
        Which one.
    overrides : dict
        What RunTask changes.
    """
    changed = overrides or {}
    own = {one.get("name"): one for one in changed.get("containerOverrides", ())}
    cpu = cpu_units(changed.get("cpu") or definition.registered.get("cpu"))
    memory = memory_mib(changed.get("memory") or definition.registered.get("memory"))
    containers = [{**one, **own.get(one["name"], {})} for one in definition.containers]
    ports = {
        (mapping.get("hostPort") or (mapping["containerPort"] if definition.network_mode == "host" else 0),
         mapping.get("protocol", "tcp"))
        for one in definition.containers
        for mapping in one.get("portMappings", ())
    }  # fmt: skip
    return Need(
        cpu=cpu or sum(one.get("cpu", 0) for one in containers),
        memory=memory or sum(one.get("memoryReservation") or one.get("memory") or 0 for one in containers),
        ports=frozenset(one for one in ports if one[0]) if definition.network_mode != "awsvpc" else frozenset(),
        interface=definition.network_mode == "awsvpc",
        attributes=frozenset(one["name"] for one in definition.attributes),
    )


def tasks_on(region: Region, instance: ContainerInstance) -> list[Task]:
    """The tasks that hold resources of an instance."""
    return [
        task
        for task in region.tasks.values()
        if task.host is not None and task.host.instance == instance.id and task.status != "STOPPED"
    ]


def views(region: Region, instances: Sequence[ContainerInstance], group: str = "") -> list[InstanceView]:
    """Container instances as placement sees them.

    Parameters
    ----------
    region : Region
        Where they are.
    instances : sequence of ContainerInstance
        Which ones.
    group : str
        The group of the task that is to be placed.
    """
    on: dict[str, list[Task]] = {each.id: [] for each in instances}
    for task in region.tasks.values():
        if task.host is not None and task.status != "STOPPED" and task.host.instance in on:
            on[task.host.instance].append(task)
    return [_view(each, on[each.id], group) for each in instances]


def _view(instance: ContainerInstance, tasks: Sequence[Task], group: str) -> InstanceView:
    needs = [need_of(task.definition, task.overrides) for task in tasks]
    values = {f"attribute:{name}": value or "" for name, value in instance.attributes.items()}
    values |= {
        "ec2InstanceId": instance.host,
        "instanceId": instance.host,
        "agentConnected": str(instance.connected).lower(),
        "agentVersion": "1.99.1",
        "registeredAt": str(instance.registered),
        "runningTasksCount": str(sum(task.status == "RUNNING" for task in tasks)),
        "pendingTasksCount": str(sum(task.status != "RUNNING" for task in tasks)),
    }
    return InstanceView(
        id=instance.id,
        cpu=instance.kind.cpu_units - sum(need.cpu for need in needs),
        memory=instance.kind.free_memory - sum(need.memory for need in needs),
        interfaces=instance.kind.task_interfaces - sum(need.interface for need in needs),
        ports=frozenset(port for task in tasks for port in taken_ports(task)),
        subject=Subject(values, frozenset(task.group for task in tasks)),
        alike=sum(task.group == group and task.desired == "RUNNING" for task in tasks),
        active=instance.status == "ACTIVE",
        connected=instance.connected,
    )


def empty_instance(kind_name: str) -> InstanceView:
    """An instance of a type as it joins; one without anything when the type is not known."""
    kind = instance_types().get(kind_name)
    if kind is None:
        return InstanceView("")
    values = dict.fromkeys((f"attribute:{name}" for name in CAPABILITIES), "")
    return InstanceView("", kind.cpu_units, kind.free_memory, kind.task_interfaces, subject=Subject(values))


def taken_ports(task: Task) -> set[tuple[int, str]]:
    """The host ports of a task: those that its definition names, and those that it was given."""
    given = {(port, "tcp") for container in task.containers for port in container.host_ports.values()}
    return set(need_of(task.definition).ports) | given


def candidates(
    region: Region, cluster: Cluster, provider: str = "", zones: Sequence[str] = ()
) -> list[ContainerInstance]:
    """The active container instances that may be considered.

    Parameters
    ----------
    region, cluster
        Where.
    provider : str
        The capacity provider whose instances count; all when it is empty.
    zones : sequence of str
        Zones in which the task can have its network interface; all when there are none.
    """
    return [
        each
        for each in region.instances.values()
        if each.cluster == cluster.name
        and each.status == "ACTIVE"
        and (not provider or each.provider == provider)
        and (not zones or each.zone in zones)
    ]


def find_place(
    region: Region,
    definition: TaskDefinition,
    found: Sequence[ContainerInstance],
    rules: Rules,
    group: str,
    overrides: Mapping[str, Any] | None = None,
) -> Placed:
    """Choose one of these instances for a task."""
    return place(need_of(definition, overrides), views(region, found, group), rules)


def failures(
    region: Region,
    definition: TaskDefinition,
    found: Sequence[ContainerInstance],
    rules: Rules,
    group: str,
    overrides: Mapping[str, Any] | None = None,
) -> list[dict[str, str]]:
    """Why a task goes on none of these instances, as RunTask's ``failures`` have it."""
    need = need_of(definition, overrides)
    told = {MEMBER: "MemberOf placement constraint unsatisfied.", DISTINCT: "DistinctInstance placement constraint "
            "unsatisfied."}  # fmt: skip
    answer = []
    for each, view in zip(found, views(region, found, group), strict=True):
        why = obstacle(need, view, rules.constraints)
        if why:
            answer.append({"arn": each.arn, "reason": told.get(why, why)})
    return answer


def settle(task: Task, instance: ContainerInstance) -> None:
    """Put a task on an instance."""
    task.host = Host(
        instance=instance.id,
        arn=instance.arn,
        id=instance.host,
        zone=instance.zone,
        address=instance.address,
        vcpu=instance.kind.vcpu,
        memory=instance.kind.free_memory,
    )
    instance.version += 1


def rules_of(definition: TaskDefinition, asked: Mapping[str, Any], usual: Sequence[Mapping[str, str]] = ()) -> Rules:
    """Constraints and strategies of a call or a service, with the constraints of the task definition.

    Parameters
    ----------
    definition : TaskDefinition
        Whose constraints count too.
    asked : dict
        With ``placementConstraints`` and ``placementStrategy``.
    usual : sequence of dict
        The strategies when none is named.
    """
    constraints = (*definition.registered.get("placementConstraints", ()), *asked.get("placementConstraints", ()))
    return Rules(tuple(constraints), tuple(asked.get("placementStrategy") or usual))


def host_ports(region: Region, task: Task, container: Any, loopback: Mapping[int, int]) -> dict[int, int]:
    """The host port of each container port, for a task that shares the network of its instance.

    Parameters
    ----------
    region, task, container
        Whose ports they are.
    loopback : mapping of int to int
        Where the container ports really listen. A port that the agent hands out is the real one where it lies in the
        agent's range, and is free on the instance.
    """
    assert task.host is not None
    taken = {
        port
        for other in region.tasks.values()
        if other.host is not None and other.host.instance == task.host.instance and other.status != "STOPPED"
        for port, _protocol in taken_ports(other)
    }
    found: dict[int, int] = {}
    for mapping in container.definition.get("portMappings", ()):
        port, asked = mapping["containerPort"], mapping.get("hostPort") or 0
        if task.definition.network_mode == "host":
            asked = port
        real = loopback.get(port, 0)
        if not asked and real in DYNAMIC_PORTS and real not in taken:
            asked = real
        found[port] = asked or next(one for one in DYNAMIC_PORTS if one not in taken)
        taken.add(found[port])
    return found
