"""The rules of mounting that no task can try: paths that lead out, and states that pass."""

import os
from pathlib import Path

import pytest

from lab_cloud.clock import Clock
from lab_cloud.efs.file_system import AccessPoint, FileSystem, MountTarget
from lab_cloud.efs.mounting import Client, Mounting
from lab_cloud.efs.store import EfsStore
from lab_cloud.errors import MountRefused
from lab_cloud.iam.authority import Authority

HERE = Client("the task", "us-east-1a", "vpc-1")


@pytest.fixture
def store(tmp_path: Path) -> EfsStore:
    made = EfsStore(tmp_path)
    region = made.region("us-east-1")
    region.systems["fs-1"] = FileSystem("fs-1", "us-east-1", "t", 0.0, state="available")
    region.targets["fsmt-1"] = MountTarget(
        "fsmt-1", "fs-1", "subnet-1", "vpc-1", "us-east-1a", "eni-1", "10.0.0.5", (), state="available"
    )
    made.place("us-east-1", "fs-1").mkdir(parents=True)
    return made


@pytest.fixture
def mounting(store: EfsStore) -> Mounting:
    return Mounting(store, Authority(Clock(60)))


def test_the_folder_of_a_file_system_and_what_is_below_it(store: EfsStore, mounting: Mounting) -> None:
    root = store.folder("us-east-1", "fs-1")
    assert root is not None
    assert mounting.mount("us-east-1", "fs-1", HERE).folder == root
    (root / "a" / "b").mkdir(parents=True)
    assert mounting.mount("us-east-1", "fs-1", HERE, path="/a/b/").folder == root / "a" / "b"
    assert mounting.mount("us-east-1", "fs-1", HERE, path="/a/../../a").folder == root / "a"
    assert store.folder("us-east-1", "fs-2") is None


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_link_does_not_lead_out(store: EfsStore, mounting: Mounting, tmp_path: Path) -> None:
    root = store.place("us-east-1", "fs-1")
    (root / "out").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(MountRefused, match="No such file or directory"):
        mounting.mount("us-east-1", "fs-1", HERE, path="/out")
    point = AccessPoint("fsap-1", "us-east-1", "fs-1", "t", "/out/new", state="available")
    point.creation = {"OwnerUid": 1, "OwnerGid": 1, "Permissions": "0755"}
    store.region("us-east-1").points["fsap-1"] = point
    with pytest.raises(MountRefused, match="No such file or directory"):
        mounting.mount("us-east-1", "fs-1", HERE, access_point="fsap-1")
    assert not (tmp_path / "new").exists()


def test_an_access_point_makes_its_folder_only_when_it_says_how(store: EfsStore, mounting: Mounting) -> None:
    points = store.region("us-east-1").points
    points["fsap-1"] = AccessPoint("fsap-1", "us-east-1", "fs-1", "t", "/app", state="available")
    with pytest.raises(MountRefused, match="/app failed"):
        mounting.mount("us-east-1", "fs-1", HERE, access_point="fsap-1")
    points["fsap-1"].creation = {"OwnerUid": 1, "OwnerGid": 1, "Permissions": "0700"}
    assert mounting.mount("us-east-1", "fs-1", HERE, access_point="fsap-1").folder.name == "app"


@pytest.mark.parametrize("state", ["creating", "deleting"])
def test_what_is_not_there_yet_or_any_more_is_not_found(store: EfsStore, mounting: Mounting, state: str) -> None:
    region = store.region("us-east-1")
    region.targets["fsmt-1"].state = state
    with pytest.raises(MountRefused, match="Failed to resolve") as caught:
        mounting.mount("us-east-1", "fs-1", HERE)
    assert ("still being created" in caught.value.remedy) == (state == "creating")
    region.targets["fsmt-1"].state = "available"
    region.systems["fs-1"].state = state
    with pytest.raises(MountRefused, match="Failed to resolve"):
        mounting.mount("us-east-1", "fs-1", HERE)


def test_another_zone_and_another_network_have_no_door(mounting: Mounting) -> None:
    for client in (Client("the task", "us-east-1b", "vpc-1"), Client("the task", "us-east-1a", "vpc-2")):
        with pytest.raises(MountRefused, match="Failed to resolve"):
            mounting.mount("us-east-1", "fs-1", client)


def test_a_policy_decides_who_may_write(store: EfsStore, mounting: Mounting) -> None:
    system = store.region("us-east-1").systems["fs-1"]
    assert not mounting.mount("us-east-1", "fs-1", HERE).read_only
    statement = '{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"elasticfilesystem:ClientMount"}'
    system.policy = f'{{"Statement":[{statement}]}}'
    assert mounting.mount("us-east-1", "fs-1", HERE).read_only
    system.policy = '{"Statement":[{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"*"}]}'
    with pytest.raises(MountRefused, match="access denied by server"):
        mounting.mount("us-east-1", "fs-1", HERE)
