"""Reads a cluster through the AWS APIs: the same calls you would make, put together into one picture."""

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from lab_helpers.views.state import Balancer, Cluster, Deployment, Event, Service, Target, Task

BALANCER_LIFETIME = 3.0  # seconds: names and listeners of load balancers change seldom, so they are read seldom
STOPPED_SHOWN = 3
EVENTS_SHOWN = 6
# The group's name says enough in a short list.
GROUP_ARN = re.compile(r"arn:[\w-]+:elasticloadbalancing:[^:]*:\d*:targetgroup/([\w-]+)/\w+")


class Observer:
    """Reads one cluster again and again.

    Parameters
    ----------
    ecs, elbv2
        boto3 clients.
    cluster
        Name of the cluster.

    Attributes
    ----------
    pace
        Seconds between two reads that suit this cloud.
    """

    def __init__(self, ecs: Any, elbv2: Any, cluster: str) -> None:
        self.cluster = cluster
        # A real account counts calls: there the picture is read as often as a console page is, not as often as a film.
        self.pace = 2.0 if "amazonaws.com" in ecs.meta.endpoint_url else 0.33
        self._ecs = ecs
        self._elbv2 = elbv2
        self._balancers: dict[str, tuple[float, tuple[str, str, tuple[str, ...], str]]] = {}
        self._known_hosts: dict[str, str] = {}

    def read(self) -> Cluster:
        """The cluster as it is now.

        Raises
        ------
        botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError
            When the cloud does not answer, or refuses. A cluster that does not exist is no error: it is MISSING.
        """
        found = self._ecs.describe_clusters(clusters=[self.cluster])["clusters"]
        if not found or found[0]["status"] == "INACTIVE":
            return Cluster(self.cluster, "MISSING", time.time(), problem="There is no cluster of this name.")
        running, stopped = self._tasks("RUNNING"), self._tasks("STOPPED")
        services = tuple(self._service(raw, running, stopped) for raw in self._services())
        return Cluster(
            name=self.cluster,
            status=found[0]["status"],
            at=time.time(),
            services=tuple(sorted(services, key=lambda service: service.name)),
            tasks=_of(running, ""),
            stopped=_latest(_of(stopped, "")),
        )

    def _services(self) -> Iterator[dict[str, Any]]:
        arns: list[str] = []
        for page in self._ecs.get_paginator("list_services").paginate(cluster=self.cluster):
            arns += page["serviceArns"]
        for some in _batches(arns, 10):
            yield from self._ecs.describe_services(cluster=self.cluster, services=some)["services"]

    def _tasks(self, desired: str) -> list[tuple[str, Task]]:
        """Pairs of service name ("" when it has none) and task, the oldest first."""
        arns: list[str] = []
        for page in self._ecs.get_paginator("list_tasks").paginate(cluster=self.cluster, desiredStatus=desired):
            arns += page["taskArns"]
        raw: list[dict[str, Any]] = []
        for some in _batches(arns, 100):
            raw += self._ecs.describe_tasks(cluster=self.cluster, tasks=some)["tasks"]
        raw.sort(key=lambda one: (_epoch(one.get("createdAt")), one["taskArn"]))
        hosts = self._hosts({one["containerInstanceArn"] for one in raw if one.get("containerInstanceArn")})
        return [(_service_of(one), _task(one, hosts)) for one in raw]

    def _hosts(self, arns: set[str]) -> Mapping[str, str]:
        """The EC2 instances behind container instances, by ARN; asked for once, since they never change."""
        for some in _batches(sorted(arns - set(self._known_hosts)), 100):
            answer = self._ecs.describe_container_instances(cluster=self.cluster, containerInstances=list(some))
            gone = {one["arn"]: "" for one in answer["failures"]}
            found = {one["containerInstanceArn"]: one["ec2InstanceId"] for one in answer["containerInstances"]}
            self._known_hosts |= gone | found
        return self._known_hosts

    def _service(
        self, raw: Mapping[str, Any], running: Sequence[tuple[str, Task]], stopped: Sequence[tuple[str, Task]]
    ) -> Service:
        balancers = tuple(
            balancer
            for entry in raw.get("loadBalancers", [])
            if "targetGroupArn" in entry and (balancer := self._balancer(entry["targetGroupArn"])) is not None
        )
        targets = [target for balancer in balancers for target in balancer.targets]
        # A task on its way down is asked to stop (desired STOPPED) before it has stopped: it still belongs here.
        alive = _of(running, raw["serviceName"])
        ended = _of(stopped, raw["serviceName"])
        leaving = tuple(task for task in ended if not task.ended)
        return Service(
            name=raw["serviceName"],
            status=raw["status"],
            revision=_short(raw.get("taskDefinition", "")),
            desired=raw["desiredCount"],
            running=raw["runningCount"],
            pending=raw["pendingCount"],
            tasks=tuple(_with_target(task, targets) for task in leaving + alive),
            stopped=_latest(tuple(task for task in ended if task.ended)),
            deployments=tuple(_deployment(one) for one in raw.get("deployments", [])),
            balancers=balancers,
            events=tuple(_event(one, raw["serviceName"]) for one in raw.get("events", [])[:EVENTS_SHOWN]),
        )

    def _balancer(self, group_arn: str) -> Balancer | None:
        kept = self._balancers.get(group_arn)
        if kept is None or time.monotonic() - kept[0] > BALANCER_LIFETIME:
            kept = (time.monotonic(), self._describe_balancer(group_arn))
            self._balancers[group_arn] = kept
        name, state, listeners, group = kept[1]
        if not group:
            return None
        answers = self._elbv2.describe_target_health(TargetGroupArn=group_arn)["TargetHealthDescriptions"]
        return Balancer(name, state, listeners, group, tuple(_target(one) for one in answers))

    def _describe_balancer(self, group_arn: str) -> tuple[str, str, tuple[str, ...], str]:
        """Name and state of the load balancer, its listeners that lead to this group, and the group's name."""
        groups = self._elbv2.describe_target_groups(TargetGroupArns=[group_arn])["TargetGroups"]
        if not groups:
            return ("", "", (), "")
        name = groups[0]["TargetGroupName"]
        if not groups[0]["LoadBalancerArns"]:
            return ("no load balancer", "", (), name)
        arn = groups[0]["LoadBalancerArns"][0]
        balancer = self._elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
        listeners = self._elbv2.describe_listeners(LoadBalancerArn=arn)["Listeners"]
        named = tuple(
            f"{one['Protocol']} {one['Port']}"
            for one in sorted(listeners, key=lambda one: one["Port"])
            if group_arn in str(one.get("DefaultActions")) or self._by_rule(one["ListenerArn"], group_arn)
        )
        return (balancer["LoadBalancerName"], balancer["State"]["Code"], named, name)

    def _by_rule(self, listener_arn: str, group_arn: str) -> bool:
        """Whether a rule of a listener leads to this group, as it does to services that share a load balancer."""
        rules = self._elbv2.describe_rules(ListenerArn=listener_arn)["Rules"]
        return any(group_arn in str(one["Actions"]) for one in rules)


