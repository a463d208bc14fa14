"""Operations on groups of schedules, and their tags.

References
----------
https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateScheduleGroup.html
"""

from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..events.checks import invalid, key_value, tag_map
from ..paging import page
from ..wire import Call
from .store import DEFAULT, Group, Region, ScheduleStore, group_arn

PAGE = 100


class GroupOperations:
    """Create, get, list and delete groups; tag them."""

    _store: ScheduleStore
    _clock: Clock

    def _region(self, call: Call) -> Region:
        return self._store.region(call.region, self._clock.now())

    def create_schedule_group(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreateScheduleGroup."""
        region, name = self._region(call), params["Name"]
        if name in region.groups:
            raise AwsError("ConflictException", f"Schedule group {name} already exists.")
        now = self._clock.now()
        made = region.groups[name] = Group(name, group_arn(call.region, name), now, now, tag_map(params.get("Tags")))
        return {"ScheduleGroupArn": made.arn}

    def get_schedule_group(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """GetScheduleGroup."""
        return self._region(call).find(params["Name"]).describe()

    def list_schedule_groups(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListScheduleGroups."""
        prefix = params.get("NamePrefix") or ""
        groups = sorted(self._region(call).groups.items())
        found = [group.describe() for name, group in groups if name.startswith(prefix)]
        shown, token = page(found, params.get("NextToken"), params.get("MaxResults") or PAGE, "ValidationException")
        return {"ScheduleGroups": shown, "NextToken": token}

    def delete_schedule_group(self, call: Call, params: dict[str, Any]) -> None:
        """DeleteScheduleGroup, with its schedules."""
        region, name = self._region(call), params["Name"]
        region.find(name)
        if name == DEFAULT:
            raise invalid("The default schedule group cannot be deleted.")
        del region.groups[name]

    def list_tags_for_resource(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListTagsForResource of a group."""
        return {"Tags": key_value(self._tagged(call, params["ResourceArn"]).tags)}

    def tag_resource(self, call: Call, params: dict[str, Any]) -> None:
        """TagResource: groups have tags, schedules have none."""
        self._tagged(call, params["ResourceArn"]).tags |= tag_map(params["Tags"])

    def untag_resource(self, call: Call, params: dict[str, Any]) -> None:
        """UntagResource."""
        group = self._tagged(call, params["ResourceArn"])
        for key in params["TagKeys"]:
            group.tags.pop(key, None)

    def _tagged(self, call: Call, arn: str) -> Group:
        for group in self._region(call).groups.values():
            if group.arn == arn:
                return group
        raise AwsError("ResourceNotFoundException", f"Schedule group {arn.rpartition('/')[2]} does not exist.")
