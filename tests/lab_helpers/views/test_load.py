from collections.abc import Iterator
from typing import Any

import pytest

from lab_helpers.load import Load
from lab_helpers.load.plan import plan
from lab_helpers.views.load import LoadView
from tests.lab_helpers.load.servers import OK, Server, always, serving, status
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(always(OK)) as one:
        yield one


@pytest.fixture
def load(server: Server) -> Iterator[Load]:
    one = Load(plan(server.url, 20, 60, 60.0), 60, 60.0)
    yield one
    one.stop()


@pytest.fixture
def view(load: Load) -> Iterator[LoadView]:
    one = LoadView(load)
    yield one
    one.close()


def test_it_moves_by_itself(view: LoadView) -> None:
    until(lambda: view.state["phase"] == "sending")
    until(lambda: view.state["share"] > 0 and view.state["chart"])
    assert view.state["passed"].endswith("of 60 AWS minutes")
    assert [name for name, _ in view.state["latencies"]] == ["p50", "p90", "p99", "longest"]


def test_the_page_changes_the_rate(view: LoadView, load: Load) -> None:
    view._handle_custom_msg({"rps": 35}, [])
    assert (load.rps, view.state["rps"], view.state["problem"]) == (35, 35, "")


@pytest.mark.parametrize("wrong", [0, -3, None, "x", 1e9])
def test_a_rate_that_makes_no_sense_is_told_in_the_page(view: LoadView, load: Load, wrong: Any) -> None:
    view._handle_custom_msg({"rps": wrong}, [])
    assert "rps" in view.state["problem"]
    assert load.rps == 20


def test_the_page_stops_it(view: LoadView, load: Load) -> None:
    view._handle_custom_msg({"stop": True}, [])
    until(lambda: view.state["phase"] == "stopped")
    assert (view.state["running"], view.state["share"]) == (False, 1.0)


def test_failures_are_named() -> None:
    with serving(always(status(502))) as server:
        load = Load(plan(server.url, 10, 0.5, 60.0), 0.5, 60.0)
        view = LoadView(load)
        load.wait()
        until(lambda: view.state["phase"] == "done")
        assert view.state["failures"] == [["502 Bad Gateway", "5"]]
        view.close()


def test_without_a_kernel_the_report_is_there(load: Load) -> None:
    until(lambda: load.report.answered)
    data, _metadata = load._repr_mimebundle_()
    assert data["text/plain"].startswith("Load: GET http://127.0.0.1")
    assert "<table>" in data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in data
    again, _metadata = load._repr_mimebundle_()
    assert again["application/vnd.jupyter.widget-view+json"] == data["application/vnd.jupyter.widget-view+json"]


def test_a_page_that_has_gone_does_not_stop_the_load(view: LoadView, load: Load) -> None:
    def broken() -> None:
        raise RuntimeError("closed")

    load.listen(broken)
    before = load.report.sent
    until(lambda: load.report.sent > before + 5)
    assert broken not in load._listeners
