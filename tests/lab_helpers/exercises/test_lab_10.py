"""Each exercise of lab 10: untouched, wrong, right. The tests share one cloud and go in the order of the lab."""

from collections.abc import Iterator
from typing import Any

import pytest

from lab_helpers import Lab
from tests.lab_helpers.exercises.clouds import begun, said, wait_done
from tests.waiting import until
from tools.notebooks import ROOT, read, tags

NOTEBOOK = ROOT / "labs" / "10-eks-storage.ipynb"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with begun(10) as lab:
        yield lab


@pytest.fixture(scope="module")
def names(lab: Lab) -> dict[str, Any]:
    """What a learner has who has made what the lab builds, and the claim of the first exercise."""
    found: dict[str, Any] = {"lab": lab}
    for cell in read(NOTEBOOK).cells[2:]:
        wanted = "build" in tags(cell) or "def claim(" in cell.source or '"ebs-gp2"' in cell.source
        if cell.cell_type == "code" and wanted:
            exec(compile(cell.source, str(NOTEBOOK), "exec"), found)
    return found


def solve(lab: Lab, names: dict[str, Any], exercise: str) -> None:
    exec(compile(lab.solution(exercise).code, exercise, "exec"), names)


def drop(names: dict[str, Any], claim: str) -> None:
    """Delete a claim, and wait until it is gone."""
    core = names["core"]
    core.delete_namespaced_persistent_volume_claim(claim, "storage")
    until(lambda: claim not in names["names"](core.list_namespaced_persistent_volume_claim("storage")))


def test_nothing_is_attempted_by_the_lab_itself(lab: Lab, names: dict[str, Any]) -> None:
    assert [said(lab, exercise)[0] for exercise in ("10a", "10b", "10c")] == ["not attempted"] * 3


def test_10a_the_claim_must_be_made_anew(lab: Lab, names: dict[str, Any]) -> None:
    names["delete"]("reports")
    drop(names, "reports")
    kind, words = said(lab, "10a")
    assert (kind, "there is none any more" in words) == ("not yet", True)
    names["claim"]("reports", "efs-shared")
    assert "the class ebs-gp3: the claim names efs-shared" in said(lab, "10a")[1]
    names["apply"](names["pod"]("reports", {"persistentVolumeClaim": {"claimName": "reports"}}, names["SLEEP"]))
    solve(lab, names, "10a")
    wait_done(lab, "10a")


def test_10b_each_wish_is_asked_for(lab: Lab, names: dict[str, Any]) -> None:
    names["make_class"]("ebs-keep", "ebs.csi.aws.com", {"type": "gp3"}, volumeBindingMode="WaitForFirstConsumer")
    names["claim"]("ledger", "ebs-keep", size="3Gi")
    kind, words = said(lab, "10b")
    assert kind == "not yet"
    for wanted in ("encryption", "reclaimPolicy is Delete", "allowVolumeExpansion", "it is Pending"):
        assert wanted in words
    drop(names, "ledger")
    names["storage"].delete_storage_class("ebs-keep")
    solve(lab, names, "10b")
    wait_done(lab, "10b")


def test_10c_two_pods_on_one_node_are_not_enough(lab: Lab, names: dict[str, Any]) -> None:
    names["claim"]("gallery", "ebs-gp3")
    kind, words = said(lab, "10c")
    assert kind == "not yet"
    for wanted in ("the class efs-shared", "a mode for many nodes", "there are 0"):
        assert wanted in words
    drop(names, "gallery")
    solve(lab, names, "10c")
    wait_done(lab, "10c")


def test_the_next_start_leaves_nothing_in_the_cluster_and_no_disk(lab: Lab, names: dict[str, Any]) -> None:
    core, ec2 = names["core"], lab.client("ec2")
    assert len(ec2.describe_volumes(Filters=[{"Name": "tag-key", "Values": ["CSIVolumeName"]}])["Volumes"]) == 2
    lab.start()
    assert "storage" not in [each.metadata.name for each in core.list_namespace().items]
    assert core.list_persistent_volume().items == []
    assert [each.metadata.name for each in names["storage"].list_storage_class().items] == ["gp2"]
    assert names["storage"].list_csi_driver().items == []
    assert ec2.describe_volumes(Filters=[{"Name": "tag-key", "Values": ["CSIVolumeName"]}])["Volumes"] == []
    assert lab.client("efs").describe_file_systems()["FileSystems"] == []
