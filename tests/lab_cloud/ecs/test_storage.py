"""Volumes of tasks through real boto3 and real processes: who sees what, what stays, and why a task does not start."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fleet import Fleet
from tests.lab_cloud.efs.test_api import new_system, new_target, subnets
from tests.lab_cloud.runtime.kinds import need
from tests.stage import Place, RunningCloud, task_role
from tests.waiting import until

NAMES = {"sourceVolume": "data", "containerPath": "/data"}
WRITE = "import os,sys; open('/data/'+sys.argv[1],'w').write('from '+sys.argv[1])"
READ = "import os,sys; sys.exit(0 if sorted(os.listdir('/data'))==sys.argv[1].split(',') else 7)"


@pytest.fixture(scope="module")
def shared(cloud: RunningCloud, place: Place) -> dict[str, Any]:
    """A file system with mount targets in the first two zones that let NFS in from the place's group."""
    group = place.security_group()
    member = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, "UserIdGroupPairs": [{"GroupId": place.group}]}
    place.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[member])
    system, found = new_system(cloud), subnets(cloud)
    for subnet in found[:2]:
        new_target(cloud, system, subnet["SubnetId"], SecurityGroups=[group])
    return {"system": system, "subnets": [one["SubnetId"] for one in found], "group": group}


def program(place: Place, code: str, *words: str, volume: dict[str, Any], **more: Any) -> str:
    container = {
        "name": "web",
        "image": "python:3.12-alpine",
        "command": ["python", "-c", code.replace("/data", "'+os.environ['DATA']+'"), *words],
        "environment": [{"name": "DATA", "value": "/data"}],
        "mountPoints": [NAMES],
    }
    made = place.ecs.register_task_definition(
        family=place.cloud.name("storage"),
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        executionRoleArn=place.execution_role,
        containerDefinitions=[container],
        volumes=[{"name": "data", **volume}],
        **more,
    )
    return str(made["taskDefinition"]["taskDefinitionArn"])


def efs(shared: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"efsVolumeConfiguration": {"fileSystemId": shared["system"], **more}}


def begun(place: Place, definition: str, subnet: str) -> str:
    network = {"subnets": [subnet], "securityGroups": [place.group], "assignPublicIp": "ENABLED"}
    return str(place.run(definition, networkConfiguration={"awsvpcConfiguration": network})["taskArn"])


def ended(place: Place, definition: str, subnet: str) -> dict[str, Any]:
    return place.until_task(begun(place, definition, subnet), "STOPPED", 40)


def exit_code(task: dict[str, Any]) -> Any:
    assert task["stopCode"] == "EssentialContainerExited", task["stoppedReason"]
    return task["containers"][0]["exitCode"]


def test_tasks_in_two_zones_see_one_file_system_and_what_they_wrote_stays(place: Place, shared: dict[str, Any]) -> None:
    first, second, *_ = shared["subnets"]
    one = ended(place, program(place, WRITE, "one", volume=efs(shared)), first)
    two = ended(place, program(place, WRITE, "two", volume=efs(shared)), second)
    assert (exit_code(one), exit_code(two)) == (0, 0)
    assert one["availabilityZone"] != two["availabilityZone"]
    assert exit_code(ended(place, program(place, READ, "one,two", volume=efs(shared)), first)) == 0
    folder = place.cloud.home / "efs" / "us-east-1" / shared["system"]
    assert (folder / "one").read_text() == "from one"


def test_reasons_why_a_file_system_cannot_be_mounted(place: Place, shared: dict[str, Any]) -> None:
    first, _second, third, *_ = shared["subnets"]
    begin = "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: "
    point = {"transitEncryption": "ENABLED", "authorizationConfig": {"accessPointId": "fsap-0123456789abcdef0"}}

    def reasons(*asked: tuple[dict[str, Any], str]) -> list[str]:
        arns = [begun(place, program(place, "pass", volume=volume), subnet) for volume, subnet in asked]
        tasks = [place.until_task(arn, "STOPPED", 40) for arn in arns]
        assert all(task["stopCode"] == "TaskFailedToStart" for task in tasks)
        assert all(task["stoppedReason"].startswith(begin) for task in tasks)
        return [task["stoppedReason"].removeprefix(begin) for task in tasks]

    unknown = {"efsVolumeConfiguration": {"fileSystemId": "fs-0123456789abcdef0"}}
    zone, nowhere, missing, wrong = reasons(
        (efs(shared), third),
        (unknown, first),
        (efs(shared, rootDirectory="/nowhere"), first),
        (efs(shared, **point), first),
    )
    name = f"{shared['system']}.efs.us-east-1.amazonaws.com"
    assert zone.startswith(f'Failed to resolve "{name}" - check that your file system ID')
    assert "code: 1." in zone and "create one in a subnet of us-east-1c" in zone
    assert "There is no file system" in nowhere
    assert "mounting 127.0.0.1:/nowhere failed, reason given by server: No such file or directory" in missing
    assert "access denied by server while mounting 127.0.0.1:/ : unsuccessful EFS utils" in wrong
    place.ec2.revoke_security_group_ingress(GroupId=shared["group"], IpPermissions=rules(place, shared["group"]))
    (closed,) = reasons((efs(shared), first))
    assert closed.startswith("mount.nfs4: Connection timed out") and "TCP port 2049" in closed
    member = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, "UserIdGroupPairs": [{"GroupId": place.group}]}
    place.ec2.authorize_security_group_ingress(GroupId=shared["group"], IpPermissions=[member])


