"""IAM's roles, as other services look at them; under the world's lock."""

import importlib
import json
from dataclasses import dataclass
from typing import Any

from . import moto_load
from .call import ACCOUNT, PARTITION


@dataclass(frozen=True)
class Role:
    """A role.

    Parameters
    ----------
    arn : str
        Its ARN.
    trusts : frozenset of str
        The services that may assume it, for example ``eks.amazonaws.com``.
    policies : frozenset of str
        The ARNs of the managed policies that are attached to it.
    """

    arn: str
    trusts: frozenset[str]
    policies: frozenset[str]


def find(arn: str) -> Role | None:
    """A role by its ARN; None when there is none."""
    moto_load.load()
    backend: Any = importlib.import_module("moto.iam.models").iam_backends[ACCOUNT][PARTITION]
    for each in backend.roles.values():
        if each.arn == arn:
            policies = frozenset(str(one) for one in each.managed_policies)
            return Role(arn, _services(each.assume_role_policy_document), policies)
    return None


def _services(document: str) -> frozenset[str]:
    statements = json.loads(document or "{}").get("Statement", [])
    found: set[str] = set()
    for each in statements if isinstance(statements, list) else [statements]:
        principal = each.get("Principal")
        if each.get("Effect") == "Allow" and isinstance(principal, dict):
            services = principal.get("Service", [])
            found.update([services] if isinstance(services, str) else services)
    return frozenset(found)
