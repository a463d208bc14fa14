"""Operations on Auto Scaling groups.

References
----------
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html
"""

import re
import uuid
from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..paging import page
from ..wire import Call, moto_instances
from .checks import check_settings, check_sizes, check_source, invalid, places
from .group import Group, Member, describe_tags, stamp
from .outside import Balancing
from .reconciler import Groups
from .store import GroupStore

NAME = re.compile(r"[^\x00-\x1f/\\:*?\"<>|]{1,255}")
KEPT = (
    "LaunchConfigurationName",
    "LaunchTemplate",
    "DefaultCooldown",
    "HealthCheckType",
    "HealthCheckGracePeriod",
    "VPCZoneIdentifier",
    "AvailabilityZones",
    "TerminationPolicies",
    "NewInstancesProtectedFromScaleIn",
    "CapacityRebalance",
    "MaxInstanceLifetime",
    "DefaultInstanceWarmup",
)


class GroupOperations:
    """Create, update, delete and describe groups."""

    _clock: Clock
    _store: GroupStore
    _groups: Groups
    _balancing: Balancing

    def create_auto_scaling_group(self, call: Call, params: dict[str, Any]) -> None:
        """Make a group; its instances come by and by."""
        region, name = self._store.region(call.region), params["AutoScalingGroupName"]
        if not NAME.fullmatch(name):
            raise invalid(f"The name {name!r} is not valid: use letters, digits and hyphens.")
        if name in region.groups:
            text = f"AutoScalingGroup by this name already exists - A group with the name {name} already exists"
            raise AwsError("AlreadyExists", text)
        least, most = params["MinSize"], params["MaxSize"]
        check_sizes(least, most, params.get("DesiredCapacity"))
        check_settings(params)
        check_source(call.region, params, region.configurations)
        subnets = places(call.region, params)
        target_groups = self._check_targets(call, params)
        now, desired = self._clock.now(), params.get("DesiredCapacity", least)
        arn = f"arn:aws:autoscaling:{call.region}:{call.account}:autoScalingGroup:{uuid.uuid4()}"
        made = Group(
            name,
            f"{arn}:autoScalingGroupName/{name}",
            call.region,
            _settings(call, params),
            least,
            most,
            0,
            tuple(sorted(subnets)),
            subnets,
            now,
            target_groups=target_groups,
        )
        made.want(desired, f"At {stamp(now)} a user request created an AutoScalingGroup")
        for tag in params.get("Tags") or ():
            made.tags[tag["Key"]] = tag.get("Value", ""), bool(tag.get("PropagateAtLaunch"))
        region.groups[name] = made

    def _check_targets(self, call: Call, params: dict[str, Any]) -> list[str]:
        sources = [one["Identifier"] for one in params.get("TrafficSources") or ()]
        found = [*(params.get("TargetGroupARNs") or ()), *sources]
        for arn in found:
            if not self._balancing.exists(call.region, arn):
                raise invalid(f"Provided Load Balancer Target Group(s) do not exist: {arn}")
        return found

    def update_auto_scaling_group(self, call: Call, params: dict[str, Any]) -> None:
        """Change a group; a desired number that falls outside the new bounds moves inside."""
        region = self._store.region(call.region)
        group = region.find(params["AutoScalingGroupName"])
        if group.deleting:
            raise AwsError("ScalingActivityInProgress", f"The group {group.name} is being deleted.")
        least, most = params.get("MinSize", group.least), params.get("MaxSize", group.most)
        check_sizes(least, most, params.get("DesiredCapacity"))
        check_settings(params)
        settings = {**group.settings, **_settings(call, params)}
        if params.get("LaunchTemplate"):
            settings.pop("LaunchConfigurationName", None)
        elif params.get("LaunchConfigurationName"):
            settings.pop("LaunchTemplate", None)
        if params.get("LaunchTemplate") or params.get("LaunchConfigurationName"):
            check_source(call.region, settings, region.configurations)
            group.retry_at, group.failures = 0.0, 0
        if params.get("VPCZoneIdentifier") or params.get("AvailabilityZones"):
            if not params.get("VPCZoneIdentifier"):
                settings.pop("VPCZoneIdentifier", None)
            if not params.get("AvailabilityZones"):
                settings.pop("AvailabilityZones", None)
            group.subnets = places(call.region, settings)
            group.zones = tuple(sorted(group.subnets))
        group.settings = settings
        self.resize(group, least, most, params.get("DesiredCapacity"), "a user request update")

    def resize(self, group: Group, least: int, most: int, desired: int | None, who: str) -> None:
        """Set a group's bounds and desired capacity, as `who` asks for it."""
        wanted = min(max(group.desired if desired is None else desired, least), most)
        group.least, group.most = least, most
        sizes = f"min: {least}, max: {most}, desired: {wanted}"
        group.want(wanted, f"At {stamp(self._clock.now())} {who} of AutoScalingGroup constraints to {sizes}")

    def set_desired_capacity(self, call: Call, params: dict[str, Any]) -> None:
        """Want another number of instances, between the bounds."""
        group = self._store.region(call.region).find(params["AutoScalingGroupName"])
        wanted, now = params["DesiredCapacity"], self._clock.now()
        side = "above max" if wanted > group.most else "below min" if wanted < group.least else ""
        if side:
            bound = group.most if side == "above max" else group.least
            raise invalid(f"New SetDesiredCapacity value {wanted} is {side} value {bound} for the AutoScalingGroup.")
        if params.get("HonorCooldown") and now < group.cooling_until:
            raise AwsError("ScalingActivityInProgress", "Scaling activity is in progress: the cooldown has not ended.")
        group.want(wanted, f"At {stamp(now)} a user request explicitly set group desired capacity")

    def delete_auto_scaling_group(self, call: Call, params: dict[str, Any]) -> None:
        """Delete a group; with instances only when it is forced, which terminates them."""
        region = self._store.region(call.region)
        group = region.find(params["AutoScalingGroupName"])
        if group.members and not params.get("ForceDelete"):
            if any(member.state.startswith("Terminating") for member in group.members.values()) and not group.counted:
                raise AwsError("ScalingActivityInProgress", "You cannot delete an AutoScalingGroup while there are "
                               "scaling activities in progress for that group.")  # fmt: skip
            raise AwsError(
                "ResourceInUse",
                "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) "
                "still in the group.",
            )
        for policy in [policy for policy in region.policies.values() if policy.group == group.name]:
            self._delete_policy(call, policy)
        for key in [key for key in region.scheduled if key[0] == group.name]:
            del region.scheduled[key]
        if not group.members:
            del region.groups[group.name]
            return
        now = self._clock.now()
        group.deleting, group.least, group.desired = True, 0, 0
        for member in group.members.values():
            if not member.state.startswith("Terminating"):
                cause = f"At {stamp(now)} a user request force deleted the AutoScalingGroup changing the desired "
                self._groups.terminate(region, group, member, f"{cause}capacity to 0.", now)

    def _delete_policy(self, call: Call, policy: Any) -> None:
        raise NotImplementedError

    def describe_auto_scaling_groups(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The groups by name or by their tags."""
        names, filters = params.get("AutoScalingGroupNames"), params.get("Filters") or ()
        groups = self._store.region(call.region).groups
        found = [
            group
            for group in groups.values()
            if (not names or group.name in names or group.arn in names) and all(_fits(group, one) for one in filters)
        ]
        shown, token = cut(found, params, 50, 100)
        return {"AutoScalingGroups": [group.describe() for group in shown], "NextToken": token}

    def describe_auto_scaling_instances(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The instances of all groups."""
        wanted = params.get("InstanceIds")
        found: list[tuple[Group, Member]] = [
            (group, member)
            for group in self._store.region(call.region).groups.values()
            for member in group.members.values()
            if not wanted or member.id in wanted
        ]
        shown, token = cut(found, params, 50, 50)
        described = [
            {
                **member.describe(),
                "AutoScalingGroupName": group.name,
                "HealthStatus": "HEALTHY" if member.healthy else "UNHEALTHY",
            }
            for group, member in shown
        ]
        return {"AutoScalingInstances": described, "NextToken": token}

    def describe_scaling_activities(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """What was done, newest first."""
        region, name = self._store.region(call.region), params.get("AutoScalingGroupName")
        if name:
            region.find(name)
        wanted = params.get("ActivityIds")
        found = [
            activity
            for group in region.groups.values()
            for activity in group.activities
            if name in (None, "", group.name, group.arn) and (not wanted or activity.id in wanted)
        ]
        found.sort(key=lambda one: -one.started)
        shown, token = cut(found, params, 100, 100)
        return {"Activities": [activity.describe() for activity in shown], "NextToken": token}

    # -- tags --------------------------------------------------------------------------------------------------------

    def create_or_update_tags(self, call: Call, params: dict[str, Any]) -> None:
        """Put tags on groups."""
        region = self._store.region(call.region)
        for tag in params["Tags"]:
            group = region.find(tag.get("ResourceId", ""))
            group.tags[tag["Key"]] = tag.get("Value", ""), bool(tag.get("PropagateAtLaunch"))

    def delete_tags(self, call: Call, params: dict[str, Any]) -> None:
        """Take tags from groups."""
        region = self._store.region(call.region)
        for tag in params["Tags"]:
            region.find(tag.get("ResourceId", "")).tags.pop(tag["Key"], None)

    def describe_tags(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The tags of all groups."""
        members = {"auto-scaling-group": "ResourceId", "key": "Key", "value": "Value"}
        found = []
        for group in self._store.region(call.region).groups.values():
            for tag in describe_tags(group.name, group.tags):
                chosen = all(
                    str(tag[members.get(one["Name"], "PropagateAtLaunch")]).lower()
                    in [value.lower() for value in one["Values"]]
                    for one in params.get("Filters") or ()
                )
                found += [tag] if chosen else []
        shown, token = cut(found, params, 50, 100)
        return {"Tags": shown, "NextToken": token}


def cut(found: list[Any], params: dict[str, Any], usual: int, most: int) -> tuple[list[Any], str | None]:
    """The page that was asked for."""
    size = params.get("MaxRecords") or usual
    if not 1 <= size <= most:
        raise invalid(f"MaxRecords must be between 1 and {most}.")
    return page(found, params.get("NextToken"), size, "InvalidNextToken")


def _settings(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    found = {key: params[key] for key in KEPT if params.get(key) is not None}
    reference = found.get("LaunchTemplate")
    if reference:
        template = moto_instances.template(call.region, reference)
        version = reference.get("Version") or "$Default"
        found["LaunchTemplate"] = {
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "Version": version,
        }
    return found


def _fits(group: Group, asked: dict[str, Any]) -> bool:
    name, values = asked.get("Name", ""), asked.get("Values") or ()
    if name == "tag-key":
        return any(key in values for key in group.tags)
    if name == "tag-value":
        return any(value in values for value, _propagate in group.tags.values())
    if name.startswith("tag:"):
        return group.tags.get(name.removeprefix("tag:"), (None, False))[0] in values
    raise invalid(f"The filter {name} is not valid. Use tag-key, tag-value or tag:KEY.")
