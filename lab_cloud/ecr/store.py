"""All that ECR knows, by region, and the look-ups that raise AWS's errors."""

import fnmatch
from dataclasses import dataclass, field
from typing import Any

from ..errors import AwsError
from ..wire import ACCOUNT
from .repository import Repository


@dataclass
class Registry:
    """The account's private registry in one region.

    Parameters
    ----------
    region : str
        For example ``us-east-1``.
    """

    region: str
    repositories: dict[str, Repository] = field(default_factory=dict)
    policy: str | None = None
    replication: dict[str, Any] = field(default_factory=lambda: {"rules": []})
    scanning: dict[str, Any] = field(default_factory=lambda: {"scanType": "BASIC", "rules": []})
    signing: dict[str, Any] | None = None
    settings: dict[str, str] = field(default_factory=dict)
    cache_rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    templates: dict[str, dict[str, Any]] = field(default_factory=dict)
    pull_time_exclusions: dict[str, float] = field(default_factory=dict)

    def scan_filters(self, name: str) -> list[dict[str, str]]:
        """The filters of the registry's scan-on-push rules that a repository's name meets."""
        return [
            each
            for rule in self.scanning["rules"]
            if rule["scanFrequency"] == "SCAN_ON_PUSH"
            for each in rule["repositoryFilters"]
            if fnmatch.fnmatchcase(name, each["filter"] if "*" in each["filter"] else f"*{each['filter']}*")
        ]

    def template_for(self, name: str, purpose: str) -> dict[str, Any] | None:
        """The template for a repository that is made by the way, the longest prefix first."""
        fitting = [
            each
            for prefix, each in self.templates.items()
            if purpose in each["appliedFor"] and (prefix == "ROOT" or name.startswith(prefix.rstrip("/") + "/"))
        ]
        return max(fitting, key=lambda each: (each["prefix"] != "ROOT", len(each["prefix"])), default=None)

    def get(self, name: str) -> Repository:
        """A repository.

        Raises
        ------
        AwsError
            ``RepositoryNotFoundException``.
        """
        found = self.repositories.get(name)
        if found is None:
            raise AwsError(
                "RepositoryNotFoundException",
                f"The repository with name '{name}' does not exist in the registry with id '{ACCOUNT}'",
            )
        return found


@dataclass
class Store:
    """ECR in all regions."""

    registries: dict[str, Registry] = field(default_factory=dict)

    def registry(self, region: str) -> Registry:
        """One region's registry, made when first asked for."""
        return self.registries.setdefault(region, Registry(region))

    def repositories(self) -> list[Repository]:
        """All repositories of all regions."""
        return [each for registry in self.registries.values() for each in registry.repositories.values()]


def check_registry(params: dict[str, Any]) -> None:
    """Refuse another account's registry.

    Raises
    ------
    AwsError
        ``RepositoryNotFoundException``, since this cloud has one account.
    """
    wanted = params.get("registryId")
    if wanted not in (None, ACCOUNT) and "repositoryName" not in params:
        raise AwsError("AccessDeniedException", f"This cloud has one account, and its registry is {ACCOUNT}.")
    if wanted not in (None, ACCOUNT):
        raise AwsError(
            "RepositoryNotFoundException",
            f"The repository with name '{params['repositoryName']}' does not exist in the registry with id '{wanted}'",
        )
