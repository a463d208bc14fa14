"""The things of ECR that a lab makes: repositories, with the images in them."""

from collections.abc import Iterator
from typing import Any

from .inventory import Kind, Tags, Thing, pages


def _repositories(ecr: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages(ecr, "describe_repositories", "repositories"):
        lab = tags.lab(ecr.list_tags_for_resource(resourceArn=one["repositoryArn"]).get("tags"))
        if lab is not None:
            yield Thing("repository", one["repositoryName"], one["repositoryArn"], lab, one["imageTagMutability"])


def _delete_repository(ecr: Any, thing: Thing) -> None:
    ecr.delete_repository(repositoryName=thing.name, force=True)


REPOSITORIES = Kind("repository", "ecr", _repositories, _delete_repository)
