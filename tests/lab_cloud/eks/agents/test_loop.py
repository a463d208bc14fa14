"""The thread on which agents think."""

import threading

from lab_cloud.eks.agents.loop import Loop
from tests.waiting import until


def test_jobs_are_done_in_their_order_and_later_ones_later() -> None:
    loop = Loop("test-loop")
    done: list[str] = []
    loop.later(0.05, lambda: done.append("later"))
    loop.post(lambda: done.append("one"))
    loop.post(lambda: done.append(str(1 // 0)))  # a bug ends nothing
    loop.post(lambda: done.append("two"))
    loop.work(lambda: loop.post(lambda: done.append(threading.current_thread().name)))
    until(lambda: len(done) == 4)
    assert done[:2] == ["one", "two"]
    assert set(done[2:]) == {"later", "test-loop"}
    loop.close()
    loop.post(lambda: done.append("too late"))
    assert len(done) == 4
