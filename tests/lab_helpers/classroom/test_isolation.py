"""Learners who share a machine: each has a port, a key and a folder, and none gets in at a neighbour's."""

import os
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.stage import ONCE, Place, RunningCloud
from tests.waiting import until

NAMES = ("an", "binh", "chi")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, RunningCloud]]:
    """The clouds of three learners, with a limit for what all their containers hold together."""
    hall = tmp_path_factory.mktemp("hall")
    clouds = {name: RunningCloud(hall / name / ".lab", LAB_MEMORY_MB="300", LAB_LEARNER=name) for name in NAMES}
    for cloud in clouds.values():
        cloud.command("up")
    yield clouds
    for cloud in clouds.values():
        cloud.command("down")


def knocking(at: RunningCloud, access: str, secret: str, service: str = "ecs") -> Any:
    """A client that comes to a cloud with some keys."""
    return boto3.client(
        service, endpoint_url=at.endpoint, config=ONCE, region_name="us-east-1",
        aws_access_key_id=access, aws_secret_access_key=secret,
    )  # fmt: skip


def test_port_key_process_and_folder_are_ones_own(shared: dict[str, RunningCloud]) -> None:
    for part in ("pid", "port", "access_key", "secret_key"):
        assert len({cloud.state[part] for cloud in shared.values()}) == len(NAMES), part
    assert len({cloud.home for cloud in shared.values()}) == len(NAMES)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_nobody_else_reads_the_folder(shared: dict[str, RunningCloud]) -> None:
    for cloud in shared.values():
        assert stat.S_IMODE(cloud.home.stat().st_mode) == 0o700
        assert stat.S_IMODE((cloud.home / "cloud.json").stat().st_mode) == 0o600


def test_a_neighbours_key_is_refused(shared: dict[str, RunningCloud]) -> None:
    mine, theirs = shared["an"], shared["binh"]
    mine.client("ecs").create_cluster(clusterName="mine")
    pairs = [
        (theirs.state["access_key"], theirs.state["secret_key"], "UnrecognizedClientException"),
        (mine.state["access_key"], theirs.state["secret_key"], "InvalidSignatureException"),
    ]
    for access, secret, code in pairs:
        for call in ("list_clusters", "create_cluster"):
            with pytest.raises(ClientError) as caught:
                getattr(knocking(mine, access, secret), call)()
            assert caught.value.response["Error"]["Code"] == code
            assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)
    assert theirs.client("ecs").list_clusters()["clusterArns"] == []
    assert len(mine.client("ecs").list_clusters()["clusterArns"]) == 1


def test_without_a_key_there_is_nothing(shared: dict[str, RunningCloud]) -> None:
    for path in ("/", "/_lab/status", "/v2/"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(shared["an"].endpoint + path, timeout=10)
        assert caught.value.code in (400, 401, 403, 404)
        caught.value.close()


def test_who_takes_too_much_memory_ends_and_the_neighbour_does_not(shared: dict[str, RunningCloud]) -> None:
    mine, theirs = Place(shared["an"]), Place(shared["chi"])
    quiet = theirs.run(theirs.program("import time; time.sleep(600)"))["taskArn"]
    theirs.until_task(quiet, "RUNNING")
    # Each is within its own task's 512 MB, and together they are above the 300 MB of this learner.
    hold = mine.program("import time; held = b'x' * 180_000_000; time.sleep(600)")
    tasks = [mine.run(hold)["taskArn"] for _ in range(2)]

    def killed() -> list[dict[str, Any]]:
        found = [mine.task(arn) for arn in tasks]
        return [one for one in found if one["lastStatus"] == "STOPPED"]

    first = until(killed, 30)[0]["containers"][0]
    assert first["exitCode"] == 137
    assert first["reason"].startswith("OutOfMemoryError: Container killed due to memory usage")
    assert "all containers here may hold 300 MB together: LAB_MEMORY_MB" in first["reason"]
    assert theirs.task(quiet)["lastStatus"] == "RUNNING"
    left = [mine.task(arn)["lastStatus"] for arn in tasks]
    assert sorted(left) == ["RUNNING", "STOPPED"]  # one was enough


def test_a_limit_that_makes_no_sense_is_told_at_the_start(tmp_path: Path) -> None:
    said = RunningCloud(tmp_path / ".lab", LAB_MEMORY_MB="much").command("up", code=1).stderr
    assert "LAB_MEMORY_MB is 'much'" in said
