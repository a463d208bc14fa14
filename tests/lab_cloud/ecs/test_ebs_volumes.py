"""EBS volumes of tasks through real boto3 and real processes."""

import json
from typing import Any

import pytest

from tests.fleet import Fleet
from tests.lab_cloud.ecs.test_storage import NAMES, READ, WRITE, exit_code
from tests.stage import Place, RunningCloud
from tests.waiting import until

VOLUMES = "arn:aws:iam::aws:policy/service-role/AmazonECSInfrastructureRolePolicyForVolumes"


@pytest.fixture(scope="module")
def role(cloud: RunningCloud) -> str:
    return infrastructure_role(cloud, "ecs.amazonaws.com", VOLUMES)


def infrastructure_role(cloud: RunningCloud, service: str, policy: str = "") -> str:
    iam, name = cloud.client("iam"), cloud.name("infrastructure")
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"])
    if policy:
        iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    return arn


def program(place: Place, code: str, *words: str) -> str:
    made = place.ecs.register_task_definition(
        family=place.cloud.name("ebs"),
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        executionRoleArn=place.execution_role,
        containerDefinitions=[
            {
                "name": "web",
                "image": "python:3.12-alpine",
                "command": ["python", "-c", code.replace("/data", "'+os.environ['DATA']+'"), *words],
                "environment": [{"name": "DATA", "value": "/data"}],
                "mountPoints": [NAMES],
            }
        ],
        volumes=[{"name": "data", "configuredAtLaunch": True}],
    )
    return str(made["taskDefinition"]["taskDefinitionArn"])


def launched(role: str, **settings: Any) -> list[dict[str, Any]]:
    return [{"name": "data", "managedEBSVolume": {"roleArn": role, **settings}}]


def volume_of(task: dict[str, Any]) -> str:
    (found,) = [each for each in task["attachments"] if each["type"] == "AmazonElasticBlockStorage"]
    return str({each["name"]: each["value"] for each in found["details"]}["volumeId"])


def ids(place: Place) -> list[str]:
    return [each["VolumeId"] for each in place.ec2.describe_volumes()["Volumes"]]


def test_a_volume_is_made_for_its_task_and_ends_with_it(place: Place, role: str) -> None:
    definition = program(place, "import time; time.sleep(600)")
    run = place.run(definition, volumeConfigurations=launched(role, sizeInGiB=8, volumeType="gp3"))
    task = place.until_task(run["taskArn"], "RUNNING")
    volume = volume_of(task)
    (shown,) = place.ec2.describe_volumes(VolumeIds=[volume])["Volumes"]
    assert (shown["State"], shown["Size"], shown["VolumeType"]) == ("in-use", 8, "gp3")
    assert shown["AvailabilityZone"] == task["availabilityZone"]
    assert shown["Attachments"][0]["AssociatedResource"] == task["taskArn"]
    tags = {tag["Key"]: tag["Value"] for tag in shown["Tags"]}
    assert (tags["AmazonECSManaged"], tags["AmazonECSCreated"]) == ("true", task["taskArn"])
    place.ecs.stop_task(cluster=place.name, task=task["taskArn"])
    place.until_task(task["taskArn"], "STOPPED", 40)
    assert until(lambda: volume not in ids(place))
    assert until(lambda: not (place.cloud.home / "ecs" / "ebs" / volume).exists())


def test_a_kept_volume_gives_its_files_to_others_by_a_snapshot(place: Place, role: str) -> None:
    keep = {"sizeInGiB": 2, "terminationPolicy": {"deleteOnTermination": False}}
    wrote = place.run(program(place, WRITE, "page"), volumeConfigurations=launched(role, **keep))
    task = place.until_task(wrote["taskArn"], "STOPPED", 40)
    assert exit_code(task) == 0
    volume = volume_of(task)
    assert place.ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"] == "available"
    snapshot = place.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    read = program(place, READ, "page")
    again = place.run(read, volumeConfigurations=launched(role, snapshotId=snapshot))
    small = place.run(read, volumeConfigurations=launched(role, snapshotId=snapshot, sizeInGiB=1))
    fresh = place.run(read, volumeConfigurations=launched(role, sizeInGiB=2))
    assert exit_code(place.until_task(again["taskArn"], "STOPPED", 40)) == 0
    assert "smaller than the snapshot" in place.until_task(small["taskArn"], "STOPPED", 40)["stoppedReason"]
    assert exit_code(place.until_task(fresh["taskArn"], "STOPPED", 40)) == 7
    place.ec2.delete_volume(VolumeId=volume)
    assert until(lambda: not (place.cloud.home / "ecs" / "ebs" / volume).exists())


def test_the_infrastructure_role_must_be_assumable_and_allowed(cloud: RunningCloud, place: Place) -> None:
    definition = program(place, "pass")
    wrong = infrastructure_role(cloud, "ec2.amazonaws.com", VOLUMES)
    poor = infrastructure_role(cloud, "ecs.amazonaws.com")
    before = ids(place)
    arns = [
        place.run(definition, volumeConfigurations=launched(role, sizeInGiB=1))["taskArn"] for role in (wrong, poor)
    ]
    first, second = (place.until_task(arn, "STOPPED", 40) for arn in arns)
    assert first["stopCode"] == second["stopCode"] == "TaskFailedToStart"
    assert "unable to assume the configured ECS Infrastructure Role" in first["stoppedReason"]
    assert "not authorized to perform: ec2:CreateVolume" in second["stoppedReason"]
    assert ids(place) == before


def test_each_task_of_a_service_has_a_volume_of_its_own(place: Place, role: str) -> None:
    definition = program(place, "import time; time.sleep(600)")
    name = place.serve(definition, 2, volumeConfigurations=launched(role, sizeInGiB=1))
    place.wait("services_stable", services=[name])
    found = place.ecs.describe_tasks(cluster=place.name, tasks=place.tasks(name))["tasks"]
    assert len({volume_of(task) for task in found}) == 2
    assert place.service(name)["deployments"][0]["volumeConfigurations"][0]["name"] == "data"
    place.ecs.delete_service(cluster=place.name, service=name, force=True)
    assert until(lambda: not {volume_of(task) for task in found} & set(ids(place)), 30)


def test_on_ec2_the_volume_is_attached_to_the_instance(place: Place, role: str) -> None:
    fleet = Fleet(place)
    fleet.create(desired=1)
    (host,) = fleet.until_joined(1)
    made = place.ecs.register_task_definition(
        family=place.cloud.name("ebs"),
        containerDefinitions=[
            {
                "name": "web",
                "image": "python:3.12-alpine",
                "memory": 64,
                "command": ["python", "-c", "import time; time.sleep(600)"],
                "mountPoints": [NAMES],
            }
        ],
        volumes=[{"name": "data", "configuredAtLaunch": True}],
    )["taskDefinition"]["taskDefinitionArn"]
    run = place.ecs.run_task(
        cluster=place.name, taskDefinition=made, launchType="EC2", volumeConfigurations=launched(role, sizeInGiB=1)
    )["tasks"][0]["taskArn"]
    volume = volume_of(place.until_task(run, "RUNNING"))
    (shown,) = place.ec2.describe_volumes(VolumeIds=[volume])["Volumes"]
    assert shown["Attachments"][0]["InstanceId"] == host["ec2InstanceId"]
    place.ecs.stop_task(cluster=place.name, task=run)
    place.until_task(run, "STOPPED", 40)
    assert until(lambda: volume not in ids(place))
    fleet.delete()