def _batches(items: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _of(tasks: Iterable[tuple[str, Task]], service: str) -> tuple[Task, ...]:
    return tuple(task for owner, task in tasks if owner == service)


def _latest(tasks: Sequence[Task]) -> tuple[Task, ...]:
    return tuple(sorted(tasks, key=lambda task: -task.stopped)[:STOPPED_SHOWN])


def _short(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def _epoch(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


def _service_of(raw: Mapping[str, Any]) -> str:
    group = str(raw.get("group", ""))
    return group.removeprefix("service:") if group.startswith("service:") else ""


def _task(raw: Mapping[str, Any], hosts: Mapping[str, str]) -> Task:
    containers = raw.get("containers", [])
    bindings = [binding for one in containers for binding in one.get("networkBindings", [])]
    details = [detail for one in raw.get("attachments", []) for detail in one.get("details", [])]
    own = next((str(one["value"]) for one in details if one["name"] == "privateIPv4Address"), "")
    host = hosts.get(raw.get("containerInstanceArn") or "", "")
    reasons = [one["reason"] for one in containers if one.get("reason")]
    codes = [one["exitCode"] for one in containers if one.get("exitCode") is not None]
    reason = raw.get("stoppedReason", "")
    return Task(
        id=_short(raw["taskArn"]),
        status=raw["lastStatus"],
        revision=_short(raw["taskDefinitionArn"]),
        address=own or host,
        host_port=0 if own or not host else next((int(one["hostPort"]) for one in bindings if one.get("hostPort")), 0),
        health=raw.get("healthStatus", "UNKNOWN"),
        image=containers[0].get("image", "") if containers else "",
        started=_epoch(raw.get("startedAt")),
        stopped=_epoch(raw.get("stoppedAt")),
        stop_reason=reason if not reasons or reasons[0] in reason else f"{reason} ({reasons[0]})".strip(),
        exit_code=codes[0] if codes else None,
    )


def _with_target(task: Task, targets: Sequence[Target]) -> Task:
    """Several tasks can share the address of an EC2 instance; then the host port tells them apart."""
    fitting = (one for one in targets if one.address == task.address and task.host_port in (0, one.port))
    return replace(task, target=next(fitting, None))


def _target(raw: Mapping[str, Any]) -> Target:
    health = raw["TargetHealth"]
    return Target(
        address=raw["Target"]["Id"],
        port=raw["Target"].get("Port", 0),
        state=health["State"],
        reason=health.get("Reason", ""),
        description=health.get("Description", ""),
    )


def _deployment(raw: Mapping[str, Any]) -> Deployment:
    return Deployment(
        id=raw["id"],
        status=raw["status"],
        rollout=raw.get("rolloutState", ""),
        revision=_short(raw["taskDefinition"]),
        desired=raw["desiredCount"],
        running=raw["runningCount"],
        failed=raw.get("failedTasks", 0),
        reason=raw.get("rolloutStateReason", ""),
    )


def _event(raw: Mapping[str, Any], service: str) -> Event:
    # Every message begins with "(service NAME" although the list already belongs to one service.
    message = str(raw["message"])
    for start in (f"(service {service}) ", f"(service {service}, "):
        if message.startswith(start):
            message = message.removeprefix(start) if start.endswith(") ") else f"({message.removeprefix(start)}"
    message = GROUP_ARN.sub(r"\1", message)
    return Event(raw["id"], _epoch(raw.get("createdAt")), message)
