"""Amazon CloudWatch, as its clients see it."""

from typing import ClassVar

from ..clock import Clock
from .alarm_reconciler import Alarms
from .alarm_store import AlarmStore
from .alarms_api import AlarmOperations
from .metrics_api import MetricOperations
from .store import MetricStore

NO_COMPOSITE = "Use one alarm on metric math, such as IF(m1 > 80 AND m2 > 80, 1, 0), instead of a composite alarm."
NO_DASHBOARD = "The labs draw their own charts: lab.chart(cluster, service)."


class CloudWatchApi(MetricOperations, AlarmOperations):
    """The operations on metrics and alarms; the others answer ``UnsupportedOperation``.

    `refused` says more about some of those.

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

    refused: ClassVar[dict[str, str]] = {
        "PutCompositeAlarm": NO_COMPOSITE,
        "PutAnomalyDetector": "Use a fixed threshold.",
        **dict.fromkeys(("PutDashboard", "GetDashboard", "ListDashboards", "DeleteDashboards"), NO_DASHBOARD),
        "GetMetricWidgetImage": NO_DASHBOARD,
    }

    def __init__(self, clock: Clock, metrics: MetricStore, alarms: AlarmStore, reconciler: Alarms) -> None:
        self._clock = clock
        self._metrics = metrics
        self._alarms = alarms
        self._reconciler = reconciler
