"""What may be said of volumes, and what containers see of them: pure."""

from pathlib import Path
from typing import Any

import pytest

from lab_cloud.ecs.volumes import Prepared, check_volumes, launched_volume, mounts_of
from lab_cloud.errors import AwsError

POINT = {"sourceVolume": "data", "containerPath": "/data"}
EFS = {"fileSystemId": "fs-0123456789abcdef0"}


def definition(volumes: list[dict[str, Any]], *containers: dict[str, Any]) -> dict[str, Any]:
    made = [{"name": f"c{number}", "image": "x", **each} for number, each in enumerate(containers or ({},))]
    return {"family": "f", "containerDefinitions": made, "volumes": volumes}


def efs(**more: Any) -> dict[str, Any]:
    return {"name": "data", "efsVolumeConfiguration": {**EFS, **more}}


@pytest.mark.parametrize(
    ("registered", "words"),
    [
        (definition([{"name": "a b"}]), "Invalid volume name"),
        (definition([{"name": "data"}, {"name": "data"}]), "used twice"),
        (definition([], {"mountPoints": [POINT]}), "Unknown volume 'data'"),
        (definition([{"name": "data"}], {"mountPoints": [{**POINT, "containerPath": "/"}]}), "Invalid container path"),
        (definition([{"name": "data"}], {"mountPoints": [{**POINT, "containerPath": "data"}]}), "Invalid container"),
        (definition([{"name": "data"}], {"mountPoints": [POINT, POINT]}), "used twice in container"),
        (definition([], {"volumesFrom": [{"sourceContainer": "nobody"}]}), "volumesFrom"),
        (definition([], {"volumesFrom": [{"sourceContainer": "c0"}]}), "volumesFrom"),
        (
            definition([{"name": "a", "configuredAtLaunch": True}, {"name": "b", "configuredAtLaunch": True}]),
            "only one",
        ),
        (definition([{**efs(), "host": {"sourcePath": "/x"}}]), "must have only one of"),
        (definition([efs(fileSystemId="")]), "fileSystemId"),
        (definition([efs(rootDirectory="data")]), "must begin with"),
        (definition([efs(authorizationConfig={"accessPointId": "fsap-0123456789abcdef0"})]), "must be ENABLED"),
        (definition([efs(authorizationConfig={"iam": "ENABLED"})]), "must be ENABLED with IAM authorization"),
        (
            definition(
                [
                    efs(
                        rootDirectory="/app",
                        transitEncryption="ENABLED",
                        authorizationConfig={"accessPointId": "fsap-0123456789abcdef0"},
                    )
                ]
            ),
            "omitted or set to '/'",
        ),
        (definition([efs(transitEncryptionPort=3000)]), "transitEncryptionPort"),
        (definition([{"name": "a", "s3filesVolumeConfiguration": {"fileSystemArn": "arn"}}]), "S3 Files"),
        (definition([{"name": "a", "fsxWindowsFileServerVolumeConfiguration": {"fileSystemId": "x"}}]), "Windows"),
        (definition([{"name": "a", "dockerVolumeConfiguration": {"driver": "rexray"}}]), "'local' only"),
        (definition([{"name": "a", "dockerVolumeConfiguration": {"autoprovision": True}}]), "scope 'shared'"),
    ],
)
def test_what_is_refused(registered: dict[str, Any], words: str) -> None:
    with pytest.raises(AwsError, match=words) as caught:
        check_volumes(registered)
    assert caught.value.code == "ClientException"


def test_what_is_taken() -> None:
    point = {"accessPointId": "fsap-0123456789abcdef0", "iam": "ENABLED"}
    volumes = [
        efs(transitEncryption="ENABLED", authorizationConfig=point),
        {"name": "late", "configuredAtLaunch": True},
    ]
    registered = definition(volumes, {"mountPoints": [POINT]}, {"volumesFrom": [{"sourceContainer": "c0"}]})
    check_volumes(registered)
    assert launched_volume(registered) == "late"
    assert launched_volume(definition([])) == ""


def test_mounts_of_ones_own_and_of_other_containers() -> None:
    containers = [
        {"name": "web", "mountPoints": [POINT, {"sourceVolume": "kept", "containerPath": "/kept/", "readOnly": True}]},
        {"name": "log", "volumesFrom": [{"sourceContainer": "web", "readOnly": True}]},
        {
            "name": "own",
            "volumesFrom": [{"sourceContainer": "log"}],
            "mountPoints": [{**POINT, "sourceVolume": "kept"}],
        },
    ]
    prepared = {"data": Prepared(Path("a")), "kept": Prepared(Path("b"), read_only=False)}
    web, log, own = (
        {each.target: (str(each.source), each.read_only) for each in mounts_of(one, containers, prepared)}
        for one in containers
    )
    assert web == {"/data": ("a", False), "/kept": ("b", True)}
    assert log == {"/data": ("a", True), "/kept": ("b", True)}
    assert own == {"/data": ("b", False), "/kept": ("b", True)}


def test_containers_that_name_each_other_end() -> None:
    containers = [
        {"name": "a", "volumesFrom": [{"sourceContainer": "b"}], "mountPoints": [POINT]},
        {"name": "b", "volumesFrom": [{"sourceContainer": "a"}]},
    ]
    found = mounts_of(containers[1], containers, {"data": Prepared(Path("x"), read_only=True)})
    assert [(each.target, each.read_only) for each in found] == [("/data", True)]
