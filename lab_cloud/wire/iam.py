"""IAM operations that moto does not have or answers too kindly; all else of IAM is moto's.

Follows https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html and its neighbours.
"""

import importlib
import json
from typing import Any

from ..errors import AwsError
from . import moto_load
from .call import ACCOUNT, FORWARD, PARTITION, Answer, Call


class Iam:
    """The overrides, one method an operation."""

    def create_role(self, call: Call, params: dict[str, Any]) -> Answer:
        """Refuse a trust policy that nobody could ever fulfil, as `update_assume_role_policy` does."""
        check_trust(params["AssumeRolePolicyDocument"])
        return FORWARD

    def update_assume_role_policy(self, call: Call, params: dict[str, Any]) -> Answer:
        """Refuse a trust policy without principals."""
        check_trust(params["PolicyDocument"])
        return FORWARD

    def list_instance_profile_tags(self, call: Call, params: dict[str, Any]) -> Answer:
        """The tags of an instance profile, in one page."""
        moto_load.load()
        backend = importlib.import_module("moto.iam.models").iam_backends[ACCOUNT][PARTITION]
        name = params["InstanceProfileName"]
        found = backend.instance_profiles.get(name)
        if found is None:
            raise AwsError("NoSuchEntity", f"Instance Profile {name} cannot be found.", status=404)
        tags = sorted(found.tags, key=lambda tag: str(tag["Key"]))
        return {"Tags": [dict(tag) for tag in tags], "IsTruncated": False}


def check_trust(document: str) -> None:
    """Whether a trust policy says who may do what.

    Parameters
    ----------
    document : str
        JSON.

    Raises
    ------
    AwsError
        ``MalformedPolicyDocument``.
    """
    try:
        policy = json.loads(document)
    except ValueError as error:
        raise AwsError("MalformedPolicyDocument", "This policy contains invalid Json") from error
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not all(isinstance(one, dict) for one in statements):
        raise AwsError("MalformedPolicyDocument", "Syntax errors in policy.")
    for one in statements:
        for field in ("Effect", "Principal", "Action"):
            if field not in one and f"Not{field}" not in one:
                raise AwsError("MalformedPolicyDocument", f"Missing required field {field}")
        if "Resource" in one:
            raise AwsError("MalformedPolicyDocument", "Has prohibited field Resource")
