"""Amazon EC2 Auto Scaling, as its clients see it."""

from ..clock import Clock
from ..cloudwatch.alarm_store import AlarmStore
from .acting import Acting
from .configurations_api import ConfigurationOperations
from .groups_api import GroupOperations
from .instances_api import InstanceOperations
from .outside import Balancing, Watch
from .policies_api import PolicyOperations
from .reconciler import Groups
from .refused import REFUSED
from .schedules_api import ScheduleOperations
from .store import GroupStore
from .targets_api import TargetOperations


class AutoScalingApi(
    PolicyOperations,
    ScheduleOperations,
    GroupOperations,
    InstanceOperations,
    TargetOperations,
    ConfigurationOperations,
):
    """All operations of EC2 Auto Scaling that the embedded cloud has.

    Parameters
    ----------
    clock : Clock
        The time and the lab calendar.
    store : GroupStore
        Groups and policies.
    groups : Groups
        What keeps groups as they should be.
    acting : Acting
        What carries policies out.
    balancing : Balancing
        Where instances are registered as targets.
    alarms, watch
        CloudWatch's alarms, and what makes them.
    """

    refused = REFUSED

    def __init__(
        self,
        clock: Clock,
        store: GroupStore,
        groups: Groups,
        acting: Acting,
        balancing: Balancing,
        alarms: AlarmStore,
        watch: Watch,
    ) -> None:
        self._clock = clock
        self._store = store
        self._groups = groups
        self._acting = acting
        self._balancing = balancing
        self._alarms = alarms
        self._watch = watch
