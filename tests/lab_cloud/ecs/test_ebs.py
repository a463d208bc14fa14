"""What may be asked for a volume that is configured at launch: pure."""

from typing import Any

import pytest

from lab_cloud.ecs.ebs import check_launch, tags_of
from lab_cloud.errors import AwsError

LATE = {"volumes": [{"name": "data", "configuredAtLaunch": True}]}
ROLE = "arn:aws:iam::123456789012:role/ecsInfrastructureRole"


def asked(name: str = "data", **settings: Any) -> dict[str, Any]:
    return {"volumeConfigurations": [{"name": name, "managedEBSVolume": {"roleArn": ROLE, **settings}}]}


@pytest.mark.parametrize(
    ("registered", "params", "words"),
    [
        (LATE, {}, "must be specified for it"),
        ({}, asked(sizeInGiB=1), "not configured at launch"),
        (LATE, asked("other", sizeInGiB=1), "not configured at launch"),
        (LATE, {"volumeConfigurations": asked(sizeInGiB=1)["volumeConfigurations"] * 2}, "At most one"),
        (LATE, {"volumeConfigurations": [{"name": "data"}]}, "managedEBSVolume must"),
        (LATE, asked(), "either sizeInGiB or snapshotId"),
        (LATE, asked(sizeInGiB=0), "1 to 16384 GiB"),
        (LATE, asked(sizeInGiB=100, volumeType="st1"), "125 to 16384 GiB"),
        (LATE, asked(sizeInGiB=10, volumeType="fast"), "Invalid volumeType"),
        (LATE, asked(sizeInGiB=10, volumeType="standard"), "not supported on Fargate"),
        (LATE, asked(sizeInGiB=10, volumeType="io2"), "iops must be specified"),
        (LATE, asked(sizeInGiB=10, volumeType="gp2", iops=3000), "iops is not supported"),
        (LATE, asked(sizeInGiB=10, iops=1), "3000 to 16000"),
        (
            LATE,
            asked(sizeInGiB=10, volumeType="io2", iops=100, throughput=200),
            "only supported for the volumeType gp3",
        ),
        (LATE, asked(sizeInGiB=10, kmsKeyId="key"), "needs encrypted"),
        (LATE, asked(sizeInGiB=10, filesystemType="ntfs"), "Windows"),
    ],
)
def test_what_is_refused(registered: dict[str, Any], params: dict[str, Any], words: str) -> None:
    with pytest.raises(AwsError, match=words) as caught:
        check_launch(registered, params, "FARGATE")
    assert caught.value.code == "InvalidParameterException"


def test_what_is_taken_and_whose_role_it_hands_over() -> None:
    assert check_launch({}, {}, "FARGATE") == ()
    assert check_launch(LATE, asked(sizeInGiB=10, throughput=500), "FARGATE") == (ROLE,)
    assert check_launch(LATE, asked(snapshotId="snap-1"), "FARGATE") == (ROLE,)
    assert check_launch(LATE, asked(sizeInGiB=10, volumeType="standard"), "EC2") == (ROLE,)


def test_tags_of_a_volume() -> None:
    settings = {
        "tagSpecifications": [
            {"resourceType": "volume", "propagateTags": "TASK_DEFINITION", "tags": [{"key": "a", "value": "own"}]}
        ]
    }
    found = tags_of(settings, {"AmazonECSManaged": "true"}, {"a": "definition", "b": "definition"}, {"c": "service"})
    assert found == {"a": "own", "b": "definition", "AmazonECSManaged": "true"}
