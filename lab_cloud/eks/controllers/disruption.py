"""The disruption controller: tells in the status of each PodDisruptionBudget what it allows now.

References
----------
https://kubernetes.io/docs/tasks/run-application/configure-pdb/
"""

import contextlib
from collections.abc import Mapping
from typing import Any

from ..kubernetes import disruption
from ..kubernetes.status import ApiError
from . import conditions
from .client import Client
from .watching import Seen


class Budgets:
    """The controller.

    Parameters
    ----------
    client : Client
        The cluster's API.
    """

    watches = ("poddisruptionbudgets", "pods", "replicasets")

    def __init__(self, client: Client) -> None:
        self._client = client

    def sync(self, seen: Seen, now: float) -> float | None:
        """Bring every budget's status to what is so."""
        budgets = seen.all("poddisruptionbudgets")
        pods = seen.all("pods") if budgets else []
        scales = {each["metadata"]["uid"]: int(each["spec"].get("replicas", 1)) for each in seen.all("replicasets")}
        for each in budgets:
            # gone or changed meanwhile: the watch tells, and the next look mends it
            with contextlib.suppress(ApiError):
                self._sync(each, disruption.status_of(each, disruption.selected(each, pods), scales), now)
        return None

    def _sync(self, budget: Mapping[str, Any], status: dict[str, Any], now: float) -> None:
        enough = status["disruptionsAllowed"] > 0
        reason = "SufficientPods" if enough else "InsufficientPods"
        listed = [conditions.condition("DisruptionAllowed", enough, reason, "")]
        timed = conditions.timed(budget, listed, now, "lastTransitionTime")
        wanted = {
            **status,
            "conditions": [{**each, "observedGeneration": status["observedGeneration"]} for each in timed],
        }
        if (budget.get("status") or {}) != wanted:
            metadata = budget["metadata"]
            own = f"/apis/policy/v1/namespaces/{metadata['namespace']}/poddisruptionbudgets/{metadata['name']}"
            self._client.merge(f"{own}/status", {"status": wanted})
