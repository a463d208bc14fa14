"""Who may do what: the policies of the registry, the repository and the caller, asked before each operation.

A statement that denies is obeyed, whoever calls. Beyond that the account's root user may do everything; a user or role
needs a statement that allows, among its own policies or in the repository's. A role that IAM does not know is let in:
nobody can have given it a policy. Permissions boundaries are not asked. Follows "Policy evaluation logic" of the AWS
IAM User Guide.
"""

from ..errors import AwsError
from ..wire import ACCOUNT, PARTITION
from ..wire.grants import documents_of
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
            raise _refused(principal, operation, arn, "with an explicit deny in a resource-based policy")
    own = documents_of(principal.also[0] if principal.also else principal.arn)
    if own is None:
        return
    question = _question(principal, operation, arn, registry.region)
    said = {policy.decide_own(text, question) for text in own}
    if "Deny" in said:
        raise _refused(principal, operation, arn, "with an explicit deny in an identity-based policy")
    lets_in = repository is not None and repository.policy and policy.names(policy.parse(repository.policy), question)
    if "Allow" not in said and not lets_in:
        why = f"because no identity-based policy allows the ecr:{operation} action"
        raise _refused(principal, operation, arn, why)


def _refused(principal: Principal, operation: str, arn: str, why: str) -> AwsError:
    return AwsError(
        "AccessDeniedException",
        f"User: {principal.arn} is not authorized to perform: ecr:{operation} on resource: {arn} {why}",
    )


def denies(text: str, principal: Principal, operation: str, arn: str, region: str) -> bool:
    """Whether a policy's text denies an operation."""
    return policy.decide(policy.parse(text), _question(principal, operation, arn, region)) == "Deny"


def _question(principal: Principal, operation: str, arn: str, region: str) -> Question:
    context = {"aws:requestedregion": region, "aws:securetransport": "false"}
    return Question(principal, f"ecr:{operation}", arn, context)


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
