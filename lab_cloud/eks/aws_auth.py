"""The ConfigMap ``aws-auth``: who may come into clusters of the modes CONFIG_MAP and API_AND_CONFIG_MAP.

References
----------
https://docs.aws.amazon.com/eks/latest/userguide/auth-configmap.html
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .access import FARGATE_NAME, NODE_NAME

NAMESPACE, NAME = "kube-system", "aws-auth"
WITH_MAP = ("CONFIG_MAP", "API_AND_CONFIG_MAP")
NODE_GROUPS = ("system:bootstrappers", "system:nodes")
FARGATE_GROUPS = (*NODE_GROUPS, "system:node-proxier")


@dataclass(frozen=True)
class Mapped:
    """One principal.

    Parameters
    ----------
    arn : str
        Of the role or user.
    username : str
        Who that is in the cluster; may hold ``{{SessionName}}`` and ``{{EC2PrivateDNSName}}``.
    groups : tuple of str
        The groups of Kubernetes that it is in.
    """

    arn: str
    username: str
    groups: tuple[str, ...]

    @property
    def is_node(self) -> bool:
        """Whether instances with this role are nodes."""
        return "system:nodes" in self.groups and self.username == NODE_NAME


def principals(config_map: Mapping[str, Any] | None) -> dict[str, Mapped]:
    """All principals of the map by ARN; what cannot be read is left out, as the authenticator does."""
    data = (config_map or {}).get("data") or {}
    found = {}
    for field, key in (("mapRoles", "rolearn"), ("mapUsers", "userarn")):
        for each in _entries(data.get(field) or ""):
            arn = str(each.get(key) or "")
            if arn:
                groups = tuple(str(one) for one in each.get("groups") or ())
                found[arn] = Mapped(arn, str(each.get("username") or arn), groups)
    return found


@functools.lru_cache(maxsize=64)
def _entries(text: str) -> tuple[dict[str, Any], ...]:
    import yaml

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return ()
    return tuple(each for each in found if isinstance(each, dict)) if isinstance(found, list) else ()


def with_node_role(config_map: Mapping[str, Any] | None, arn: str, *, fargate: bool = False) -> dict[str, str] | None:
    """The map's data with one more role of nodes or of pods on Fargate, as EKS writes it; None when it has it."""
    if arn in principals(config_map):
        return None
    data = dict((config_map or {}).get("data") or {})
    username, groups = (FARGATE_NAME, FARGATE_GROUPS) if fargate else (NODE_NAME, NODE_GROUPS)
    added = {"groups": list(groups), "rolearn": arn, "username": username}
    return {**data, "mapRoles": _written([*_entries(data.get("mapRoles") or ""), added])}


def without_role(config_map: Mapping[str, Any] | None, arn: str) -> dict[str, str] | None:
    """The map's data without a role of nodes; None when it has no such."""
    found = principals(config_map).get(arn)
    if config_map is None or found is None or "system:nodes" not in found.groups:
        return None
    data = dict(config_map.get("data") or {})
    kept = [each for each in _entries(data.get("mapRoles") or "") if each.get("rolearn") != arn]
    return {**data, "mapRoles": _written(kept)}


def _written(entries: list[dict[str, Any]]) -> str:
    import yaml

    return str(yaml.safe_dump(entries))
