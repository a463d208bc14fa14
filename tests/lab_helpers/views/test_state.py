from dataclasses import replace

from lab_helpers.views.state import Cluster, Deployment, in_words
from tests.lab_helpers.views.pictures import cluster, service, task


def test_a_service_with_what_it_wants_is_steady() -> None:
    assert service(task(1), task(2)).phase == "steady"


def test_a_missing_task_makes_a_service_change() -> None:
    assert service(task(1), desired=2).phase == "changing"


def test_two_deployments_are_a_deployment() -> None:
    both = (
        Deployment("d2", "PRIMARY", "IN_PROGRESS", "hello:2", 1, 0),
        Deployment("d1", "ACTIVE", "COMPLETED", "hello:1", 1, 1),
    )
    assert service(task(1), deployments=both).phase == "deploying"


def test_a_failed_deployment_beside_another_is_a_rollback() -> None:
    both = (
        Deployment("d3", "PRIMARY", "IN_PROGRESS", "hello:1", 1, 1),
        Deployment("d2", "ACTIVE", "FAILED", "hello:2", 1, 0, failed=3),
    )
    assert service(task(1), deployments=both).phase == "rolling back"


def test_a_service_on_its_way_out_says_so() -> None:
    assert replace(service(task(1)), status="DRAINING").phase == "draining"


def test_the_words_name_everything_in_the_picture() -> None:
    words = in_words(cluster(service(task(1), task(2, "PENDING", None), desired=2)))
    assert "1 of 2 tasks running, changing" in words
    assert "DemoALB (HTTP 80) -> target group tg-hello: 1 healthy" in words
    assert "task of hello:1: RUNNING, target healthy" in words
    assert "task of hello:1: PENDING" in words


def test_the_words_for_a_cluster_that_is_not_there() -> None:
    assert in_words(Cluster("Nowhere", "MISSING", problem="There is no cluster of this name.")) == (
        "Cluster Nowhere: missing. There is no cluster of this name."
    )
