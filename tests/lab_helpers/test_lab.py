import os
import signal
from pathlib import Path

import pytest

from lab_helpers import Lab, cloud, expect_error, home
from lab_helpers.address import Url
from lab_helpers.errors import BackendError, CleanupFailed, CloudUnavailable, LoadRefused, NotFound, NotReached
from lab_helpers.inventory import Tags
from tests.lab_helpers.load.servers import OK, always, serving
from tests.lab_helpers.test_home import write
from tests.waiting import until

CLUSTER = 'lab.client("ecs").create_cluster(clusterName="demo")'
RECIPE = (
    'lab.client("ecs").register_task_definition(family="base", '
    'containerDefinitions=[{"name": "web", "image": "nginx", "memory": 64}])'
)


@pytest.fixture
def small(cloud: Path, course: Path) -> Path:
    """A course of two labs, of which 03 needs 02, on a cloud that is up and empty of their things."""
    write(course, 2, [], CLUSTER, RECIPE)
    write(course, 3, [2], 'lab.client("ecs").create_cluster(clusterName="third")')
    Lab(3).teardown()
    (cloud / "progress.json").unlink(missing_ok=True)
    return course


def clusters(lab: Lab) -> list[str]:
    return sorted(arn.rsplit("/", 1)[-1] for arn in lab.client("ecs").list_clusters()["clusterArns"])


def recipes(lab: Lab) -> list[str]:
    return [arn.rsplit("/", 1)[-1] for arn in lab.client("ecs").list_task_definitions()["taskDefinitionArns"]]


def build(lab: Lab) -> None:
    """What the learner does in the notebook."""
    for source in home.notebook(lab.number).build:
        exec(source, {"lab": lab})


# -- start ---------------------------------------------------------------------------------------------------------


