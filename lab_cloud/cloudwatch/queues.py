"""What SQS reports to CloudWatch: how many messages wait in each queue.

References
----------
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

import threading

from ..wire import moto_topics
from .metric import MetricId
from .sampler import Slices


class QueueCollector:
    """Measures the queues.

    Parameters
    ----------
    lock : lock
        The world's; held while the messages are counted.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock

    def collect(self, into: Slices) -> None:
        """Put how full each queue is."""
        with self._lock:
            found = moto_topics.queues()
        for queue in found:
            dimensions = {"QueueName": queue.name}
            for name, value, unit in (
                ("ApproximateNumberOfMessagesVisible", queue.visible, "Count"),
                ("ApproximateNumberOfMessagesNotVisible", queue.in_flight, "Count"),
                ("ApproximateNumberOfMessagesDelayed", queue.delayed, "Count"),
                ("ApproximateAgeOfOldestMessage", queue.oldest, "Seconds"),
            ):
                into.gauge(queue.region, MetricId.of("AWS/SQS", name, dimensions), [float(value)], unit)
