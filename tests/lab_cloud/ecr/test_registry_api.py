from typing import Any

import pytest

from tests.lab_cloud.ecr.registry import Registry, small
from tests.lab_cloud.ecs.test_tasks_api import refused
from tests.stage import RunningCloud


def test_what_is_described_and_not_done_says_so(cloud: RunningCloud, registry: Registry, name: str) -> None:
    ecr = cloud.client("ecr")
    digest = registry.push(name, small("registry"), "v1")
    assert ecr.describe_registry()["replicationConfiguration"] == {"rules": []}
    rule = {"destinations": [{"region": "eu-west-1", "registryId": "123456789012"}]}
    refused(
        ecr.put_replication_configuration, "ValidationException", "does not replicate",
        replicationConfiguration={"rules": [rule]},
    )  # fmt: skip
    identity = {"repositoryName": name, "imageId": {"imageDigest": digest}}
    assert ecr.describe_image_replication_status(**identity)["replicationStatuses"] == []
    assert ecr.describe_image_signing_status(**identity)["signingStatuses"] == []
    profile = "arn:aws:signer:us-east-1:123456789012:/signing-profiles/mine"
    configuration = {"rules": [{"signingProfileArn": profile}]}
    refused(ecr.put_signing_configuration, "ValidationException", "Signer", signingConfiguration=configuration)
    refused(ecr.get_signing_configuration, "SigningConfigurationNotFoundException", "123456789012")


def test_account_settings(cloud: RunningCloud) -> None:
    ecr = cloud.client("ecr")
    assert ecr.get_account_setting(name="BASIC_SCAN_TYPE_VERSION")["value"] == "AWS_NATIVE"
    refused(ecr.put_account_setting, "ValidationException", "CLAIR", name="BASIC_SCAN_TYPE_VERSION", value="CLAIR")
    refused(ecr.get_account_setting, "ValidationException", "no account setting", name="COLOUR")
    try:
        ecr.put_account_setting(name="BLOB_MOUNTING", value="DISABLED")
        assert ecr.get_account_setting(name="BLOB_MOUNTING")["value"] == "DISABLED"
    finally:
        ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")


def test_a_mount_where_mounting_is_off_is_an_upload(cloud: RunningCloud, registry: Registry, name: str) -> None:
    ecr, other = cloud.client("ecr"), cloud.name("repository")
    ecr.create_repository(repositoryName=other)
    digest = registry.push_blob(other, b"not mounted")
    ecr.put_account_setting(name="BLOB_MOUNTING", value="DISABLED")
    try:
        assert registry.ask("POST", f"/v2/{name}/blobs/uploads/?mount={digest}&from={other}").status == 202
    finally:
        ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")


def test_pulls_of_some_principals_are_not_noted(cloud: RunningCloud) -> None:
    ecr, arn = cloud.client("ecr"), f"arn:aws:iam::123456789012:user/{cloud.name('user')}"
    assert ecr.register_pull_time_update_exclusion(principalArn=arn)["createdAt"]
    refused(ecr.register_pull_time_update_exclusion, "ExclusionAlreadyExistsException", arn, principalArn=arn)
    assert arn in ecr.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"]
    ecr.deregister_pull_time_update_exclusion(principalArn=arn)
    refused(ecr.deregister_pull_time_update_exclusion, "ExclusionNotFoundException", arn, principalArn=arn)


@pytest.mark.parametrize("wrong", [{"repositoryPolicy": "{"}, {"lifecyclePolicy": '{"rules": []}'}])
def test_templates_hold_policies_that_are_ones(cloud: RunningCloud, wrong: dict[str, Any]) -> None:
    ecr, prefix = cloud.client("ecr"), cloud.name("template")
    create = ecr.create_repository_creation_template
    applied = ["CREATE_ON_PUSH"]
    refused(create, "InvalidParameterException", "constraint", prefix=prefix, appliedFor=applied, **wrong)
    made = create(prefix=prefix, appliedFor=applied, description="one")["repositoryCreationTemplate"]
    refused(create, "TemplateAlreadyExistsException", prefix, prefix=prefix, appliedFor=applied)
    changed = ecr.update_repository_creation_template(prefix=prefix, description="two")["repositoryCreationTemplate"]
    assert (made["description"], changed["description"]) == ("one", "two")
    found = ecr.describe_repository_creation_templates(prefixes=[prefix])["repositoryCreationTemplates"]
    assert [each["prefix"] for each in found] == [prefix]
    ecr.delete_repository_creation_template(prefix=prefix)
    refused(ecr.delete_repository_creation_template, "TemplateNotFoundException", prefix, prefix=prefix)
