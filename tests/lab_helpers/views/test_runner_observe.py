"""The observer reads a real App Runner service: what the chart says is what was measured."""

import urllib.request
import xml.etree.ElementTree as ET

import pytest

from lab_helpers import Lab
from lab_helpers.views.runner_observe import RunnerObserver, _counts
from lab_helpers.views.scaling_chart import chart
from lab_helpers.views.scaling_state import Count, in_words
from tests.lab_helpers.test_kinds_apprunner import SOURCE
from tests.waiting import until


@pytest.fixture
def lab(cloud: object) -> Lab:
    lab = Lab(2)
    lab.start()
    return lab


def observer(lab: Lab) -> RunnerObserver:
    return RunnerObserver({name: lab.client(name) for name in ("apprunner", "cloudwatch")}, "DemoHTTP", 60.0)


def test_a_service_is_read_from_its_creation_to_its_pause(lab: Lab) -> None:
    eye = observer(lab)
    assert eye.read().status == "MISSING"
    client = lab.client("apprunner")
    arn = client.create_service(ServiceName="DemoHTTP", SourceConfiguration=SOURCE)["Service"]["ServiceArn"]
    until(lambda: eye.read().doing == "running")
    url = lab.url("DemoHTTP")

    def active() -> bool:
        with urllib.request.urlopen(url, timeout=5) as answer:
            answer.read()
        return eye.read().running == 1

    until(active)
    seen = eye.read()
    assert (seen.least, seen.most, seen.phase, seen.unit) == (1, 25, "running", "instances")
    (metric,) = seen.metrics
    assert (metric.aim, metric.by) == (100, "DefaultConfiguration:1")
    assert metric.points
    assert [(one.what, one.status) for one in seen.happenings] == [("Create the service.", "SUCCEEDED")]
    assert "active, between 1 and 25, running" in in_words(seen)
    ET.fromstring(chart(seen, 45.0))
    client.pause_service(ServiceArn=arn)
    until(lambda: eye.read().phase == "paused")
    assert "paused" in in_words(eye.read())
    lab.teardown()


def test_only_changes_are_steps() -> None:
    active = ((1.0, 1.0), (2.0, 1.0), (3.0, 3.0), (4.0, 3.0), (5.0, 3.0))
    assert list(_counts(active)) == [Count(1.0, 1, 1), Count(3.0, 3, 3), Count(5.0, 3, 3)]
    assert list(_counts(())) == []


def test_the_chart_of_one_name_is_that_of_a_service(lab: Lab) -> None:
    view = lab.chart("Nothing")
    try:
        assert view.state["status"] == "MISSING"
        assert view.state["happenings"] == "Operations"
    finally:
        view.close()
