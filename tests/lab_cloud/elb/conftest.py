import asyncio
from collections.abc import Iterator

import pytest

from .small_cloud import cloud
from .stage import Stage

try:
    import uvloop
except ImportError:  # Windows has none
    LOOPS = ["asyncio"]
else:
    LOOPS = ["asyncio", "uvloop"]

__all__ = ["cloud", "stage"]


@pytest.fixture(params=LOOPS)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    loop = asyncio.new_event_loop() if request.param == "asyncio" else uvloop.new_event_loop()
    with Stage(loop) as made:
        yield made
