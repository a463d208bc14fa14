from dataclasses import replace

import pytest

from lab_helpers.load.report import Latency, Report, Slice, label, time

LATENCY = Latency(0.0021, 0.05, 0.5, 1.25)
PART = Slice(0.0, 0.25, 20.0, 5, 4, 1, LATENCY)
REPORT = Report(
    url="http://127.0.0.1:8080/<x>",
    method="GET",
    state="done",
    minutes=2.0,
    planned=2.0,
    speed=60.0,
    rates=(20.0, 40.0),
    sent=1200,
    answered=1190,
    failures=(("503", 8), ("timeout", 2)),
    unfinished=0,
    latency=LATENCY,
    slices=(PART, replace(PART, minute=0.25)),
)


def test_the_text() -> None:
    assert repr(REPORT).splitlines() == [
        "Load: GET http://127.0.0.1:8080/<x>",
        "  state     done",
        "  rate      20, then 40 requests a second",
        "  time      2 AWS minutes (2.0 s here)",
        "  sent      1,200",
        "  answered  1,190",
        "  failed    10 (0.83 %): 503 Service Unavailable: 8, timeout: 2",
        "  latency   p50 2.1 ms, p90 50 ms, p99 500 ms, longest 1.25 s",
    ]


def test_the_summary_holds_nothing_that_changes() -> None:
    assert REPORT.summary == "1,200 requests, 1,190 answered, 10 failed (503 Service Unavailable: 8, timeout: 2)"
    assert replace(REPORT, failures=(), answered=1).summary == "1,200 requests, 1 answered, 0 failed"


def test_the_html_is_safe_and_holds_a_chart() -> None:
    html = REPORT._repr_html_()
    assert "&lt;x&gt;" in html
    assert "<x>" not in html
    assert "<svg" in html
    assert "<script" not in html


def test_on_aws_minutes_are_minutes() -> None:
    assert replace(REPORT, speed=1.0, minutes=1.0).length() == "1 minute"


@pytest.mark.parametrize(("state", "span"), [("sending", 2.0), ("done", 2.0), ("stopped", 0.5), ("failed", 0.5)])
def test_a_chart_shows_what_there_is_to_see(state: str, span: float) -> None:
    assert replace(REPORT, state=state, minutes=0.5).span == span


def test_what_is_on_its_way_is_told() -> None:
    assert ("on their way", "3") in replace(REPORT, state="sending", unfinished=3).rows()
    assert ("not waited for", "3") in replace(REPORT, state="stopped", unfinished=3).rows()


def test_the_table() -> None:
    frame = REPORT.frame()
    assert frame["sent_per_second"].tolist() == [20, 20]
    assert frame["failed_per_second"].tolist() == [4, 4]
    assert frame["p50_ms"].tolist() == [2.1, 2.1]
    assert len(replace(REPORT, slices=()).frame()) == 0


@pytest.mark.parametrize(("kind", "words"), [("404", "404 Not Found"), ("599", "599"), ("timeout", "timeout")])
def test_kinds_have_names(kind: str, words: str) -> None:
    assert label(kind) == words


@pytest.mark.parametrize(("seconds", "words"), [(0.00012, "0.1 ms"), (0.0123, "12 ms"), (2.5, "2.50 s")])
def test_latencies_are_short(seconds: float, words: str) -> None:
    assert time(seconds) == words


def test_nothing_measured() -> None:
    assert str(Latency(0, 0, 0, 0)) == "none measured"
