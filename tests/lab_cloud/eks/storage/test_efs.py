"""File systems of Amazon EFS: shared by pods in two zones; and by Fargate, made by hand."""

from collections.abc import Iterator

import pytest

from tests.lab_cloud.eks.storage.disks import Disks
from tests.lab_cloud.eks.storage.test_ebs import READ, WRITE
from tests.waiting import until

POLICY = "service-role/AmazonEFSCSIDriverPolicy"


@pytest.fixture(scope="module")
def shared(disks: Disks) -> Iterator[str]:
    """A file system without mount targets, and a class for it."""
    made = disks.efs.create_file_system(CreationToken=disks.cloud.name("efs"))
    name = str(made["FileSystemId"])
    until(lambda: disks.efs.describe_file_systems(FileSystemId=name)["FileSystems"][0]["LifeCycleState"] == "available")
    parameters = {"provisioningMode": "efs-ap", "fileSystemId": name, "directoryPerms": "700", "basePath": "/pods"}
    disks.make_class("shared", "efs.csi.aws.com", parameters=parameters)
    disks.install("aws-efs-csi-driver", "efs.csi.aws.com")
    yield name


def test_a_claim_gets_an_access_point_once_the_role_allows_it(disks: Disks, shared: str) -> None:
    disks.claim("both", "shared", mode="ReadWriteMany")
    told = disks.told("both", "ProvisioningFailed")
    assert "api error AccessDeniedException" in told
    assert "elasticfilesystem:DescribeFileSystems" in told
    disks.allow(POLICY)
    volume = disks.bound("both")
    point = volume.spec.csi.volume_handle.removeprefix(f"{shared}::")
    (found,) = disks.efs.describe_access_points(AccessPointId=point)["AccessPoints"]
    assert found["RootDirectory"]["Path"] == f"/pods/{volume.metadata.name}"
    assert volume.spec.node_affinity is None


def test_a_mount_needs_a_mount_target_and_its_port(disks: Disks, shared: str) -> None:
    first, second = disks.zones
    disks.pod("writer", "both", WRITE, first)
    assert f'Failed to resolve "{shared}.efs.us-east-1.amazonaws.com"' in disks.told("writer", "FailedMount")
    vpc = disks.ec2.describe_subnets(SubnetIds=[disks.place.by_zone[first]])["Subnets"][0]["VpcId"]
    group = disks.ec2.create_security_group(GroupName=disks.cloud.name("efs"), Description="EFS", VpcId=vpc)["GroupId"]
    for zone in (first, second):
        subnet = disks.place.by_zone[zone]
        disks.efs.create_mount_target(FileSystemId=shared, SubnetId=subnet, SecurityGroups=[group])
    assert "2049" in disks.told("writer", "FailedMount", "Connection timed out")
    nfs = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, "IpRanges": [{"CidrIp": "172.31.0.0/16"}]}
    disks.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[nfs])
    assert disks.ends("writer") == "written\n"
    disks.pod("reader", "both", READ, second)
    assert disks.ends("reader") == "kept\n"
    nodes = {disks.core.read_namespaced_pod(each, "default").spec.node_name for each in ("writer", "reader")}
    assert len(nodes) == 2
    for each in ("writer", "reader"):
        disks.delete_pod(each)


def test_the_access_point_goes_and_the_data_stay(disks: Disks, shared: str) -> None:
    volume = disks.bound("both")
    path = f"/pods/{volume.metadata.name}"
    disks.delete_claim("both")
    until(lambda: not disks.claims() and not disks.volumes(), 20)
    assert disks.efs.describe_access_points(FileSystemId=shared)["AccessPoints"] == []
    static = {
        "metadata": {"name": "by-hand"},
        "spec": {
            "capacity": {"storage": "5Gi"}, "accessModes": ["ReadWriteMany"], "storageClassName": "",
            "csi": {"driver": "efs.csi.aws.com", "volumeHandle": f"{shared}:{path}"},
        },
    }  # fmt: skip
    disks.core.create_persistent_volume(static)
    disks.claim("again", "", mode="ReadWriteMany")
    assert disks.bound("again").metadata.name == "by-hand"
    disks.pod("later", "again", READ)
    assert disks.ends("later") == "kept\n"
    disks.delete_pod("later")
    disks.delete_claim("again")
    until(lambda: disks.core.read_persistent_volume("by-hand").status.phase == "Released", 20)
    disks.core.delete_persistent_volume("by-hand")
    until(lambda: not disks.volumes(), 20)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "Missing provisioningMode parameter"),
        ({"provisioningMode": "efs-ap"}, "Missing fileSystemId parameter"),
        ({"provisioningMode": "efs-fs", "fileSystemId": "fs-1"}, "Only Access point provisioning: 'efs-ap'"),
        ({"provisioningMode": "efs-ap", "fileSystemId": "fs-00000000000000000"}, "FileSystemNotFound"),
    ],
)
def test_what_the_driver_refuses(disks: Disks, shared: str, parameters: dict[str, str], words: str) -> None:
    disks.make_class("bad", "efs.csi.aws.com", parameters=parameters)
    disks.claim("refused", "bad", mode="ReadWriteMany")
    assert words in disks.told("refused", "ProvisioningFailed", words)
    disks.delete_claim("refused")
    disks.classes.delete_storage_class("bad")
    until(lambda: not disks.claims(), 20)
