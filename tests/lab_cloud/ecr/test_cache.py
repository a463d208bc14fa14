import json
from typing import Any

import pytest

from tests.lab_cloud.ecr.registry import Registry
from tests.lab_cloud.ecr.test_pulling import stopped
from tests.lab_cloud.ecs.test_tasks_api import refused
from tests.stage import Place, RunningCloud


@pytest.fixture
def prefix(cloud: RunningCloud) -> str:
    """A rule for the public gallery, under a prefix of the test's own."""
    made = cloud.name("gallery")
    cloud.client("ecr").create_pull_through_cache_rule(ecrRepositoryPrefix=made, upstreamRegistryUrl="public.ecr.aws")
    return made


def test_the_first_pull_makes_the_repository(cloud: RunningCloud, registry: Registry, prefix: str) -> None:
    ecr, name = cloud.client("ecr"), f"{prefix}/nginx/nginx"
    refused(ecr.describe_repositories, "RepositoryNotFoundException", name, repositoryNames=[name])
    answer = registry.ask("GET", f"/v2/{name}/manifests/latest")
    assert answer.status == 200
    for layer in answer.json["layers"]:
        assert len(registry.ask("GET", f"/v2/{name}/blobs/{layer['digest']}").body) == layer["size"]
    found = ecr.describe_images(repositoryName=name)["imageDetails"]
    assert [each["imageTags"] for each in found] == [["latest"]]
    public = cloud.client("ecr-public").describe_images(repositoryName="nginx/nginx")["imageDetails"]
    assert found[0]["imageDigest"] in [each["imageDigest"] for each in public]
    assert registry.ask("GET", f"/v2/{name}/manifests/no-such-tag").code == "MANIFEST_UNKNOWN"
    assert registry.ask("GET", f"/v2/{prefix}/no/where/manifests/latest").code == "NAME_UNKNOWN"


def test_a_task_pulls_through(place: Place, registry: Registry, prefix: str) -> None:
    image = f"{registry.host}/{prefix}/docker/library/python:3.12-alpine"
    grant = {"Effect": "Allow", "Action": ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"], "Resource": "*"}
    place.cloud.client("iam").put_role_policy(
        RoleName="ecsTaskExecutionRole",
        PolicyName="cache",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [grant]}),
    )
    task = stopped(place, image, command=["python", "-c", "raise SystemExit(5)"])
    assert task["containers"][0].get("exitCode") == 5, task["stoppedReason"]


def test_the_registrys_policy_can_forbid_it(cloud: RunningCloud, registry: Registry, prefix: str) -> None:
    ecr = cloud.client("ecr")
    statement = {"Effect": "Deny", "Principal": "*", "Action": "ecr:BatchImportUpstreamImage"}
    ecr.put_registry_policy(policyText=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    try:
        assert registry.ask("GET", f"/v2/{prefix}/nginx/nginx/manifests/latest").code == "DENIED"
    finally:
        ecr.delete_registry_policy()


def test_rules_come_and_go(cloud: RunningCloud, prefix: str) -> None:
    ecr = cloud.client("ecr")
    create: Any = ecr.create_pull_through_cache_rule
    again = {"ecrRepositoryPrefix": prefix, "upstreamRegistryUrl": "public.ecr.aws"}
    refused(create, "PullThroughCacheRuleAlreadyExistsException", prefix, **again)
    other = {"ecrRepositoryPrefix": "other", "upstreamRegistryUrl": "registry.example"}
    refused(create, "UnsupportedUpstreamRegistryException", "registry.example", **other)
    hub = {"ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io"}
    refused(create, "InvalidParameterException", "credentialArn", **hub)
    found = ecr.describe_pull_through_cache_rules(ecrRepositoryPrefixes=[prefix])["pullThroughCacheRules"]
    assert found[0]["upstreamRegistry"] == "ecr-public"
    assert ecr.validate_pull_through_cache_rule(ecrRepositoryPrefix=prefix)["isValid"]
    ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix=prefix)
    refused(
        ecr.describe_pull_through_cache_rules, "PullThroughCacheRuleNotFoundException", prefix,
        ecrRepositoryPrefixes=[prefix],
    )  # fmt: skip


def test_a_push_makes_a_repository_by_its_template(cloud: RunningCloud, registry: Registry) -> None:
    ecr, prefix = cloud.client("ecr"), cloud.name("template")
    assert registry.ask("POST", f"/v2/{prefix}/web/blobs/uploads/").code == "NAME_UNKNOWN"
    ecr.create_repository_creation_template(
        prefix=prefix, appliedFor=["CREATE_ON_PUSH"], imageTagMutability="IMMUTABLE",
        resourceTags=[{"Key": "team", "Value": "a"}],
    )  # fmt: skip
    registry.push_blob(f"{prefix}/web", b"made by a push")
    made = ecr.describe_repositories(repositoryNames=[f"{prefix}/web"])["repositories"][0]
    assert made["imageTagMutability"] == "IMMUTABLE"
    assert ecr.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"] == [{"Key": "team", "Value": "a"}]
    assert registry.ask("POST", "/v2/elsewhere/web/blobs/uploads/").code == "NAME_UNKNOWN"
    ecr.delete_repository_creation_template(prefix=prefix)
