"""Who may do what: the registry's and a repository's policy, asked before each operation.

A statement that denies is obeyed, whoever calls; for all else the account's principals are allowed. What IAM's own
policies grant to a user or role is not asked here.
"""

from ..errors import AwsError
from ..wire import ACCOUNT, PARTITION
from ..wire.principals import caller_of
from . import policy
from .policy import Principal, Question
from .repository import Repository
from .store import Registry

ROOT = Principal(f"arn:{PARTITION}:iam::{ACCOUNT}:root", ACCOUNT)


def principal_of(access_key: str) -> Principal:
    """Whose an access key is; under the world's lock."""
    caller = caller_of(access_key)
    return Principal(caller.arn, ACCOUNT, (caller.role,) if caller.role else ())


def allow(registry: Registry, repository: Repository | None, principal: Principal, operation: str, arn: str) -> None:
    """Let a call pass, or refuse it.

    Parameters
    ----------
    registry : Registry
        Whose policy is asked first.
    repository : Repository or None
        Whose policy is asked too.
    principal : Principal
        Who calls.
    operation : str
        For example ``PutImage``.
    arn : str
        What it is about.

    Raises
    ------
    AwsError
        ``AccessDeniedException``.
    """
    for text in (registry.policy, repository.policy if repository else None):
        if text is not None and denies(text, principal, operation, arn, registry.region):
            raise AwsError(
                "AccessDeniedException",
                f"User: {principal.arn} is not authorized to perform: ecr:{operation} on resource: {arn} "
                "with an explicit deny in a resource-based policy",
            )


def denies(text: str, principal: Principal, operation: str, arn: str, region: str) -> bool:
    """Whether a policy's text denies an operation."""
    context = {"aws:requestedregion": region, "aws:securetransport": "false"}
    return policy.decide(policy.parse(text), Question(principal, f"ecr:{operation}", arn, context)) == "Deny"


def checked(text: str) -> str:
    """A policy's text, if it is one.

    Raises
    ------
    AwsError
        ``InvalidParameterException``.
    """
    try:
        policy.parse(text)
    except policy.Malformed as wrong:
        raise AwsError(
            "InvalidParameterException",
            "Invalid parameter at 'PolicyText' failed to satisfy constraint: "
            f"'Invalid repository policy provided': {wrong}",
        ) from None
    return text
