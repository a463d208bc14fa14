"""CloudWatch as a part of the cloud."""

from ..core import Core
from . import topics
from .alarm_reconciler import Alarms
from .alarm_store import AlarmStore
from .api import CloudWatchApi
from .queues import QueueCollector
from .sampler import Sampler
from .store import MetricStore


class CloudWatch:
    """Metrics, alarms, and the thread that measures.

    Parameters
    ----------
    core : Core
        Where it plugs in; its alarms look after all that others have measured and before those act who are called.
    """

    def __init__(self, core: Core) -> None:
        self.metrics = MetricStore(core.clock)
        self.alarms = AlarmStore()
        self.sampler = Sampler(core.clock, self.metrics)
        self.evaluation = Alarms(
            core.clock, self.metrics, self.alarms, core.world.wake_at, lambda: self.sampler.measured
        )
        self.api = CloudWatchApi(core.clock, self.metrics, self.alarms, self.evaluation)
        self.evaluation.on_action(topics.TOPICS, topics.tell)
        self.sampler.add(QueueCollector(core.world.lock))
        core.world.add(self.evaluation)
        core.dispatcher.own("cloudwatch", self.api)
        core.on_start.append(self.sampler.start)
        core.on_reset += [self.metrics.clear, self.alarms.clear]
        core.on_close.append(self.sampler.close)
