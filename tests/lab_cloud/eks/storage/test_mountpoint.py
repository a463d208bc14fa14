"""Buckets as folders, by the driver of Mountpoint for Amazon S3."""

import json
from typing import Any

import pytest

from tests.lab_cloud.eks.storage.disks import Disks
from tests.lab_cloud.eks.storage.test_ebs import STAY
from tests.waiting import until

DRIVER = "s3.csi.aws.com"
LOOK = """
import pathlib, sys, time
place = pathlib.Path(sys.argv[1])
print("at first", sorted(each.relative_to(place).as_posix() for each in place.rglob("*") if each.is_file()))
def wait(what):
    end = time.monotonic() + 20
    while not what() and time.monotonic() < end:
        time.sleep(0.05)
"""
PATIENT = """
(place / "out").mkdir()
with (place / "out" / "slow.txt").open("w") as file:
    file.write("first ")
    file.flush()
    wait((place / "later.txt").exists)
    file.write("second")
wait(lambda: (place / "gone").exists())
(place / "note.txt").write_text("changed")
wait(lambda: (place / "note.txt").read_text() == "hello")
(place / "note.txt").rename(place / "moved.txt")
wait(lambda: (place / "note.txt").exists() and not (place / "moved.txt").exists())
(place / "note.txt").unlink()
wait((place / "note.txt").exists)
print((place / "later.txt").read_text(), (place / "note.txt").read_text())
"""


