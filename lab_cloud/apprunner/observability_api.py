"""Operations on observability configurations: described and stored; the embedded cloud has no AWS X-Ray."""

from typing import Any

from ..clock import Clock
from ..wire.call import Call
from . import tags
from .pages import listed
from .resources import Revision
from .revisions import delete, make, newest
from .store import OBSERVABILITY, Store, invalid

MOST_NAMES, MOST_REVISIONS = 10, 10
WORDS = "ObservabilityConfiguration"


class ObservabilityOperations:
    """CreateObservabilityConfiguration to ListObservabilityConfigurations."""

    _store: Store
    _clock: Clock

    def create_observability_configuration(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Store the first or the next revision of a name."""
        region = self._store.region(call.region)
        trace = params.get("TraceConfiguration")
        labels = tags.tag_dict(params.get("Tags"))
        values = {"TraceConfiguration": trace} if trace else {}
        name = params["ObservabilityConfigurationName"]
        made = make(region, OBSERVABILITY, name, values, self._clock.now(), (MOST_NAMES, MOST_REVISIONS))
        made.tags = labels
        return {WORDS: _shown(made)}

    def describe_observability_configuration(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """One revision."""
        region = self._store.region(call.region)
        arn = params["ObservabilityConfigurationArn"]
        return {WORDS: _shown(region.revision(OBSERVABILITY, arn, WORDS, inactive=True))}

    def list_observability_configurations(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """All active revisions, or the newest of each name."""
        name = params.get("ObservabilityConfigurationName")
        found = [one for one in self._store.region(call.region).of_kind(OBSERVABILITY) if name in (None, one.name)]
        if params.get("LatestOnly"):
            found = newest(found)
        members = (f"{WORDS}Arn", f"{WORDS}Name", f"{WORDS}Revision")
        shown = [{name: _shown(one)[name] for name in members} for one in found]
        return listed(shown, params, "ObservabilityConfigurationSummaryList")

    def delete_observability_configuration(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Delete a revision that no service uses."""
        region = self._store.region(call.region)
        found = region.revision(OBSERVABILITY, params["ObservabilityConfigurationArn"], WORDS)
        for service in region.living():
            if (service.settings.observability or {}).get("ObservabilityConfigurationArn") == found.arn:
                raise invalid(f"The observability configuration {found.arn} is used by the service {service.name}.")
        delete(region, [found], self._clock.now())
        return {WORDS: _shown(found)}


def _shown(one: Revision) -> dict[str, Any]:
    return {**one.describe(WORDS), "Latest": one.latest}
