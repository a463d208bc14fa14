"""Wait for a condition with a deadline: the tests' only way to wait."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(probe: Callable[[], T], seconds: float = 10.0, every: float = 0.02) -> T:
    """Call `probe` until it answers something true, and return that.

    An exception of the probe counts as "not yet" until the deadline, and is then raised.
    """
    deadline = time.monotonic() + seconds
    while True:
        failure: Exception | None = None
        answer: T | None = None
        try:
            answer = probe()
        except Exception as error:
            failure = error
        if failure is None and answer:
            return answer
        if time.monotonic() > deadline:
            if failure is not None:
                raise failure
            raise AssertionError(f"not true within {seconds} s; last answer: {answer!r}")
        time.sleep(every)
