"""Who may do what: the policies of the registry, the repository and the caller, asked before each operation.

A statement that denies is obeyed, whoever calls. Beyond that the account's root user may do everything; a user or role
needs a statement that allows, among its own policies or in the repository's. See `lab_cloud.iam`.
"""

from ..errors import AwsError
from ..iam.authority import ROOT, Authority
from ..iam.document import Malformed
from ..iam.evaluate import Question, said_by
from ..iam.principal import Principal
from . import policy
from .repository import Repository
from .store import Registry

__all__ = ["ROOT", "Access", "checked", "denies"]


class Access:
    """Asks all of them.

    Parameters
    ----------
    authority : Authority
        What knows callers and their policies.
    """

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def principal_of(self, access_key: str) -> Principal:
        """Whose an access key is; under the world's lock."""
        return self._authority.caller(access_key)

    def allow(
        self, registry: Registry, repository: Repository | None, principal: Principal, operation: str, arn: str
    ) -> None:
        """Let a call pass, or refuse it.

        Parameters
        ----------
        registry : Registry
            Whose policy is asked first; it can only deny.
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
        if registry.policy is not None and denies(registry.policy, principal, operation, arn, registry.region):
            raise AwsError(
                "AccessDeniedException",
                f"User: {principal.arn} is not authorized to perform: ecr:{operation} on resource: {arn} "
                "with an explicit deny in a resource-based policy",
            )
        own = (repository.policy,) if repository is not None and repository.policy is not None else ()
        decision = self._authority.ask(principal, f"ecr:{operation}", arn, _context(registry.region), own)
        if not decision.allowed:
            raise AwsError("AccessDeniedException", decision.message)


def denies(text: str, principal: Principal, operation: str, arn: str, region: str) -> bool:
    """Whether a policy's text denies an operation."""
    return said_by(text, Question(principal, f"ecr:{operation}", arn, _context(region))) == "deny"


def _context(region: str) -> dict[str, str]:
    return {"aws:requestedregion": region, "aws:securetransport": "false"}


def checked(text: str) -> str:
    """A policy's text, if it is one.

    Raises
    ------
    AwsError
        ``InvalidParameterException``.
    """
    try:
        policy.parse(text)
    except Malformed as wrong:
        raise AwsError(
            "InvalidParameterException",
            "Invalid parameter at 'PolicyText' failed to satisfy constraint: "
            f"'Invalid repository policy provided': {wrong}",
        ) from None
    return text
