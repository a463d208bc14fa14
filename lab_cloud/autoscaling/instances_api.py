"""Operations on the instances of groups, and on processes and metrics.

References
----------
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_TerminateInstanceInAutoScalingGroup.html
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceHealth.html
"""

from typing import Any

from ..clock import Clock
from ..wire import Call, moto_instances
from .checks import invalid
from .group import IN_SERVICE, STANDBY, Group, Member, stamp
from .outside import Balancing
from .reconciler import Groups
from .store import GroupStore, Region

PROCESSES = (
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
)
METRICS = (
    "GroupMinSize",
    "GroupMaxSize",
    "GroupDesiredCapacity",
    "GroupInServiceInstances",
    "GroupPendingInstances",
    "GroupStandbyInstances",
    "GroupTerminatingInstances",
    "GroupTotalInstances",
)


class InstanceOperations:
    """Terminate, protect, detach and set aside instances; suspend processes; switch metrics on."""

    _clock: Clock
    _store: GroupStore
    _groups: Groups
    _balancing: Balancing

    def terminate_instance_in_auto_scaling_group(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Terminate an instance, with a replacement or without."""
        region, group, member = self._find(call, params["InstanceId"])
        now, before = self._clock.now(), len(group.counted)
        cause = f"At {stamp(now)} instance {member.id} was taken out of service in response to a user request"
        if params["ShouldDecrementDesiredCapacity"]:
            if group.desired - 1 < group.least:
                raise invalid(_below(group, "Terminating instance without replacement"))
            group.desired -= 1
            cause += f", shrinking the capacity from {before} to {before - 1}"
        group.why = ""
        self._groups.terminate(region, group, member, f"{cause}.", now)
        activity = group.underway(member.id)
        assert activity is not None
        return {"Activity": activity.describe()}

    def set_instance_health(self, call: Call, params: dict[str, Any]) -> None:
        """Say that an instance is unhealthy, so that it is replaced."""
        _region, group, member = self._find(call, params["InstanceId"])
        status = params["HealthStatus"].capitalize()
        if status not in ("Healthy", "Unhealthy"):
            raise invalid("The HealthStatus must be Healthy or Unhealthy.")
        now = self._clock.now()
        patient = now - (member.served_since or now) < self._clock.real(group.settings.get("HealthCheckGracePeriod", 0))
        if status == "Unhealthy" and params.get("ShouldRespectGracePeriod", True) and patient:
            return
        member.healthy = status == "Healthy"
        group.leaving[member.id] = "an instance was taken out of service in response to a user health-check."

    def set_instance_protection(self, call: Call, params: dict[str, Any]) -> None:
        """Protect instances from scale-in, or no longer."""
        group = self._store.region(call.region).find(params["AutoScalingGroupName"])
        for member in _members(group, params["InstanceIds"]):
            member.protected = params["ProtectedFromScaleIn"]

    def detach_instances(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Let instances go without terminating them."""
        group = self._store.region(call.region).find(params["AutoScalingGroupName"])
        members, now = _members(group, params.get("InstanceIds") or ()), self._clock.now()
        self._shrink(group, len(members), params["ShouldDecrementDesiredCapacity"], "Detaching instances")
        done = []
        for member in members:
            cause = f"At {stamp(now)} instance {member.id} was detached in response to a user request."
            activity = group.begin(f"Detaching EC2 instance: {member.id}", cause, now, member)
            activity.end("Successful", now)
            del group.members[member.id]
            self._leave(call, group, member)
            moto_instances.tag(call.region, member.id, "aws:autoscaling:groupName", "")
            done.append(activity.describe())
        return {"Activities": done}

    def attach_instances(self, call: Call, params: dict[str, Any]) -> None:
        """Take in instances that run already; the desired capacity grows with them."""
        region = self._store.region(call.region)
        group, now = region.find(params["AutoScalingGroupName"]), self._clock.now()
        found = []
        for name in params.get("InstanceIds") or ():
            record = moto_instances.record(call.region, name)
            if record is None or record.state != "running":
                raise invalid(f"Invalid Instance ID(s) found: {name}. The instance must exist and be running.")
            if region.group_of(name) is not None:
                raise invalid(f"Instance {name} is already part of an Auto Scaling group.")
            if record.zone not in group.zones:
                raise invalid(f"Instance {name} is in {record.zone}, which is not a zone of the group.")
            found.append(record)
        if group.desired + len(found) > group.most:
            raise invalid(
                f"AttachInstances can not be called since the desired capacity {group.desired + len(found)} would be "
                f"greater than the max size {group.most}."
            )
        for record in found:
            member = Member(record.id, record.type, record.zone, record.image, record.launched)
            member.enter(IN_SERVICE, now)
            group.members[member.id] = member
            group.desired += 1
            moto_instances.tag(call.region, record.id, "aws:autoscaling:groupName", group.name)
            cause = f"At {stamp(now)} an instance was attached in response to a user request."
            group.begin(f"Attaching an existing EC2 instance: {record.id}", cause, now, member).end("Successful", now)
            for arn in group.target_groups:
                self._balancing.register(call.region, arn, member.id, member.zone)

    def enter_standby(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Set instances aside: they stay in the group, and do not count."""
        group = self._store.region(call.region).find(params["AutoScalingGroupName"])
        members, now = _members(group, params.get("InstanceIds") or ()), self._clock.now()
        for member in members:
            if member.state != IN_SERVICE:
                raise invalid(f"The instance {member.id} is not in InService.")
        self._shrink(group, len(members), params["ShouldDecrementDesiredCapacity"], "Entering standby")
        done = []
        for member in members:
            member.enter(STANDBY, now)
            self._leave(call, group, member)
            cause = f"At {stamp(now)} instance {member.id} was moved to standby in response to a user request."
            activity = group.begin(f"Moving EC2 instance to Standby: {member.id}", cause, now, member)
            activity.end("Successful", now)
            done.append(activity.describe())
        return {"Activities": done}

    def exit_standby(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Put instances back into service; the desired capacity grows with them."""
        group = self._store.region(call.region).find(params["AutoScalingGroupName"])
        members, now = _members(group, params.get("InstanceIds") or ()), self._clock.now()
        if group.desired + len(members) > group.most:
            raise invalid(f"The desired capacity would be greater than the max size {group.most}.")
        done = []
        for member in members:
            if member.state != STANDBY:
                raise invalid(f"The instance {member.id} is not in Standby.")
            member.enter(IN_SERVICE, now)
            group.desired += 1
            for arn in group.target_groups:
                self._balancing.register(call.region, arn, member.id, member.zone)
            cause = f"At {stamp(now)} instance {member.id} was moved out of standby in response to a user request."
            activity = group.begin(f"Moving EC2 instance out of Standby: {member.id}", cause, now, member)
            activity.end("Successful", now)
            done.append(activity.describe())
        return {"Activities": done}

    def _leave(self, call: Call, group: Group, member: Member) -> None:
        for arn in group.target_groups:
            self._balancing.deregister(call.region, arn, member.id)

    def _shrink(self, group: Group, count: int, shrinks: bool, what: str) -> None:
        if not shrinks:
            return
        if group.desired - count < group.least:
            raise invalid(_below(group, what))
        group.desired -= count

    def _find(self, call: Call, instance: str) -> tuple[Region, Group, Member]:
        region = self._store.region(call.region)
        group = region.group_of(instance)
        if group is None:
            raise invalid(f"Instance Id not found - No managed instance found for instance ID: {instance}")
        return region, group, group.members[instance]

    # -- processes and metrics ---------------------------------------------------------------------------------------

    def suspend_processes(self, call: Call, params: dict[str, Any]) -> None:
        """Suspend some processes of a group, or all of them."""
        group = self._store.region(call.region).find(params["AutoScalingGroupName"])
        why = f"User suspended at {stamp(self._clock.now())}"
        group.suspended |= dict.fromkeys(_processes(params), why)

    def resume_processes(self, call: Call, params: dict[str, Any]) -> None:
        """Resume some processes, or all of them."""
        group = self._store.region(call.region).find(params["AutoScalingGroupName"])
        for name in _processes(params):
            group.suspended.pop(name, None)

    def enable_metrics_collection(self, call: Call, params: dict[str, Any]) -> None:
        """Report metrics of the group once a minute."""
        group = self._store.region(call.region).find(params["AutoScalingGroupName"])
        if params["Granularity"] != "1Minute":
            raise invalid("The only valid Granularity is 1Minute.")
        group.enabled_metrics |= _metrics(params)

    def disable_metrics_collection(self, call: Call, params: dict[str, Any]) -> None:
        """Report them no longer."""
        group = self._store.region(call.region).find(params["AutoScalingGroupName"])
        group.enabled_metrics -= _metrics(params)


def _members(group: Group, names: Any) -> list[Member]:
    unknown = [name for name in names if name not in group.members]
    if unknown:
        raise invalid(f"The instance {unknown[0]} is not part of Auto Scaling group {group.name}.")
    return [group.members[name] for name in names]


def _below(group: Group, what: str) -> str:
    return (
        f"Currently, desiredSize equals minSize ({group.least}). {what} will violate group's min size constraint. "
        "Either set shouldDecrementDesiredCapacity flag to false or lower group's min size."
    )


def _processes(params: dict[str, Any]) -> list[str]:
    names = params.get("ScalingProcesses") or list(PROCESSES)
    unknown = [name for name in names if name not in PROCESSES]
    if unknown:
        raise invalid(f"{unknown[0]} is not a valid process. Use one of {', '.join(PROCESSES)}.")
    return list(names)


def _metrics(params: dict[str, Any]) -> set[str]:
    names = params.get("Metrics") or list(METRICS)
    unknown = [name for name in names if name not in METRICS]
    if unknown:
        raise invalid(f"{unknown[0]} is not a metric of the embedded cloud. Use one of {', '.join(METRICS)}.")
    return set(names)