class Buckets:
    """A bucket, and volumes that show it."""

    def __init__(self, disks: Disks) -> None:
        self.disks = disks
        self.s3 = disks.cloud.client("s3")
        self.bucket = disks.cloud.name("mount").lower()
        self.s3.create_bucket(Bucket=self.bucket)

    def put(self, key: str, text: str) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())

    def text(self, key: str) -> str:
        return str(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode())

    def names(self) -> list[str]:
        return [each["Key"] for each in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", ())]

    def volume(self, name: str, *options: str, mode: str = "ReadWriteMany", bucket: str = "", **given: str) -> None:
        source = {
            "driver": DRIVER, "volumeHandle": name,
            "volumeAttributes": {"bucketName": bucket or self.bucket, **given},
        }  # fmt: skip
        spec: dict[str, Any] = {
            "capacity": {"storage": "4Gi"}, "accessModes": [mode], "storageClassName": "", "mountOptions": [*options],
            "claimRef": {"namespace": "default", "name": name}, "csi": source,
        }  # fmt: skip
        self.disks.core.create_persistent_volume({"metadata": {"name": name}, "spec": spec})
        self.disks.claim(name, "", mode=mode, volumeName=name)
        self.disks.bound(name)

    def remove(self, *names: str) -> None:
        for each in names:
            self.disks.delete_claim(each)
            self.disks.core.delete_persistent_volume(each)
        until(lambda: not {*names} & {*self.disks.volumes()}, 20)


@pytest.fixture(scope="module")
def buckets(disks: Disks) -> Buckets:
    found = Buckets(disks)
    disks.install("aws-mountpoint-s3-csi-driver", DRIVER)
    return found


def test_a_mount_needs_a_role_and_a_bucket(buckets: Buckets) -> None:
    disks = buckets.disks
    buckets.put("note.txt", "hello")
    buckets.volume("one")
    disks.pod("first", "one", LOOK)
    told = disks.told("first", "FailedMount", "s3:ListBucket")
    assert told.startswith('MountVolume.SetUp failed for volume "one" : rpc error: code = Internal desc = Could not')
    assert (
        f"initial ListObjectsV2 failed for bucket {buckets.bucket} in region us-east-1 1: Client error 2: Forb" in told
    )
    disks.allow("AmazonS3FullAccess")
    assert disks.ends("first") == "at first ['note.txt']\n"
    disks.delete_pod("first")
    buckets.volume("nothing", bucket="no-such-bucket-of-mine")
    disks.pod("second", "nothing", LOOK)
    assert "The bucket does not exist" in disks.told("second", "FailedMount", "1: Service error 2:")
    disks.delete_pod("second")
    buckets.remove("one", "nothing")


def test_folder_and_bucket_are_kept_in_step(buckets: Buckets) -> None:
    disks = buckets.disks
    buckets.put("x/note.txt", "hello")
    buckets.put("x/../odd", "no path")
    buckets.volume("both", "prefix x/")
    disks.pod("patient", "both", LOOK + PATIENT)
    until(lambda: disks.phase("patient") == "Running", 20)
    until(lambda: "at first" in disks.core.read_namespaced_pod_log("patient", "default"), 20)
    buckets.put("x/later.txt", "late")
    until(lambda: "x/out/slow.txt" in buckets.names(), 20)
    assert buckets.text("x/out/slow.txt") == "first second"  # not before it was closed
    buckets.put("x/gone", "")
    assert disks.ends("patient") == "at first ['note.txt']\nlate hello\n"
    for why in ("not changed without allow-overwrite", "a file is not renamed", "not deleted without allow-delete"):
        assert why in disks.told("patient", "MountpointRefused", why)
    assert buckets.text("x/note.txt") == "hello"
    assert "x/moved.txt" not in buckets.names()
    disks.delete_pod("patient")
    buckets.remove("both")


def test_options_allow_and_forbid(buckets: Buckets) -> None:
    disks = buckets.disks
    buckets.put("y/old", "old")
    buckets.put("y/bad", "bad")
    buckets.volume("free", "allow-delete", "allow-overwrite", "prefix=y/")
    code = LOOK + "(place / 'bad').unlink(); (place / 'old').write_text('longer'); (place / 'new').write_text('new')"
    disks.pod("writer", "free", code)  # it ends at once: what it wrote is carried when it has ended
    assert disks.ends("writer") == "at first ['bad', 'old']\n"
    until(lambda: [each for each in buckets.names() if each.startswith("y/")] == ["y/new", "y/old"], 20)
    until(lambda: buckets.text("y/old") == "longer", 20)
    disks.delete_pod("writer")
    buckets.volume("fixed", "prefix y/", mode="ReadOnlyMany")
    disks.pod("reader", "fixed", LOOK + "(place / 'more').write_text('x'); wait(lambda: not (place / 'more').exists())")
    assert disks.ends("reader") == "at first ['new', 'old']\n"
    assert "the mount is read-only" in disks.told("reader", "MountpointRefused")
    assert "y/more" not in buckets.names()
    disks.delete_pod("reader")
    buckets.volume("odd", "no-such-option")
    disks.pod("typo", "odd", STAY)
    assert "unexpected argument '--no-such-option'" in disks.told("typo", "FailedMount")
    disks.delete_pod("typo")
    buckets.remove("free", "fixed", "odd")


def test_a_pod_may_ask_as_its_own_role(buckets: Buckets) -> None:
    disks = buckets.disks
    buckets.volume("own", authenticationSource="pod")
    disks.pod("own", "own", LOOK)
    assert "No signing credentials found" in disks.told("own", "FailedMount")
    disks.delete_pod("own")
    buckets.remove("own")


def test_what_the_role_may_not_read_or_write_is_told(buckets: Buckets) -> None:
    disks, iam = buckets.disks, buckets.disks.place.iam
    disks.forbid("AmazonS3FullAccess")
    statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = disks.group.role.rpartition("/")[2]
    iam.put_role_policy(RoleName=role, PolicyName="list", PolicyDocument=document)
    buckets.put("z/secret", "x")
    buckets.volume("listed", "prefix z/")
    disks.pod("blind", "listed", LOOK + "(place / 'mine').write_text('x'); time.sleep(600)")
    assert "s3:GetObject" in disks.told("blind", "MountpointRefused", "secret: AccessDenied")
    assert "s3:PutObject" in disks.told("blind", "MountpointRefused", "mine: AccessDenied")
    assert "z/mine" not in buckets.names()
    iam.delete_role_policy(RoleName=role, PolicyName="list")
    disks.delete_pod("blind")
    buckets.remove("listed")


def test_no_volume_is_made_for_a_claim(buckets: Buckets) -> None:
    disks = buckets.disks
    disks.make_class("bucket", DRIVER)
    disks.claim("wished", "bucket", mode="ReadWriteMany")
    assert f"external provisioner '{DRIVER}'" in disks.told("wished", "ExternalProvisioning")
    assert disks.pvc("wished").status.phase == "Pending"
    disks.delete_claim("wished")
    disks.classes.delete_storage_class("bucket")
    until(lambda: not disks.claims(), 20)
