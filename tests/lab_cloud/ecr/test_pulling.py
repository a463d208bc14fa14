"""ECS runs what was pushed to ECR."""

import json
from typing import Any

import pytest

from tests.lab_cloud.ecr.registry import INDEX, OCI, Registry, digest_of, layer, picture
from tests.stage import Place, RunningCloud

ROLE = "arn:aws:iam::123456789012:role/ecsTaskExecutionRole"
PROGRAM = b"import sys\nprint('from the image')\nsys.exit(7)\n"


def program(text: str = "") -> Any:
    return picture(layer({"app/main.py": PROGRAM + text.encode()}), cmd=["python", "/app/main.py"])


def stopped(place: Place, image: str, **more: Any) -> dict[str, Any]:
    task = place.run(place.definition(image, **more))["taskArn"]
    found: dict[str, Any] = place.until_task(task, "STOPPED")
    return found


def test_by_tag_by_digest_and_by_index(place: Place, registry: Registry, name: str) -> None:
    image = program()
    registry.push(name, image, "v1")
    child = {"mediaType": OCI, "digest": image.digest, "size": len(image.manifest)}
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [child]}).encode()
    registry.ask("PUT", f"/v2/{name}/manifests/multi", index, Content_Type=INDEX)
    uri = f"{registry.host}/{name}"
    for reference, digest in (
        (f"{uri}:v1", image.digest),
        (f"{uri}@{image.digest}", image.digest),
        (f"{uri}:multi", digest_of(index)),
    ):
        task = stopped(place, reference)
        assert task["containers"][0].get("exitCode") == 7, task.get("stoppedReason")
        assert task["containers"][0]["imageDigest"] == digest
    details = place.cloud.client("ecr").describe_images(repositoryName=name)["imageDetails"]
    assert all("lastRecordedPullTime" in each for each in details)


def test_a_moved_tag_is_seen_by_the_next_task(place: Place, registry: Registry, name: str) -> None:
    for text in ("# one", "# two"):
        image = program(text)
        registry.push(name, image, "latest")
        assert stopped(place, f"{registry.host}/{name}")["containers"][0]["imageDigest"] == image.digest


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (":v9", "v9"),
        ("@sha256:" + "5" * 64, "not found"),
        ("-no:v1", "The repository with name"),
    ],
)
def test_what_is_not_there(place: Place, registry: Registry, name: str, end: str, words: str) -> None:
    task = stopped(place, f"{registry.host}/{name}{end}")
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError: pull image manifest has been retried")
    assert words in task["stoppedReason"]
    assert f"{registry.host}/{name}{end}" in task["stoppedReason"]


def test_a_denied_role(place: Place, registry: Registry, name: str) -> None:
    registry.push(name, program(), "v1")
    statement = {"Effect": "Deny", "Principal": {"AWS": ROLE}, "Action": "ecr:BatchGetImage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    place.cloud.client("ecr").set_repository_policy(repositoryName=name, policyText=policy)
    task = stopped(place, f"{registry.host}/{name}:v1")
    assert task["stoppedReason"].startswith("CannotPullContainerError: ")
    assert "assumed-role/ecsTaskExecutionRole/" in task["stoppedReason"]
    assert "is not authorized to perform: ecr:BatchGetImage" in task["stoppedReason"]


def test_a_role_that_may_nothing(cloud: RunningCloud, place: Place, registry: Registry, name: str) -> None:
    iam, role = cloud.client("iam"), cloud.name("execution")
    trust = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
    registry.push(name, program("# allowed"), "v1")
    made = place.ecs.register_task_definition(
        family=name, networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
        executionRoleArn=arn, containerDefinitions=[{"name": "web", "image": f"{registry.host}/{name}:v1"}],
    )["taskDefinition"]["taskDefinitionArn"]  # fmt: skip
    task = place.until_task(place.run(made)["taskArn"], "STOPPED")
    start = (
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
    )
    assert task["stoppedReason"].startswith(
        start + "unable to retrieve ecr registry auth: service call has been retried"
    )
    assert "no identity-based policy allows the ecr:GetAuthorizationToken action" in task["stoppedReason"]
    login = {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [login]})
    iam.put_role_policy(RoleName=role, PolicyName="login", PolicyDocument=text)
    task = place.until_task(place.run(made)["taskArn"], "STOPPED")
    assert task["stoppedReason"].startswith("CannotPullContainerError: ")
    assert "because no identity-based policy allows the ecr:BatchGetImage action" in task["stoppedReason"]
    iam.attach_role_policy(
        RoleName=role, PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    )
    assert place.until_task(place.run(made)["taskArn"], "STOPPED")["containers"][0]["exitCode"] == 7


def test_no_role_at_all(place: Place, registry: Registry, name: str) -> None:
    wanted = {
        "family": name, "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "containerDefinitions": [{"name": "web", "image": f"{registry.host}/{name}:v1"}],
    }  # fmt: skip
    with pytest.raises(place.ecs.exceptions.ClientException, match="execution role ARN to support ECR images"):
        place.ecs.register_task_definition(**wanted, requiresCompatibilities=["FARGATE"])
    assert place.ecs.list_task_definitions(familyPrefix=name)["taskDefinitionArns"] == []
    # A definition that was not made for Fargate alone is found out by the pull.
    registry.push(name, program(), "v1")
    made = place.ecs.register_task_definition(**wanted)["taskDefinition"]["taskDefinitionArn"]
    reason = place.until_task(place.run(made)["taskArn"], "STOPPED")["stoppedReason"]
    assert "no basic auth credentials" in reason
    assert "executionRoleArn" in reason


def test_a_corrupt_layer(cloud: RunningCloud, place: Place, registry: Registry, name: str) -> None:
    image = program("# corrupt")
    registry.push(name, image, "v1")
    digest = digest_of(image.layers[0])
    path = cloud.home / "ecr" / "blobs" / digest.removeprefix("sha256:")
    path.write_bytes(b"other bytes")
    task = stopped(place, f"{registry.host}/{name}:v1")
    assert task["stoppedReason"].startswith("CannotPullContainerError: ")
    assert f'failed commit on ref "layer-{digest}": unexpected commit digest' in task["stoppedReason"]
    path.write_bytes(image.layers[0])
    assert stopped(place, f"{registry.host}/{name}:v1")["containers"][0]["exitCode"] == 7


def test_the_pulls_of_an_excluded_role_are_not_noted(place: Place, registry: Registry, name: str) -> None:
    ecr = place.cloud.client("ecr")
    registry.push(name, program("# excluded"), "v1")
    ecr.register_pull_time_update_exclusion(principalArn=ROLE)
    try:
        assert stopped(place, f"{registry.host}/{name}:v1")["containers"][0]["exitCode"] == 7
    finally:
        ecr.deregister_pull_time_update_exclusion(principalArn=ROLE)
    assert "lastRecordedPullTime" not in ecr.describe_images(repositoryName=name)["imageDetails"][0]
