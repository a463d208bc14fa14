"""Wait for a condition with a deadline: the tests' only way to wait."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 4.0
"""How many times longer than on a calm machine a thing may take. It costs time only where the thing never comes."""


def until(probe: Callable[[], T], seconds: float = 10.0, every: float = 0.02) -> T:
    """Call `probe` until it answers something true, and return that.

    The deadline is meant for a calm machine and stretched for a busy one. What is waited for must be there to stay:
    a state that passes may come and go between two calls. An exception of the probe counts as "not yet" until the
    deadline, and is then raised.
    """
    seconds *= PATIENCE
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
            raise AssertionError(f"not true within {seconds:g} s; last answer: {answer!r}")
        time.sleep(every)
