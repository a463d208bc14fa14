"""Operations on pull-through cache rules.

A rule for ``public.ecr.aws`` or Docker Hub works for the images that the course has of them: the first pull under its
prefix copies the image into a repository of this registry. This cloud downloads nothing.
"""

from typing import Any

from ..errors import AwsError
from ..wire import ACCOUNT, Call
from . import names
from .operations import Operations, page

UPSTREAMS = {
    # host: AWS's name of it
    "public.ecr.aws": "ecr-public",
    "registry-1.docker.io": "docker-hub",
    "quay.io": "quay",
    "registry.k8s.io": "k8s",
    "ghcr.io": "github-container-registry",
    "registry.gitlab.com": "gitlab-container-registry",
    "cgr.dev": "chainguard",
}
NEEDS_SECRET = {"docker-hub", "github-container-registry", "gitlab-container-registry", "chainguard"}
ROOT = "ROOT"


class CacheOperations(Operations):
    """Create, read, change and delete rules."""

    def create_pull_through_cache_rule(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreatePullThroughCacheRule."""
        registry, prefix = self._registry(call, params), params["ecrRepositoryPrefix"]
        host = params["upstreamRegistryUrl"].removeprefix("https://").strip("/")
        upstream = UPSTREAMS.get(host)
        if upstream is None or params.get("upstreamRegistry", upstream) != upstream:
            raise AwsError(
                "UnsupportedUpstreamRegistryException",
                f"The upstream registry {host} is not one that ECR caches here. Use one of {', '.join(UPSTREAMS)}.",
            )
        if upstream in NEEDS_SECRET and not params.get("credentialArn"):
            raise AwsError(
                "InvalidParameterException",
                f"The upstream registry {host} needs a credentialArn: a secret whose name begins with "
                "ecr-pullthroughcache/.",
            )
        if prefix in registry.cache_rules:
            raise AwsError(
                "PullThroughCacheRuleAlreadyExistsException",
                f"A pull through cache rule with prefix '{prefix}' already exists in the registry with id '{ACCOUNT}'",
            )
        rule = {
            "ecrRepositoryPrefix": prefix,
            "upstreamRegistryUrl": host,
            "createdAt": names.moment(self._clock.now()),
            "registryId": ACCOUNT,
            "upstreamRegistry": upstream,
            "credentialArn": params.get("credentialArn"),
            "customRoleArn": params.get("customRoleArn"),
            "upstreamRepositoryPrefix": params.get("upstreamRepositoryPrefix", ROOT),
        }
        registry.cache_rules[prefix] = rule
        return rule

    def describe_pull_through_cache_rules(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribePullThroughCacheRules."""
        wanted = params.get("ecrRepositoryPrefixes")
        if wanted:
            return {"pullThroughCacheRules": [self._rule(call, params, prefix) for prefix in wanted]}
        rules = self._registry(call, params).cache_rules
        found, token = page([rules[prefix] for prefix in sorted(rules)], params)
        return {"pullThroughCacheRules": found, "nextToken": token}

    def update_pull_through_cache_rule(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdatePullThroughCacheRule."""
        rule = self._rule(call, params, params["ecrRepositoryPrefix"])
        rule |= {key: params[key] for key in ("credentialArn", "customRoleArn") if key in params}
        rule["updatedAt"] = names.moment(self._clock.now())
        return {key: rule[key] for key in rule if key not in ("upstreamRegistryUrl", "createdAt", "upstreamRegistry")}

    def delete_pull_through_cache_rule(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeletePullThroughCacheRule; what was cached stays."""
        rule = self._rule(call, params, params["ecrRepositoryPrefix"])
        del self._registry(call, params).cache_rules[params["ecrRepositoryPrefix"]]
        return {key: rule[key] for key in rule if key not in ("upstreamRegistry", "updatedAt")}

    def validate_pull_through_cache_rule(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ValidatePullThroughCacheRule: valid where this cloud has images of the upstream registry."""
        rule = self._rule(call, params, params["ecrRepositoryPrefix"])
        valid = rule["upstreamRegistry"] in ("ecr-public", "docker-hub")
        left_out = ("upstreamRegistry", "createdAt", "updatedAt")
        return {
            **{key: rule[key] for key in rule if key not in left_out},
            "isValid": valid,
            "failure": None if valid else "This cloud downloads nothing, and has no images of this registry.",
        }

    def _rule(self, call: Call, params: dict[str, Any], prefix: str) -> dict[str, Any]:
        found = self._registry(call, params).cache_rules.get(prefix)
        if found is None:
            raise AwsError(
                "PullThroughCacheRuleNotFoundException",
                f"A pull through cache rule with prefix '{prefix}' does not exist in the registry with id '{ACCOUNT}'",
            )
        return found
