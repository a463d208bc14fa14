from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.lab_cloud.ecr.registry import Registry, small
from tests.lab_cloud.ecs.test_tasks_api import refused
from tests.stage import RunningCloud


def test_a_repository_comes_and_goes(cloud: RunningCloud, registry: Registry) -> None:
    ecr, name = cloud.client("ecr"), f"team/{cloud.name('repository')}"
    made = ecr.create_repository(repositoryName=name, tags=[{"Key": "lab", "Value": "08"}])["repository"]
    assert made["repositoryArn"] == f"arn:aws:ecr:us-east-1:123456789012:repository/{name}"
    assert made["repositoryUri"] == f"{registry.host}/{name}"
    assert made["registryId"] == "123456789012"
    assert made["imageTagMutability"] == "MUTABLE"
    assert made["imageScanningConfiguration"] == {"scanOnPush": False}
    assert made["encryptionConfiguration"] == {"encryptionType": "AES256"}
    found = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    assert found == [made]
    refused(ecr.create_repository, "RepositoryAlreadyExistsException", name, repositoryName=name)
    registry.push(name, small("full"), "v1")
    refused(ecr.delete_repository, "RepositoryNotEmptyException", "still contains images", repositoryName=name)
    assert (
        ecr.delete_repository(repositoryName=name, force=True)["repository"]["repositoryArn"] == made["repositoryArn"]
    )
    refused(ecr.describe_repositories, "RepositoryNotFoundException", name, repositoryNames=[name])
    refused(ecr.delete_repository, "RepositoryNotFoundException", name, repositoryName=name)


def test_pages(cloud: RunningCloud) -> None:
    ecr, stem = cloud.client("ecr"), cloud.name("page")
    for number in range(5):
        ecr.create_repository(repositoryName=f"{stem}/{number}")
    pages = ecr.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 2})
    names = [each["repositoryName"] for page in pages for each in page["repositories"]]
    assert names == sorted(names)
    assert [name for name in names if name.startswith(f"{stem}/")] == [f"{stem}/{number}" for number in range(5)]
    refused(ecr.describe_repositories, "InvalidParameterException", "Invalid token", nextToken="x")


@pytest.mark.parametrize("name", ["Upper", "a b", "-a", "a//b", "a/", "a" * 257])
def test_names_that_aws_refuses(cloud: RunningCloud, name: str) -> None:
    refused(cloud.client("ecr").create_repository, "InvalidParameterException", "repositoryName", repositoryName=name)


def test_another_accounts_registry(cloud: RunningCloud, name: str) -> None:
    describe = cloud.client("ecr").describe_images
    refused(describe, "RepositoryNotFoundException", "210987654321", repositoryName=name, registryId="210987654321")


def test_regions_are_apart(cloud: RunningCloud, name: str) -> None:
    other = cloud.session().client("ecr", region_name="eu-west-1", endpoint_url=cloud.endpoint)
    assert name not in [each["repositoryName"] for each in other.describe_repositories()["repositories"]]


def test_tags(cloud: RunningCloud, name: str) -> None:
    ecr = cloud.client("ecr")
    arn = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]["repositoryArn"]
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    ecr.untag_resource(resourceArn=arn, tagKeys=["b", "c"])
    assert ecr.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "a", "Value": "1"}]
    many = [{"Key": str(number), "Value": ""} for number in range(50)]
    refused(ecr.tag_resource, "TooManyTagsException", "50", resourceArn=arn, tags=many)
    own = [{"Key": "aws:x", "Value": ""}]
    refused(ecr.tag_resource, "InvalidTagParameterException", "aws:", resourceArn=arn, tags=own)
    refused(ecr.list_tags_for_resource, "InvalidParameterException", "ARN", resourceArn="arn:aws:ecs:x")
    refused(ecr.list_tags_for_resource, "RepositoryNotFoundException", "no", resourceArn=arn.replace(name, "no"))


def test_mutability_and_its_exclusions(cloud: RunningCloud, name: str) -> None:
    change: Any = cloud.client("ecr").put_image_tag_mutability
    filters = [{"filterType": "WILDCARD", "filter": "dev-*"}]
    kind = "IMMUTABLE_WITH_EXCLUSION"
    made = change(repositoryName=name, imageTagMutability=kind, imageTagMutabilityExclusionFilters=filters)
    assert made["imageTagMutabilityExclusionFilters"] == filters
    code, word = "InvalidParameterException", "imageTagMutabilityExclusionFilters"
    refused(change, code, word, repositoryName=name, imageTagMutability=kind)
    refused(
        change,
        code,
        word,
        repositoryName=name,
        imageTagMutability="MUTABLE",
        imageTagMutabilityExclusionFilters=filters,
    )
    many = [{"filterType": "WILDCARD", "filter": "a*b*c*"}]
    refused(change, code, "wildcards", repositoryName=name, imageTagMutability=kind,
            imageTagMutabilityExclusionFilters=many)  # fmt: skip


def test_encryption_is_kept_and_named(cloud: RunningCloud) -> None:
    ecr = cloud.client("ecr")
    made = ecr.create_repository(
        repositoryName=cloud.name("encrypted"), encryptionConfiguration={"encryptionType": "KMS"}
    )["repository"]["encryptionConfiguration"]
    assert made["encryptionType"] == "KMS"
    assert made["kmsKey"].startswith("arn:aws:kms:us-east-1:123456789012:key/")


def test_errors_have_the_status_of_the_protocol(cloud: RunningCloud) -> None:
    with pytest.raises(ClientError) as caught:
        cloud.client("ecr").describe_images(repositoryName="no/where")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    other = "210987654321"
    refused(cloud.client("ecr").describe_repositories, "AccessDeniedException", "one account", registryId=other)
