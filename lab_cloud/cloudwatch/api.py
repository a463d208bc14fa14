"""Amazon CloudWatch, as its clients see it."""

from ..clock import Clock
from .alarm_reconciler import Alarms
from .alarm_store import AlarmStore
from .alarms_api import AlarmOperations
from .metrics_api import MetricOperations
from .store import MetricStore


class CloudWatchApi(MetricOperations, AlarmOperations):
    """The operations on metrics and alarms; the others answer ``UnsupportedOperation``.

    Parameters
    ----------
    clock : Clock
        The time.
    metrics : MetricStore
        What has been measured.
    alarms : AlarmStore
        The alarms.
    reconciler : Alarms
        What evaluates them.
    """

    def __init__(self, clock: Clock, metrics: MetricStore, alarms: AlarmStore, reconciler: Alarms) -> None:
        self._clock = clock
        self._metrics = metrics
        self._alarms = alarms
        self._reconciler = reconciler
