"""Operations on repositories, their settings and their tags."""

import uuid
from typing import Any

from ..errors import AwsError
from ..wire import ACCOUNT, PARTITION, Call
from . import names
from .operations import Operations, page
from .repository import MUTABLE, Repository

MAX_RESOURCE_TAGS = 50
EXCLUDING = "_WITH_EXCLUSION"
MAX_WILDCARDS = 2


class RepositoryOperations(Operations):
    """Create, describe, set up and delete repositories."""

    _host: str

    def create_repository(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreateRepository."""
        name = params["repositoryName"]
        registry = self._registry(call, params, names.arn(call.region, f"repository/{name}"))
        mutability = params.get("imageTagMutability", MUTABLE)
        exclusions = _exclusions(mutability, params.get("imageTagMutabilityExclusionFilters"))
        if name in registry.repositories:
            raise AwsError(
                "RepositoryAlreadyExistsException",
                f"The repository with name '{name}' already exists in the registry with id '{ACCOUNT}'",
            )
        repository = Repository(
            name,
            call.region,
            self._host,
            self._clock.now(),
            mutability=mutability,
            exclusions=exclusions,
            scan_on_push=bool(params.get("imageScanningConfiguration", {}).get("scanOnPush", False)),
            encryption=_encryption(call.region, params.get("encryptionConfiguration")),
            tags=_tags({}, params.get("tags", [])),
        )
        registry.repositories[name] = repository
        return {"repository": repository.describe()}

    def describe_repositories(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeRepositories."""
        registry = self._registry(call, params)
        wanted = params.get("repositoryNames")
        if wanted:
            return {"repositories": [registry.get(name).describe() for name in wanted]}
        found, token = page(sorted(registry.repositories.values(), key=lambda each: each.name), params)
        return {"repositories": [each.describe() for each in found], "nextToken": token}

    def delete_repository(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteRepository; one with images only by force."""
        repository = self._repository(call, params)
        if repository.images and not params.get("force"):
            raise AwsError(
                "RepositoryNotEmptyException",
                f"The repository with name '{repository.name}' in registry with id '{ACCOUNT}' cannot be deleted "
                "because it still contains images",
            )
        self._images.drop(repository)
        del self._store.registry(call.region).repositories[repository.name]
        return {"repository": repository.describe()}

    def put_image_tag_mutability(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutImageTagMutability, with the tags that are excluded from it."""
        repository = self._repository(call, params)
        mutability = params["imageTagMutability"]
        repository.exclusions = _exclusions(mutability, params.get("imageTagMutabilityExclusionFilters"))
        repository.mutability = mutability
        return {
            "registryId": ACCOUNT,
            "repositoryName": repository.name,
            "imageTagMutability": mutability,
            "imageTagMutabilityExclusionFilters": repository.exclusions or None,
        }

    def tag_resource(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """TagResource."""
        repository = self._by_arn(call, params)
        repository.tags = _tags(repository.tags, params["tags"])
        return {}

    def untag_resource(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UntagResource."""
        repository = self._by_arn(call, params)
        for key in params["tagKeys"]:
            repository.tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListTagsForResource."""
        tags = self._by_arn(call, params).tags
        return {"tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _by_arn(self, call: Call, params: dict[str, Any]) -> Repository:
        start = names.arn(call.region, "repository/")
        arn = params["resourceArn"]
        if not arn.startswith(start):
            raise AwsError(
                "InvalidParameterException",
                f"Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN: {arn}'",
            )
        return self._repository(call, {"repositoryName": arn.removeprefix(start)})


def _encryption(region: str, asked: dict[str, str] | None) -> dict[str, str]:
    """What was asked for; KMS without a key means AWS's own key for ECR. This cloud keeps it and encrypts nothing."""
    if asked is None:
        return {"encryptionType": "AES256"}
    if asked["encryptionType"] == "AES256":
        return asked
    own = uuid.uuid5(uuid.NAMESPACE_URL, f"{ACCOUNT}/{region}/aws/ecr")
    return {"kmsKey": f"arn:{PARTITION}:kms:{region}:{ACCOUNT}:key/{own}", **asked}


def _exclusions(mutability: str, filters: list[dict[str, str]] | None) -> list[dict[str, str]]:
    filters = filters or []
    if bool(filters) != mutability.endswith(EXCLUDING):
        raise AwsError(
            "InvalidParameterException",
            "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: "
            f"'Filters go with IMMUTABLE{EXCLUDING} and MUTABLE{EXCLUDING}, and only with them'",
        )
    for each in filters:
        if each["filter"].count("*") > MAX_WILDCARDS:
            raise AwsError(
                "InvalidParameterException",
                "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: "
                f"'A filter has at most {MAX_WILDCARDS} wildcards: {each['filter']}'",
            )
    return filters


def _tags(before: dict[str, str], added: list[dict[str, str]]) -> dict[str, str]:
    tags = {**before, **{each["Key"]: each["Value"] for each in added}}
    if len(tags) > MAX_RESOURCE_TAGS:
        raise AwsError("TooManyTagsException", f"A repository has at most {MAX_RESOURCE_TAGS} tags.")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256 or key.lower().startswith("aws:"):
            raise AwsError(
                "InvalidTagParameterException",
                f"Invalid tag '{key}'. A key has 1 to 128 characters and does not begin with aws:, "
                "a value has at most 256.",
            )
    return tags
