"""Amazon EFS, as its clients see it."""

from ..clock import Clock
from .points_api import PointOperations
from .settings_api import SettingOperations
from .store import EfsStore
from .systems_api import SystemOperations
from .tags import TagOperations
from .targets_api import TargetOperations


class EfsApi(SystemOperations, TargetOperations, PointOperations, SettingOperations, TagOperations):
    """All operations of EFS but replication.

    Parameters
    ----------
    store : EfsStore
        What EFS knows.
    clock : Clock
        The time.
    """

    refused = dict.fromkeys(
        (
            "CreateReplicationConfiguration",
            "DeleteReplicationConfiguration",
            "DescribeReplicationConfigurations",
        ),
        "File systems are not copied to other regions here.",
    )

    def __init__(self, store: EfsStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
