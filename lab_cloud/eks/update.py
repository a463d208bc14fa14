"""A change of a cluster, a node group or an add-on that takes its time."""

from dataclasses import dataclass, field
from typing import Any

from . import names


@dataclass
class Update:
    """A change that takes its time.

    Parameters
    ----------
    id, kind : str
        For example ``VersionUpdate``.
    params : dict
        What changes, by the API's names.
    created : float
        When.
    due : float
        When it is done.
    """

    id: str
    kind: str
    params: dict[str, str]
    created: float
    due: float
    status: str = "InProgress"
    errors: list[dict[str, Any]] = field(default_factory=list)
    version: str = ""
    begun: bool = False

    def describe(self) -> dict[str, Any]:
        """As DescribeUpdate shows it."""
        return {
            "id": self.id,
            "status": self.status,
            "type": self.kind,
            "params": [{"type": name, "value": value} for name, value in self.params.items()],
            "createdAt": names.moment(self.created),
            "errors": self.errors,
        }
