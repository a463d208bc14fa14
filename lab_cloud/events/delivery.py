"""Brings events to targets: each is called, tried again when that may help, and buried when nothing does.

References
----------
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html
"""

import heapq
import itertools
import logging
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ..world import World
from .outside import Failed, Order, Targets
from .retry import Policy, wait
from .trail import Trail

log = logging.getLogger(__name__)

BATCH = 100
"""Calls in one tick; the world's lock is let go in between."""
ATTEMPT = "<aws.scheduler.attempt-number>"
Count = Callable[[str], None]


@dataclass
class Delivery:
    """One event on its way to one target.

    Parameters
    ----------
    order : Order
        The call.
    path : str
        The trail's path that it belongs to.
    grave : str
        The ARN of the dead-letter queue; empty when there is none.
    words : dict
        Further attributes of a dead letter.
    count : callable
        Told of each thing that CloudWatch counts.
    began : float
        When the event came.
    """

    order: Order
    path: str
    policy: Policy
    grave: str
    words: dict[str, str]
    count: Count
    began: float
    name: str = ""
    retries: int = 0


@dataclass
class Deliveries:
    """The reconciler that calls targets.

    Parameters
    ----------
    world : World
        The lock and the time.
    targets : Targets
        What calls them.
    trail : Trail
        Where it is written down.
    """

    world: World
    targets: Targets
    trail: Trail
    _new: deque[Delivery] = field(default_factory=deque)
    _later: list[tuple[float, int, Delivery]] = field(default_factory=list)
    _numbers: Any = field(default_factory=itertools.count)

    def add(self, delivery: Delivery) -> None:
        """Call this one at the next tick, which comes at once."""
        self._new.append(delivery)
        self.world.wake()

    @property
    def waiting(self) -> int:
        """How many calls are not done yet."""
        return len(self._new) + len(self._later)

    def clear(self) -> None:
        """Forget all."""
        self._new.clear()
        self._later.clear()

    def tick(self, now: float) -> None:
        """Call the targets whose time has come."""
        while self._later and self._later[0][0] <= now:
            self._new.append(heapq.heappop(self._later)[2])
        for _ in range(min(BATCH, len(self._new))):
            self._try(self._new.popleft(), now)
        if self._new:
            self.world.wake()
        if self._later:
            self.world.wake_at(self._later[0][0])

    def _try(self, delivery: Delivery, now: float) -> None:
        delivery.count("RetryInvocationAttempts" if delivery.retries else "Invocations")
        told = {"rule": delivery.name, "target": delivery.order.arn}
        order = delivery.order
        if ATTEMPT in order.payload:
            order = replace(order, payload=order.payload.replace(ATTEMPT, str(delivery.retries + 1)))
        try:
            result = self.targets.call(order)
        except Failed as failed:
            self._failed(delivery, failed, now, told)
        except Exception as bug:  # one target's bug must not stop the others
            log.exception("a target could not be called")
            self._failed(delivery, Failed("INTERNAL_ERROR", f"{type(bug).__name__}: {bug}"), now, told)
        else:
            delivery.count("SuccessfulInvocationAttempts")
            self.trail.add(delivery.path, now, "target called", **told, **result)
            for task in result.get("tasks", ()):
                self.trail.follow(delivery.path, task)

    def _failed(self, delivery: Delivery, failed: Failed, now: float, told: dict[str, str]) -> None:
        about = {**told, "code": failed.code, "message": failed.message}
        age = (now - delivery.began) * self.world.clock.speed
        limit = delivery.policy.exhausted(delivery.retries, age) if failed.again else ""
        if failed.again and not limit:
            pause = self.world.clock.real(wait(delivery.retries, random.random()))  # noqa: S311 - no secret
            delivery.retries += 1
            heapq.heappush(self._later, (now + pause, next(self._numbers), delivery))
            self.trail.add(delivery.path, now, "tried again soon", **about, retries=delivery.retries)
            return
        delivery.count("FailedInvocations")
        self.trail.add(delivery.path, now, "target failed", **about, retries=delivery.retries)
        if delivery.grave:
            self._bury(delivery, failed, limit, now, told)

    def _bury(self, delivery: Delivery, failed: Failed, limit: str, now: float, told: dict[str, str]) -> None:
        attributes = {
            **delivery.words,
            "TARGET_ARN": delivery.order.arn,
            "ERROR_CODE": failed.code,
            "ERROR_MESSAGE": failed.message,
        }
        if failed.again:
            attributes |= {"EXHAUSTED_RETRY_CONDITION": limit, "RETRY_ATTEMPTS": str(delivery.retries)}
        try:
            self.targets.bury(delivery.order, delivery.grave, attributes)
        except Failed as lost:
            delivery.count("InvocationsFailedToBeSentToDlq")
            about = {**told, "queue": delivery.grave, "code": lost.code, "message": lost.message}
            self.trail.add(delivery.path, now, "dead letter lost", **about)
        else:
            delivery.count("InvocationsSentToDlq")
            self.trail.add(delivery.path, now, "dead letter kept", **told, queue=delivery.grave)
