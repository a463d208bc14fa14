"""Brings the instances of each group closer to what is wanted: observe, ask `decide`, apply.

Causes and descriptions of activities are in AWS's words:
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-verify-scaling-activity.html
"""

from collections.abc import Callable

from ..delays import Delays
from ..errors import AwsError
from ..wire import moto_instances
from ..wire.moto_instances import Record
from ..world import World
from .decide import UNHEALTHY, Decision, GroupView, MemberView, decide
from .group import COUNTED, IN_SERVICE, PENDING, TERMINATING, WAITING, Group, Member, stamp
from .launching import order_of, problem, resolve
from .outside import Balancing
from .store import GroupStore, Region

ENDED = ("shutting-down", "terminated", "stopping", "stopped")
RETRY_SECONDS = 60.0
"""AWS seconds before a launch that failed is tried again; doubled each time. AWS publishes no figure."""

ENDED_KEPT_SECONDS = 3600.0

Hook = Callable[[str, str, float], bool]
"""Given region, instance and the moment it began to terminate: whether it has to wait."""


class Groups:
    """The reconciler of Auto Scaling groups.

    Parameters
    ----------
    store : GroupStore
        The groups.
    world : World
        The lock and the time.
    delays : Delays
        How long instances take to start and to end.
    balancing : Balancing
        Where instances are registered as targets.
    """

    def __init__(self, store: GroupStore, world: World, delays: Delays, balancing: Balancing) -> None:
        self._store = store
        self._world = world
        self._delays = delays
        self._balancing = balancing
        self.hooks: list[Hook] = []

    def tick(self, now: float) -> None:
        """Look at every group once."""
        for region in self._store.regions.values():
            if not region.groups:
                continue
            moto_instances.forget_ended(region.name, now, ENDED_KEPT_SECONDS)
            records = {one.id: one for one in moto_instances.records(region.name)}
            for group in list(region.groups.values()):
                for member in list(group.members.values()):
                    self._move(region, group, member, records.get(member.id), now)
                self._follow(region, group, now)
                if group.deleting and not group.members:
                    del region.groups[group.name]

    # -- one instance ------------------------------------------------------------------------------------------------

    def _move(self, region: Region, group: Group, member: Member, record: Record | None, now: float) -> None:
        state = record.state if record is not None else "terminated"
        if member.state == PENDING and state not in ENDED:
            due = member.launched + self._delays.real("ec2.pending")
            if now >= due:
                moto_instances.set_state(region.name, member.id, "running")
                self._serve(region, group, member, now)
            else:
                self._world.wake_at(due)
        elif member.state in COUNTED and state in ENDED:
            self._notice_end(group, member, now)
        elif member.state == IN_SERVICE:
            self._check(region, group, member, now)
        elif member.state in (TERMINATING, WAITING):
            self._end(region, group, member, state, now)

    def _serve(self, region: Region, group: Group, member: Member, now: float) -> None:
        member.enter(IN_SERVICE, now)
        activity = group.underway(member.id)
        if activity is not None:
            activity.end("Successful", now)
        if "AddToLoadBalancer" not in group.suspended:
            for arn in group.target_groups:
                self._balancing.register(region.name, arn, member.id, member.zone)
        self._world.wake()

    def _notice_end(self, group: Group, member: Member, now: float) -> None:
        """An instance ended without the group's doing: its health check finds out a little later."""
        if "HealthCheck" in group.suspended or not member.healthy:
            return
        if member.told_unhealthy:
            due = member.entered + self._delays.real("autoscaling.health-check")
            if now >= due:
                member.healthy = False
                ended = "an EC2 health check indicating it has been terminated or stopped"
                group.leaving[member.id] = f"an instance was taken out of service in response to {ended}."
            else:
                self._world.wake_at(due)
        else:
            member.told_unhealthy, member.entered = True, now

    def _check(self, region: Region, group: Group, member: Member, now: float) -> None:
        patient = now - (member.served_since or now) < self._world.clock.real(
            group.settings.get("HealthCheckGracePeriod", 0)
        )
        if group.settings.get("HealthCheckType") != "ELB" or patient or "HealthCheck" in group.suspended:
            return
        bad = any(self._balancing.unhealthy(region.name, arn, member.id) for arn in group.target_groups)
        if bad and member.healthy:
            member.healthy = False
            why = "an ELB system health check failure."
            group.leaving[member.id] = f"an instance was taken out of service in response to {why}"

    def _end(self, region: Region, group: Group, member: Member, state: str, now: float) -> None:
        if member.state == TERMINATING and state not in ENDED:
            if not group.deleting and any(hook(region.name, member.id, member.entered) for hook in self.hooks):
                member.state = WAITING
                return
            moto_instances.set_state(region.name, member.id, "shutting-down")
            member.entered = now
        elif member.state == WAITING and state not in ENDED:
            if not group.deleting and any(hook(region.name, member.id, member.entered) for hook in self.hooks):
                return
            member.state = TERMINATING
            moto_instances.set_state(region.name, member.id, "shutting-down")
            member.entered = now
        due = member.entered + self._delays.real("ec2.shutting-down")
        if state != "terminated" and now < due:
            self._world.wake_at(due)
            return
        moto_instances.set_state(region.name, member.id, "terminated")
        activity = group.underway(member.id)
        if activity is not None:
            activity.end("Successful", now)
        del group.members[member.id]
        self._world.wake()

    # -- the group ---------------------------------------------------------------------------------------------------

    def _follow(self, region: Region, group: Group, now: float) -> None:
        decision = decide(view_of(group), now)
        for one in decision.terminate:
            self.terminate(region, group, group.members[one.id], self._why_gone(group, one.id, one.why, now), now)
        if decision.launch and now >= group.retry_at:
            self._launch(region, group, decision, now)
        elif decision.launch:
            self._world.wake_at(group.retry_at)

    def _why_gone(self, group: Group, instance: str, why: str, now: float) -> str:
        if why == UNHEALTHY:
            return f"At {stamp(now)} {group.leaving.get(instance, 'an instance was found unhealthy.')}"
        asked = f"{group.why}  " if group.why else ""
        before = len(group.counted)
        return (
            f"{asked}At {stamp(now)} an instance was taken out of service in response to a difference between desired "
            f"and actual capacity, shrinking the capacity from {before} to {before - 1}.  At {stamp(now)} instance "
            f"{instance} was selected for termination."
        )

    def terminate(self, region: Region, group: Group, member: Member, cause: str, now: float) -> None:
        """Begin to terminate an instance, and note the activity.

        Parameters
        ----------
        region, group, member
            Which one.
        cause : str
            As the activity shows it.
        now : float
            Epoch seconds.
        """
        started = group.underway(member.id)
        if started is not None:
            started.end("Cancelled", now)
        group.leaving.pop(member.id, None)
        group.begin(f"Terminating EC2 instance: {member.id}", cause, now, member)
        member.enter(TERMINATING, now)
        for arn in group.target_groups:
            self._balancing.deregister(region.name, arn, member.id)
        self._world.wake()

    def _launch(self, region: Region, group: Group, decision: Decision, now: float) -> None:
        before = len(group.counted)
        after = before + len(decision.launch)
        if decision.balancing:
            cause = (
                f"At {stamp(now)} instances were launched to balance instances in zones "
                f"{' '.join(group.zones)} with other zones resulting in more than desired number of instances in the "
                "group."
            )
        elif any(member.state in (TERMINATING, WAITING) and not member.healthy for member in group.members.values()):
            cause = f"At {stamp(now)} an instance was launched in response to an unhealthy instance needing to be "
            cause += "replaced."
        else:
            asked = f"{group.why}  " if group.why else ""
            cause = (
                f"{asked}At {stamp(now)} an instance was started in response to a difference between desired and "
                f"actual capacity, increasing the capacity from {before} to {after}."
            )
        for zone in decision.launch:
            why = self._launch_one(region, group, zone, cause, now)
            if why:
                failed = group.begin(f"Launching a new EC2 instance.  Status Reason: {why}", cause, now)
                failed.end("Failed", now, f"{why} Launching EC2 instance failed.")
                group.retry_at = now + self._world.clock.real(RETRY_SECONDS * 2.0 ** min(group.failures, 6))
                group.failures += 1
                return
        group.failures = 0
        self._world.wake()

    def _launch_one(self, region: Region, group: Group, zone: str, cause: str, now: float) -> str:
        """Launch one instance; returns why that failed, or an empty text."""
        tags = {key: value for key, (value, propagate) in group.tags.items() if propagate}
        tags |= {"aws:autoscaling:groupName": group.name}
        subnets = group.subnets[zone]
        subnet = subnets[len(group.activities) % len(subnets)]
        try:
            template = resolve(region.name, group.settings)
            name = group.settings.get("LaunchConfigurationName", "")
            data = template.data if template is not None else region.configurations.get(name)
            if data is None:
                return f"The launch configuration {name} does not exist."
            why = problem(region.name, data)
            if why:
                return why
            if template is not None:
                tags |= {
                    "aws:ec2launchtemplate:id": template.id,
                    "aws:ec2launchtemplate:version": str(template.version),
                }
            record = moto_instances.launch(region.name, order_of(data, subnet, tags))
        except AwsError as error:
            return error.message
        member = Member(record.id, record.type, record.zone, record.image, now, entered=now)
        member.protected = bool(group.settings.get("NewInstancesProtectedFromScaleIn"))
        if template is not None:
            chosen = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name}
            member.template = {**chosen, "Version": str(template.version)}
        else:
            member.configuration = name
        group.members[member.id] = member
        group.begin(f"Launching a new EC2 instance: {member.id}", cause, now, member)
        return ""


def view_of(group: Group) -> GroupView:
    """A group as `decide` sees it."""
    return GroupView(
        desired=group.desired,
        zones=group.zones,
        members=tuple(
            MemberView(
                id=member.id,
                zone=member.zone,
                launched=member.launched,
                pending=member.state == PENDING,
                healthy=member.healthy,
                protected=member.protected,
                version=int(member.template.get("Version", "0")),
                configured=bool(member.configuration),
            )
            for member in group.members.values()
            if member.state in COUNTED
        ),
        policies=tuple(group.settings.get("TerminationPolicies") or ("Default",)),
        suspended=frozenset(group.suspended),
    )