def test_a_lab_brings_what_it_needs(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab(3)
    assert repr(lab) == "Lab 03: not started; run lab.start()"
    lab.start()
    assert clusters(lab) == ["demo"]
    assert capsys.readouterr().out.splitlines() == [
        "Lab 03 begins here, on the embedded cloud (AWS's own waiting is divided by 60;",
        "containers are plain processes, not isolated).",
        "Ready from the labs before: cluster demo, task definition base.",
    ]
    assert "embedded cloud" in lab._repr_html_()


def test_what_is_there_and_unchanged_is_not_made_again(small: Path) -> None:
    Lab(3).start()
    before = recipes(Lab(3))
    Lab(3).start()
    assert recipes(Lab(3)) == before


def test_what_is_gone_or_changed_is_made_again(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab(3)
    lab.start()
    build(lab)  # lab 03's own things stand on lab 02's
    lab.client("ecs").delete_cluster(cluster="demo")
    Lab(3).start()
    assert clusters(lab) == ["demo"]
    assert len(recipes(lab)) == 1


def test_a_lab_can_be_run_twice(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        lab = Lab(3)
        lab.start()
        build(lab)
        assert clusters(lab) == ["demo", "third"]
    assert capsys.readouterr().out.splitlines()[-1] == "Removed from an earlier run: cluster third."


def test_starting_an_earlier_lab_takes_away_what_stands_on_it(small: Path) -> None:
    lab = Lab(3)
    lab.start()
    build(lab)
    first = Lab(2)
    first.start()
    assert clusters(first) == []
    assert recipes(first) == []


def test_things_carry_their_labs_number_and_the_learner(small: Path) -> None:
    lab = Lab(3)
    lab.start()
    build(lab)
    ecs = lab.client("ecs")
    found = ecs.describe_clusters(clusters=["demo", "third"], include=["TAGS"])["clusters"]
    tags = Tags(lab.progress.learner())
    assert {one["clusterName"]: tags.lab(one["tags"]) for one in found} == {"demo": 2, "third": 3}


# -- clean up ------------------------------------------------------------------------------------------------------


def test_teardown_deletes_by_tag_only(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(3)
    lab.start()
    build(lab)
    monkeypatch.setenv("LAB_LEARNER", "somebody-else")
    other = Lab(3)
    other.client("ecs").create_cluster(clusterName="theirs")
    monkeypatch.delenv("LAB_LEARNER")
    told = repr(lab.teardown(dry_run=True)).splitlines()
    assert told[-1].startswith("Nothing has been deleted")
    assert clusters(lab) == ["demo", "theirs", "third"]
    report = lab.teardown()
    assert clusters(lab) == ["theirs"]
    assert sorted(report.rows()) == [("cluster", "demo"), ("cluster", "third"), ("task definition", "base")]
    assert lab.teardown().rows() == []
    lab.client("ecs").delete_cluster(cluster="theirs")


def test_what_cannot_be_deleted_is_named(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(3)
    lab.start()
    monkeypatch.setattr("lab_helpers.cleanup.delete", lambda *_: None)
    with pytest.raises(CleanupFailed, match="cluster demo, task definition base"):
        lab.teardown()


# -- everything else -----------------------------------------------------------------------------------------------


def test_one_client_per_service_and_a_session(small: Path) -> None:
    lab = Lab(2)
    assert lab.client("sts") is lab.client("sts")
    lab.session.client("ecs").create_cluster(clusterName="by-session")
    assert [thing.name for thing in lab.teardown().things] == ["by-session"]


def test_waiting_by_service_name_by_client_and_for_a_condition(small: Path) -> None:
    lab = Lab(2)
    ecs = lab.client("ecs")
    ecs.create_cluster(clusterName="demo")
    with pytest.raises(NotReached, match="services_stable"):
        lab.wait("ecs", "services_stable", cluster="demo", services=["none"])
    with pytest.raises(NotReached, match="services_stable"):
        lab.wait(ecs, "services_stable", cluster="demo", services=["none"])
    lab.wait(lambda: clusters(lab), "a cluster")
    lab.teardown()


def test_an_address_that_is_not_there(small: Path) -> None:
    with pytest.raises(NotFound):
        Lab(3).url("nobody")


def test_a_spot_task_is_interrupted_on_demand(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab(3)
    lab.start()
    with pytest.raises(NotFound) as caught:
        lab.interrupt("0" * 32)
    assert "list_tasks" in caught.value.remedy
    ecs, ec2 = lab.client("ecs"), lab.client("ec2")
    ecs.put_cluster_capacity_providers(
        cluster="demo", capacityProviders=["FARGATE_SPOT"], defaultCapacityProviderStrategy=[]
    )
    ecs.register_task_definition(
        family="spot", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
        # Without a port of its own it would try to take port 80 of this machine, which may be taken.
        containerDefinitions=[
            {"name": "web", "image": "containers-on-aws/web:1", "portMappings": [{"containerPort": 80}]}
        ],
    )  # fmt: skip
    network = {"subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]], "assignPublicIp": "ENABLED"}
    task = ecs.run_task(
        cluster="demo", taskDefinition="spot", networkConfiguration={"awsvpcConfiguration": network},
        capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT"}],
    )["tasks"][0]["taskArn"]  # fmt: skip
    lab.interrupt(task)
    assert "Simulated Spot interruption" in capsys.readouterr().out
    lab.wait("ecs", "tasks_stopped", cluster="demo", tasks=[task])


def test_a_refusal_is_awss_own(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with expect_error("ClusterNotFoundException"):
        Lab(3).client("ecs").list_tasks(cluster="nowhere")
    assert capsys.readouterr().out == "AWS refused: ClusterNotFoundException: Cluster not found.\n"


def test_the_calendar_moves(small: Path) -> None:
    lab = Lab(3)
    first = lab.now()
    assert first.tzinfo is not None
    until(lambda: lab.now() > first)


def test_a_load_lasts_minutes_of_aws_and_ends_with_the_next_start(small: Path) -> None:
    lab = Lab(2)
    with serving(always(OK)) as server:
        with pytest.raises(BackendError) as caught:
            lab.load(server.url, rps=10, minutes=1)
        assert caught.value.remedy == "Run lab.start() first."
        lab.start()
        load = lab.load(Url(server.url), rps=10, minutes=1)
        assert load.wait().summary == "10 requests, 10 answered, 0 failed"
        with pytest.raises(LoadRefused, match="is not this machine"):
            lab.load("http://example.com/", rps=1, minutes=1)
        with pytest.raises(LoadRefused, match="no color"):
            lab.load(server.url, rps=1, minutes=1, color="red")
        long = lab.load(server.url, rps=10, minutes=600, headers={"X-Who": "me"})
        lab.start()
        assert long.report.state == "stopped"


def test_hints_grow_and_end(small: Path) -> None:
    lab = Lab(3)
    given = [len(lab.hint("03a").hints) for _ in range(lab.hint("03a").total + 1)]
    assert given == [*range(2, given[-1] + 1), given[-1], given[-1]][: len(given)]
    assert Lab(3).hint("03a").hints == lab.hint("03a").hints[:1]


def test_a_check_is_remembered(small: Path) -> None:
    lab = Lab(3)
    outcome = lab.check("03a")
    assert lab.progress.checks()["03a"]["outcome"] == outcome.kind


@pytest.mark.parametrize("ask", ["check", "hint", "solution"])
def test_an_exercise_that_is_not_there(small: Path, ask: str) -> None:
    with pytest.raises(NotFound, match="no exercise '99z'"):
        getattr(Lab(3), ask)("99z")


@pytest.mark.usefixtures("home")
def test_before_the_start_one_is_told_to_start() -> None:
    with pytest.raises(CloudUnavailable) as caught:
        Lab(3).client("ecs")
    assert caught.value.remedy == "Run lab.start() first."


@pytest.mark.usefixtures("home")
def test_a_lab_that_is_not_there() -> None:
    with pytest.raises(NotFound, match="no lab 99"):
        Lab(99).start()


def test_a_cloud_that_was_killed_is_brought_back(home: Path, course: Path) -> None:
    write(course, 2, [], CLUSTER)
    write(course, 3, [2])
    try:
        lab = Lab(3)
        lab.start()
        ecs = lab.client("ecs")
        os.kill(cloud.status()["pid"], signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
        until(lambda: not cloud.status()["running"])
        with pytest.raises(CloudUnavailable) as caught:
            ecs.list_clusters()
        assert caught.value.remedy == "Run lab.start() again, then the cells that make your clients."
        lab.start()
        assert clusters(lab) == ["demo"]
    finally:
        cloud._run("down")
