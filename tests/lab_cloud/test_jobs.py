import threading
from collections.abc import Callable
from typing import Any

import pytest

from lab_cloud.errors import CloudError
from lab_cloud.jobs import Jobs
from tests.waiting import until


def test_lines_come_while_it_works() -> None:
    jobs, go_on = Jobs(), threading.Event()

    def work(say: Callable[[str], None]) -> dict[str, Any]:
        say("one")
        go_on.wait(10)
        say("two")
        return {"done": 1}

    job = jobs.start(work)["job"]
    until(lambda: jobs.look(job)["lines"] == ["one"])
    assert jobs.look(job, seen=1) == {"lines": []}
    go_on.set()
    assert until(lambda: "result" in jobs.look(job, 1) and jobs.look(job, 1)) == {
        "lines": ["two"],
        "result": {"done": 1},
        "error": None,
    }


def test_what_goes_wrong_is_told() -> None:
    jobs = Jobs()

    def refused(say: Callable[[str], None]) -> dict[str, Any]:
        raise CloudError("No.", "Try this.")

    def broken(say: Callable[[str], None]) -> dict[str, Any]:
        raise RuntimeError("oh")

    one, two = jobs.start(refused)["job"], jobs.start(broken)["job"]
    assert until(lambda: jobs.look(one).get("error")) == {"message": "No.", "remedy": "Try this."}
    assert "RuntimeError('oh')" in until(lambda: jobs.look(two).get("error"))["message"]


def test_an_unknown_job() -> None:
    with pytest.raises(CloudError, match="knows nothing"):
        Jobs().look(7)
