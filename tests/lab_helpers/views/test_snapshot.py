from base64 import b64encode
from dataclasses import replace
from xml.etree import ElementTree

from lab_helpers.views.snapshot import Snapshot
from lab_helpers.views.state import Cluster
from tests.lab_helpers.views.pictures import cluster, service, task

NAMES = {"svg": "http://www.w3.org/2000/svg"}


def words(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iterfind(".//svg:text", NAMES)]


def test_it_is_one_well_formed_svg_that_describes_itself() -> None:
    root = ElementTree.fromstring(Snapshot(cluster(service(task(1)))).svg())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.findtext("svg:title", namespaces=NAMES) == "Cluster DemoCluster"
    assert "1 of 1 tasks running" in str(root.findtext("svg:desc", namespaces=NAMES))


def test_it_needs_no_script_style_or_other_file() -> None:
    svg = Snapshot(cluster(service(task(1)))).svg()
    assert not any(thing in svg for thing in ("<script", "<style", "href", "class="))


def test_it_draws_the_balancer_each_task_and_the_health_of_its_target() -> None:
    shown = words(Snapshot(cluster(service(task(1), task(2, health="unhealthy"), task(3, "PENDING", None)))).svg())
    assert {"DemoALB", "tg-hello", "HTTP 80", "1 of 2 targets healthy"} <= set(shown)
    assert {"✓ healthy", "! unhealthy", "no target yet"} <= set(shown)
    assert {"task 1", "task 2", "task 3"} <= set(shown)


def test_two_runs_of_a_lab_draw_the_same() -> None:
    first = service(task(1), task(2))
    other = service(task(101), task(102))
    again = replace(cluster(other), at=99.0)
    assert Snapshot(cluster(first)).svg() == Snapshot(again).svg()


def test_tasks_in_no_service_have_their_own_part() -> None:
    alone = replace(cluster(), tasks=(task(1, health=None),))
    assert "Tasks in no service" in words(Snapshot(alone).svg())


def test_an_empty_and_a_missing_cluster_are_said_in_words() -> None:
    assert "The cluster is empty." in words(Snapshot(cluster()).svg())
    assert "No such cluster." in words(Snapshot(Cluster("x", "MISSING", problem="No such cluster.")).svg())


def test_names_from_the_account_cannot_break_the_picture() -> None:
    svg = Snapshot(cluster(replace(service(task(1)), name="<script>&"))).svg()
    assert "<script>&" in words(svg)


def test_a_notebook_gets_the_picture_and_the_words() -> None:
    still = Snapshot(cluster(service(task(1))))
    bundle = still._repr_mimebundle_()
    assert b64encode(still.svg().encode()).decode() in bundle["text/html"]
    assert 'alt="Cluster DemoCluster; the same in words below"' in bundle["text/html"]
    assert "<pre>Cluster DemoCluster: 1 service(s)" in bundle["text/html"]
    assert set(bundle) == {"text/html", "text/plain"}