def rules(place: Place, group: str) -> Any:
    found = place.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    return [{**each, "UserIdGroupPairs": [{"GroupId": place.group}]} for each in found]


def test_access_points_have_a_root_of_their_own(cloud: RunningCloud, place: Place, shared: dict[str, Any]) -> None:
    client, first = cloud.client("efs"), shared["subnets"][0]
    made = client.create_access_point(
        ClientToken=cloud.name("point"),
        FileSystemId=shared["system"],
        RootDirectory={"Path": "/app", "CreationInfo": {"OwnerUid": 1000, "OwnerGid": 1000, "Permissions": "0750"}},
    )["AccessPointId"]
    assert until(
        lambda: client.describe_access_points(AccessPointId=made)["AccessPoints"][0]["LifeCycleState"] == "available"
    )
    volume = efs(shared, transitEncryption="ENABLED", authorizationConfig={"accessPointId": made})
    assert exit_code(ended(place, program(place, WRITE, "page", volume=volume), first)) == 0
    below = program(place, READ, "page", volume=efs(shared, rootDirectory="/app"))
    assert exit_code(ended(place, below, first)) == 0


def test_the_policy_of_a_file_system_and_the_role_of_a_task_decide(
    cloud: RunningCloud, place: Place, shared: dict[str, Any]
) -> None:
    first, system = shared["subnets"][0], new_system(cloud)
    new_target(cloud, system, first, SecurityGroups=[shared["group"]])
    arn = f"arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/{system}"
    mount = {"Effect": "Allow", "Action": "elasticfilesystem:ClientMount", "Resource": arn}
    allowed = task_role(cloud, cloud.name("mounts"), mount)
    nothing = task_role(cloud, cloud.name("nothing"))
    denied = task_role(cloud, cloud.name("denied"), {**mount, "Effect": "Deny"})
    volume = {
        "efsVolumeConfiguration": {
            "fileSystemId": system, "transitEncryption": "ENABLED", "authorizationConfig": {"iam": "ENABLED"},
        }
    }  # fmt: skip
    plain = {"efsVolumeConfiguration": {"fileSystemId": system}}

    def reasons(*asked: tuple[dict[str, Any], str]) -> list[str]:
        roles = [{"taskRoleArn": role} if role else {} for _volume, role in asked]
        made = [program(place, "pass", volume=one[0], **role) for one, role in zip(asked, roles, strict=True)]
        arns = [begun(place, definition, first) for definition in made]
        return [str(place.until_task(arn, "STOPPED", 40)["stoppedReason"]) for arn in arns]

    done = "Essential container in task exited"
    # without a policy everybody may who reaches a mount target; an explicit deny still counts
    free, forbidden, nobody = reasons((volume, nothing), (volume, denied), (volume, ""))
    assert free == done
    assert "explicit deny in an identity-based policy" in forbidden
    assert "has no task role" in nobody
    cloud.client("efs").put_file_system_policy(
        FileSystemId=system,
        Policy=json.dumps({"Statement": [{
            "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }]}),
    )  # fmt: skip
    anonymous, without, with_role = reasons((plain, ""), (volume, nothing), (volume, allowed))
    assert "access denied by server" in anonymous
    assert "not authorized to perform: elasticfilesystem:ClientMount" in without
    assert with_role == done


def test_a_bind_mount_is_shared_by_containers_and_ends_with_its_task(place: Place) -> None:
    wait = "import os,time,pathlib; p=pathlib.Path(os.environ['DATA'],'page')\nwhile not p.exists(): time.sleep(.05)"
    write = "import os,time,pathlib; pathlib.Path(os.environ['DATA'],'page').write_text('x'); time.sleep(600)"
    container = {"image": "python:3.12-alpine", "environment": [{"name": "DATA", "value": "/data"}]}
    made = place.ecs.register_task_definition(
        family=place.cloud.name("bind"), networkMode="awsvpc", requiresCompatibilities=["FARGATE"],
        cpu="256", memory="512", ephemeralStorage={"sizeInGiB": 30}, volumes=[{"name": "scratch"}],
        containerDefinitions=[
            {**container, "name": "reads", "command": ["python", "-c", wait],
             "volumesFrom": [{"sourceContainer": "writes"}]},
            {**container, "name": "writes", "command": ["python", "-c", write],
             "mountPoints": [{"sourceVolume": "scratch", "containerPath": "/data"}]},
        ],
    )["taskDefinition"]["taskDefinitionArn"]  # fmt: skip
    task = place.until_task(place.run(made)["taskArn"], "STOPPED", 40)
    assert {each["name"]: each.get("exitCode") for each in task["containers"]}["reads"] == 0
    assert task["ephemeralStorage"] == {"sizeInGiB": 30}
    folder = place.cloud.home / "ecs" / "tasks" / task["taskArn"].rpartition("/")[2]
    assert until(lambda: not folder.exists())


def on_instance(place: Place, code: str, *words: str, volume: dict[str, Any]) -> str:
    """A task definition for EC2 whose program sees a volume."""
    container = {
        "name": "web", "image": "python:3.12-alpine", "memory": 64, "mountPoints": [NAMES],
        "command": ["python", "-c", code.replace("/data", "'+os.environ['DATA']+'"), *words],
        "environment": [{"name": "DATA", "value": "/data"}],
    }  # fmt: skip
    made = place.ecs.register_task_definition(
        family=place.cloud.name("storage"), containerDefinitions=[container], volumes=[{"name": "data", **volume}]
    )
    return str(made["taskDefinition"]["taskDefinitionArn"])


def test_folders_of_an_instance_and_docker_volumes_stay_there(place: Place) -> None:
    fleet = Fleet(place)
    fleet.create(desired=1)
    fleet.until_joined(1)

    def end(code: str, *words: str, volume: dict[str, Any]) -> dict[str, Any]:
        made = place.ecs.run_task(
            cluster=place.name, taskDefinition=on_instance(place, code, *words, volume=volume), launchType="EC2"
        )
        return place.until_task(made["tasks"][0]["taskArn"], "STOPPED", 40)

    folder = {"host": {"sourcePath": "/srv/data"}}
    assert exit_code(end(WRITE, "page", volume=folder)) == 0
    assert exit_code(end(READ, "page", volume=folder)) == 0
    shared = {"dockerVolumeConfiguration": {"scope": "shared", "autoprovision": True}}
    assert exit_code(end(WRITE, "kept", volume=shared)) == 0
    assert exit_code(end(READ, "kept", volume={"dockerVolumeConfiguration": {"scope": "shared"}})) == 0
    assert exit_code(end(READ, "", volume={"dockerVolumeConfiguration": {"scope": "task"}})) == 7
    system = new_system(place.cloud)
    refused = end("pass", volume={"efsVolumeConfiguration": {"fileSystemId": system}})
    assert refused["stoppedReason"].startswith("CannotCreateVolumeError: Error response from daemon: create data: ")
    assert refused["containers"][0].get("exitCode") is None
    fleet.delete()


@pytest.mark.matrix
@pytest.mark.parametrize("runtime", ["sandbox", "docker"])
def test_other_runtimes_really_mount_and_hold_read_only(tmp_path: Path, runtime: str) -> None:
    need(runtime)
    cloud = RunningCloud(tmp_path / "lab", LAB_RUNTIME=runtime, LAB_DOCKER_PULL="off")
    cloud.command("up")
    try:
        place = Place(cloud)
        system, first = new_system(cloud), subnets(cloud)[0]["SubnetId"]
        new_target(cloud, system, first, SecurityGroups=[place.security_group(2049)])
        volume = {"name": "data", "efsVolumeConfiguration": {"fileSystemId": system}}
        code = "open('/data/page', 'w').write('x'); open('/seen/page').read(); open('/seen/other', 'w')"
        seen = {"sourceVolume": "data", "containerPath": "/seen", "readOnly": True}
        container = {"name": "web", "image": "python:3.12-alpine", "command": ["python", "-c", code]}
        made = place.ecs.register_task_definition(
            family="mounts", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
            volumes=[volume], containerDefinitions=[{**container, "mountPoints": [NAMES, seen]}],
        )["taskDefinition"]["taskDefinitionArn"]  # fmt: skip
        assert exit_code(ended(place, made, first)) == 1  # the last of the three is refused
        assert [each.name for each in (cloud.home / "efs" / "us-east-1" / system).iterdir()] == ["page"]
    finally:
        cloud.command("down")
