"""Operations on auto scaling configurations: named, with revisions that never change."""

from typing import Any

from ..clock import Clock
from ..wire.call import Call
from . import tags
from .pages import listed
from .resources import Revision
from .revisions import delete, make, newest
from .store import SCALING, Region, Store, invalid

MOST_NAMES, MOST_REVISIONS = 10, 5
DEFAULTS = {"MaxConcurrency": 100, "MinSize": 1, "MaxSize": 25}
LARGEST = 25
WORDS = "AutoScalingConfiguration"


class ScalingOperations:
    """CreateAutoScalingConfiguration to UpdateDefaultAutoScalingConfiguration."""

    _store: Store
    _clock: Clock

    def create_auto_scaling_configuration(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Make the first or the next revision of a name."""
        region = self._store.region(call.region)
        values = {name: params.get(name, default) for name, default in DEFAULTS.items()}
        if values["MaxSize"] > LARGEST:
            raise invalid(f"MaxSize must be at most {LARGEST}.")
        if values["MinSize"] > values["MaxSize"]:
            raise invalid(f"MinSize ({values['MinSize']}) must not be greater than MaxSize ({values['MaxSize']}).")
        labels = tags.tag_dict(params.get("Tags"))
        name = params["AutoScalingConfigurationName"]
        made = make(region, SCALING, name, values, self._clock.now(), (MOST_NAMES, MOST_REVISIONS))
        made.tags = labels
        return {WORDS: _shown(region, made)}

    def describe_auto_scaling_configuration(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """One revision."""
        region = self._store.region(call.region)
        found = region.revision(SCALING, params["AutoScalingConfigurationArn"], WORDS, inactive=True)
        return {WORDS: _shown(region, found)}

    def list_auto_scaling_configurations(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """All active revisions, or the newest of each name."""
        region = self._store.region(call.region)
        name = params.get("AutoScalingConfigurationName")
        found = [one for one in region.of_kind(SCALING) if name in (None, one.name)]
        if params.get("LatestOnly"):
            found = newest(found)
        members = (
            f"{WORDS}Arn", f"{WORDS}Name", f"{WORDS}Revision", "Status", "CreatedAt", "HasAssociatedService",
            "IsDefault",
        )  # fmt: skip
        shown = [{name: _shown(region, one)[name] for name in members} for one in found]
        return listed(shown, params, "AutoScalingConfigurationSummaryList")

    def delete_auto_scaling_configuration(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Delete a revision, or all of its name; not while a service uses it."""
        region = self._store.region(call.region)
        arn = params["AutoScalingConfigurationArn"]
        every = bool(params.get("DeleteAllRevisions"))
        found = region.revision(SCALING, arn, WORDS)
        ending = [one for one in region.of_kind(SCALING) if one.name == found.name] if every else [found]
        for one in ending:
            if one.arn == region.default_scaling:
                raise invalid(f"The auto scaling configuration {one.arn} is the default one and cannot be deleted.")
            users = region.users_of(one.arn)
            if users:
                raise invalid(f"The auto scaling configuration {one.arn} is used by the service {users[0].name}.")
        delete(region, ending, self._clock.now())
        return {WORDS: _shown(region, found)}

    def list_services_for_auto_scaling_configuration(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The services that use a revision."""
        region = self._store.region(call.region)
        found = region.revision(SCALING, params["AutoScalingConfigurationArn"], WORDS)
        return listed([one.arn for one in region.users_of(found.arn)], params, "ServiceArnList")

    def update_default_auto_scaling_configuration(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Let new services that name none use this revision."""
        region = self._store.region(call.region)
        found = region.revision(SCALING, params["AutoScalingConfigurationArn"], WORDS)
        region.default_scaling = found.arn
        return {WORDS: _shown(region, found)}


def _shown(region: Region, one: Revision) -> dict[str, Any]:
    return {
        **one.describe(WORDS),
        "Latest": one.latest,
        "HasAssociatedService": bool(region.users_of(one.arn)),
        "IsDefault": one.arn == region.default_scaling,
    }
