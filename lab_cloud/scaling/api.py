"""Application Auto Scaling, as its clients see it."""

from collections.abc import Mapping

from ..clock import Clock
from ..cloudwatch.alarm_store import AlarmStore
from .outside import Scalable
from .policies_api import PolicyOperations, Watch
from .reconciler import Scaling
from .schedules_api import ScheduleOperations
from .store import ScalingStore
from .targets_api import TargetOperations


class ScalingApi(PolicyOperations, ScheduleOperations, TargetOperations):
    """All operations of Application Auto Scaling, for the desired count of ECS services.

    Parameters
    ----------
    clock : Clock
        The time and the lab calendar.
    store : ScalingStore
        Targets and policies.
    scaling : Scaling
        What carries scaling out.
    alarms : AlarmStore
        The alarms that call policies.
    watch : Watch
        CloudWatch, which makes the alarms of target tracking policies.
    services : mapping of str to Scalable
        Who scales the resources of a namespace.
    """

    def __init__(
        self,
        clock: Clock,
        store: ScalingStore,
        scaling: Scaling,
        alarms: AlarmStore,
        watch: Watch,
        services: Mapping[str, Scalable],
    ) -> None:
        self._clock = clock
        self._store = store
        self._scaling = scaling
        self._alarms = alarms
        self._watch = watch
        self._services = services
