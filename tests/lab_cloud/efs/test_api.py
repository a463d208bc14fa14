"""EFS through real boto3: states, mount targets, access points, and what AWS refuses."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.stage import RunningCloud
from tests.waiting import until


def code_of(call: Any, **params: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**params)
    return str(caught.value.response["Error"]["Code"])


def subnets(cloud: RunningCloud) -> list[dict[str, Any]]:
    default = [{"Name": "default-for-az", "Values": ["true"]}]
    found: list[dict[str, Any]] = cloud.client("ec2").describe_subnets(Filters=default)["Subnets"]
    return sorted(found, key=lambda one: one["AvailabilityZone"])


def new_system(cloud: RunningCloud, **params: Any) -> str:
    efs = cloud.client("efs")
    name = str(efs.create_file_system(CreationToken=cloud.name("efs"), **params)["FileSystemId"])
    assert until(
        lambda: efs.describe_file_systems(FileSystemId=name)["FileSystems"][0]["LifeCycleState"] == "available"
    )
    return name


def new_target(cloud: RunningCloud, system: str, subnet: str, **params: Any) -> str:
    efs = cloud.client("efs")
    name = str(efs.create_mount_target(FileSystemId=system, SubnetId=subnet, **params)["MountTargetId"])
    assert until(
        lambda: efs.describe_mount_targets(MountTargetId=name)["MountTargets"][0]["LifeCycleState"] == "available"
    )
    return name


def test_a_file_system_is_a_folder_that_ends_with_it(cloud: RunningCloud) -> None:
    efs, token = cloud.client("efs"), cloud.name("efs")
    made = efs.create_file_system(
        CreationToken=token, Encrypted=True, ThroughputMode="elastic", Tags=[{"Key": "Name", "Value": "shared"}]
    )
    assert (made["LifeCycleState"], made["Name"], made["NumberOfMountTargets"]) == ("creating", "shared", 0)
    name = made["FileSystemId"]
    place = cloud.home / "efs" / "us-east-1" / name
    assert place.is_dir()
    with pytest.raises(ClientError) as caught:
        efs.create_file_system(CreationToken=token)
    assert caught.value.response["Error"]["Code"] == "FileSystemAlreadyExists"
    assert caught.value.response["FileSystemId"] == name
    assert until(
        lambda: efs.describe_file_systems(CreationToken=token)["FileSystems"][0]["LifeCycleState"] == "available"
    )
    (place / "page").write_text("x" * 5000)
    assert until(
        lambda: efs.describe_file_systems(FileSystemId=name)["FileSystems"][0]["SizeInBytes"]["Value"] > 10_000, 20
    )
    efs.delete_file_system(FileSystemId=name)
    assert until(lambda: not place.exists())
    assert code_of(efs.describe_file_systems, FileSystemId=name) == "FileSystemNotFound"


def test_one_mount_target_a_zone_with_its_security_groups(cloud: RunningCloud) -> None:
    efs, ec2, system = cloud.client("efs"), cloud.client("ec2"), new_system(cloud)
    first, second, *_ = subnets(cloud)
    group = ec2.create_security_group(GroupName=cloud.name("nfs"), Description="nfs", VpcId=first["VpcId"])["GroupId"]
    target = new_target(cloud, system, first["SubnetId"], SecurityGroups=[group])
    shown = efs.describe_mount_targets(FileSystemId=system)["MountTargets"][0]
    assert (shown["AvailabilityZoneName"], shown["VpcId"]) == (first["AvailabilityZone"], first["VpcId"])
    interface = ec2.describe_network_interfaces(NetworkInterfaceIds=[shown["NetworkInterfaceId"]])["NetworkInterfaces"]
    assert interface[0]["PrivateIpAddress"] == shown["IpAddress"]
    assert interface[0]["Description"] == f"EFS mount target for {system} ({target})"
    assert code_of(efs.create_mount_target, FileSystemId=system, SubnetId=first["SubnetId"]) == "MountTargetConflict"
    assert code_of(ec2.delete_security_group, GroupId=group) == "DependencyViolation"
    assert code_of(ec2.delete_subnet, SubnetId=first["SubnetId"]) == "DependencyViolation"
    efs.modify_mount_target_security_groups(MountTargetId=target, SecurityGroups=[])
    default = efs.describe_mount_target_security_groups(MountTargetId=target)["SecurityGroups"]
    assert group not in default and len(default) == 1
    ec2.delete_security_group(GroupId=group)
    other = new_target(cloud, system, second["SubnetId"])
    assert code_of(efs.delete_file_system, FileSystemId=system) == "FileSystemInUse"
    for each in (target, other):
        efs.delete_mount_target(MountTargetId=each)
    assert until(lambda: not efs.describe_mount_targets(FileSystemId=system)["MountTargets"])
    efs.delete_file_system(FileSystemId=system)


def test_mount_targets_that_efs_refuses(cloud: RunningCloud) -> None:
    efs, ec2, system = cloud.client("efs"), cloud.client("ec2"), new_system(cloud)
    first, second, *_ = subnets(cloud)
    create = efs.create_mount_target
    assert code_of(create, FileSystemId="fs-0123456789abcdef0", SubnetId=first["SubnetId"]) == "FileSystemNotFound"
    assert code_of(create, FileSystemId=system, SubnetId="subnet-0123456789abcdef0") == "SubnetNotFound"
    unknown = {"FileSystemId": system, "SubnetId": first["SubnetId"]}
    assert code_of(create, **unknown, SecurityGroups=["sg-0123456789abcdef0"]) == "SecurityGroupNotFound"
    assert code_of(create, **unknown, IpAddress="10.99.0.5") == "BadRequest"
    vpc = ec2.create_vpc(CidrBlock="10.98.0.0/16")["Vpc"]["VpcId"]
    elsewhere = ec2.create_subnet(VpcId=vpc, CidrBlock="10.98.1.0/24")["Subnet"]["SubnetId"]
    target = new_target(cloud, system, first["SubnetId"])
    assert code_of(create, FileSystemId=system, SubnetId=elsewhere) == "MountTargetConflict"
    taken = efs.describe_mount_targets(MountTargetId=target)["MountTargets"][0]["IpAddress"]
    assert (
        code_of(create, FileSystemId=new_system(cloud), SubnetId=first["SubnetId"], IpAddress=taken) == "IpAddressInUse"
    )
    one_zone = new_system(cloud, AvailabilityZoneName=first["AvailabilityZone"])
    assert code_of(create, FileSystemId=one_zone, SubnetId=second["SubnetId"]) == "AvailabilityZonesMismatch"
    assert code_of(efs.describe_mount_targets) == "BadRequest"
    young = efs.create_file_system(CreationToken=cloud.name("efs"))["FileSystemId"]
    assert code_of(create, FileSystemId=young, SubnetId=first["SubnetId"]) == "IncorrectFileSystemLifeCycleState"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"ThroughputMode": "provisioned"}, "BadRequest"),
        ({"ThroughputMode": "elastic", "ProvisionedThroughputInMibps": 4.0}, "BadRequest"),
        ({"PerformanceMode": "maxIO", "ThroughputMode": "elastic"}, "BadRequest"),
        ({"KmsKeyId": "alias/aws/elasticfilesystem"}, "BadRequest"),
        ({"PerformanceMode": "slow"}, "ValidationException"),
        ({"Tags": [{"Key": "aws:own", "Value": "x"}]}, "BadRequest"),
    ],
)
def test_file_systems_that_efs_refuses(cloud: RunningCloud, params: dict[str, Any], code: str) -> None:
    efs = cloud.client("efs")
    assert code_of(efs.create_file_system, CreationToken=cloud.name("efs"), **params) == code


def test_throughput_policies_lifecycle_backups_and_tags(cloud: RunningCloud) -> None:
    efs, system = cloud.client("efs"), new_system(cloud)
    changed = efs.update_file_system(FileSystemId=system, ThroughputMode="provisioned", ProvisionedThroughputInMibps=8)
    assert (changed["LifeCycleState"], changed["ProvisionedThroughputInMibps"]) == ("updating", 8)
    assert until(
        lambda: efs.describe_file_systems(FileSystemId=system)["FileSystems"][0]["LifeCycleState"] == "available"
    )
    assert code_of(efs.describe_file_system_policy, FileSystemId=system) == "PolicyNotFound"
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "elasticfilesystem:ClientMount"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    efs.put_file_system_policy(FileSystemId=system, Policy=policy)
    assert efs.describe_file_system_policy(FileSystemId=system)["Policy"] == policy
    assert code_of(efs.put_file_system_policy, FileSystemId=system, Policy="{}") == "InvalidPolicyException"
    efs.delete_file_system_policy(FileSystemId=system)
    rules = [{"TransitionToIA": "AFTER_30_DAYS"}, {"TransitionToPrimaryStorageClass": "AFTER_1_ACCESS"}]
    efs.put_lifecycle_configuration(FileSystemId=system, LifecyclePolicies=rules)
    assert efs.describe_lifecycle_configuration(FileSystemId=system)["LifecyclePolicies"] == rules
    both = [{**rules[0], **rules[1]}]
    assert code_of(efs.put_lifecycle_configuration, FileSystemId=system, LifecyclePolicies=both) == "BadRequest"
    efs.put_backup_policy(FileSystemId=system, BackupPolicy={"Status": "ENABLED"})
    assert efs.describe_backup_policy(FileSystemId=system)["BackupPolicy"]["Status"] == "ENABLED"
    efs.tag_resource(ResourceId=system, Tags=[{"Key": "team", "Value": "blue"}, {"Key": "old", "Value": "1"}])
    efs.untag_resource(ResourceId=system, TagKeys=["old"])
    assert efs.list_tags_for_resource(ResourceId=system)["Tags"] == [{"Key": "team", "Value": "blue"}]


def test_access_points_and_pages(cloud: RunningCloud) -> None:
    efs, system = cloud.client("efs"), new_system(cloud)
    info = {"OwnerUid": 1000, "OwnerGid": 1000, "Permissions": "0755"}
    made = [
        efs.create_access_point(
            ClientToken=cloud.name("point"),
            FileSystemId=system,
            PosixUser={"Uid": 1000, "Gid": 1000},
            RootDirectory={"Path": f"/app/{number}", "CreationInfo": info},
        )
        for number in range(3)
    ]
    again = efs.create_access_point(
        ClientToken=made[0]["ClientToken"],
        FileSystemId=system,
        PosixUser={"Uid": 1000, "Gid": 1000},
        RootDirectory={"Path": "/app/0", "CreationInfo": info},
    )
    assert again["AccessPointId"] == made[0]["AccessPointId"]
    same = {"ClientToken": made[0]["ClientToken"], "FileSystemId": system}
    assert code_of(efs.create_access_point, **same) == "AccessPointAlreadyExists"
    pages = efs.get_paginator("describe_access_points").paginate(FileSystemId=system, PaginationConfig={"PageSize": 2})
    found = [[each["AccessPointId"] for each in page["AccessPoints"]] for page in pages]
    assert [len(page) for page in found] == [2, 1]
    efs.delete_access_point(AccessPointId=made[0]["AccessPointId"])
    assert code_of(efs.delete_access_point, AccessPointId=made[0]["AccessPointId"]) == "AccessPointNotFound"
    efs.delete_file_system(FileSystemId=system)
    left = efs.describe_access_points()["AccessPoints"]
    assert all(each["FileSystemId"] != system for each in left)


def test_what_the_embedded_cloud_does_not_have_says_so(cloud: RunningCloud) -> None:
    assert code_of(cloud.client("efs").describe_replication_configurations) == "UnsupportedOperation"
