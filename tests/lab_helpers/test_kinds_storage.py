"""File systems, volumes, snapshots, secrets and parameters of a lab are found by their tags and deleted."""

import pytest

from lab_helpers import Lab

pytestmark = pytest.mark.usefixtures("cloud")


def test_what_keeps_data_and_secrets_goes_and_that_of_others_stays() -> None:
    lab = Lab(2)
    lab.start()
    efs, ec2, secrets, ssm = (lab.client(name) for name in ("efs", "ec2", "secretsmanager", "ssm"))
    group = ec2.create_security_group(GroupName="nfs", Description="nfs")["GroupId"]
    lab.session.client("efs").create_file_system(CreationToken="x", Tags=[{"Key": "lab", "Value": "another"}])
    system = efs.create_file_system(Tags=[{"Key": "Name", "Value": "shared"}])["FileSystemId"]

    def states() -> set[str]:
        return {one["LifeCycleState"] for one in efs.describe_file_systems()["FileSystems"]}

    lab.wait(lambda: states() == {"available"}, "the file systems")
    zone = ec2.describe_subnets()["Subnets"][0]
    efs.create_mount_target(FileSystemId=system, SubnetId=zone["SubnetId"], SecurityGroups=[group])
    secrets.create_secret(Name="own", SecretString="x")
    ssm.put_parameter(Name="/own", Type="String", Value="x")
    volume = ec2.create_volume(AvailabilityZone=zone["AvailabilityZone"], Size=1)["VolumeId"]
    ec2.create_snapshot(VolumeId=volume)
    there = {(thing.kind, thing.name) for thing in lab.teardown().things}
    assert there >= {("file system", "shared"), ("secret", "own"), ("parameter", "/own"), ("EBS volume", volume)}
    assert "snapshot" in {kind for kind, _name in there}
    assert len(efs.describe_file_systems()["FileSystems"]) == 1
    assert secrets.list_secrets()["SecretList"] == []
    assert ec2.describe_volumes(VolumeIds=[])["Volumes"] == []
