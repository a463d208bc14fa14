"""Publish to moto's SNS topics, and look into moto's SQS queues.

Every function must be called under the world's lock. As long as nobody has used a service it has nothing: then nothing
is found, and nothing is loaded.
"""

import sys
import time
import uuid
from dataclasses import dataclass

from .call import ACCOUNT


@dataclass(frozen=True)
class Queue:
    """How full an SQS queue is.

    Parameters
    ----------
    visible, in_flight, delayed : int
        Messages that can be received, that somebody has received, and that wait for their delay.
    oldest : float
        Real seconds since the oldest message was sent; 0 when there is none.
    """

    region: str
    name: str
    visible: int
    in_flight: int
    delayed: int
    oldest: float


def queues() -> list[Queue]:
    """All queues of the account."""
    models = sys.modules.get("moto.sqs.models")
    if models is None:
        return []
    found = []
    for region, backend in models.sqs_backends[ACCOUNT].items():
        for name, queue in backend.queues.items():
            box = queue.__dict__.get("lab_box")
            oldest = box.oldest(time.time()) if box is not None else 0.0
            found.append(
                Queue(
                    region,
                    name,
                    queue.approximate_number_of_messages,
                    queue.approximate_number_of_messages_not_visible,
                    queue.approximate_number_of_messages_delayed,
                    oldest,
                )
            )
    return found


def publish(arn: str, subject: str, message: str) -> str:
    """Give a message to the queues that have subscribed to a topic.

    Parameters
    ----------
    arn : str
        The topic's ARN.
    subject, message : str
        What it says.

    Returns
    -------
    str
        Why that cannot be; empty when it is done. Subscriptions of other kinds (e-mail, HTTP) get nothing.
    """
    models = sys.modules.get("moto.sns.models")
    topic = None
    if models is not None:
        topic = models.sns_backends[ACCOUNT][arn.split(":")[3]].topics.get(arn)
    if topic is None:
        return f"There is no topic {arn}."
    subscriptions, _token = topic.sns_backend.list_subscriptions_by_topic(topic_arn=arn)
    identity = str(uuid.uuid4())
    for subscription in subscriptions:
        if subscription.protocol == "sqs":
            subscription.publish(message, identity, subject=subject)
    return ""
