"""Who asks: the account's root user, a user, the session of a role, or a service of AWS."""

from collections.abc import Iterator
from dataclasses import dataclass

from .document import Principals


@dataclass(frozen=True)
class Principal:
    """Who calls.

    Parameters
    ----------
    arn : str
        Of the user or session, as error messages name it; of a service its name, for example ``events.amazonaws.com``.
    account : str
        The account.
    also : tuple of str
        Other ARNs that mean the same caller: the role of a session.
    session_policies : tuple of str
        What was passed when the role was assumed, as JSON texts.
    """

    arn: str
    account: str
    also: tuple[str, ...] = ()
    session_policies: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """As ``aws:PrincipalType`` has it; ``Service`` for a service of AWS."""
        if not self.arn.startswith("arn:"):
            return "Service"
        if self.arn.endswith(":root"):
            return "Account"
        return "AssumedRole" if ":assumed-role/" in self.arn else "User"

    @property
    def is_root(self) -> bool:
        """Whether it is the account's root user."""
        return self.kind == "Account"

    @property
    def owner(self) -> str:
        """The ARN whose identity policies count: the user's own, the role's for a session."""
        return self.also[0] if self.also else self.arn

    @property
    def _account_names(self) -> tuple[str, str]:
        partition = self.arn.split(":")[1] if self.arn.startswith("arn:") else "aws"
        return self.account, f"arn:{partition}:iam::{self.account}:root"

    def named_by(self, wanted: Principals) -> str:
        """How a statement names this principal.

        Returns
        -------
        str
            ``self`` (by its own ARN, or everybody), ``role`` (by the role of its session), ``account`` (by its whole
            account, which leaves the decision to identity policies), or an empty text.
        """
        found = set(self._named(wanted))
        if wanted.negated:
            return "" if found else "self"
        return next((how for how in ("self", "role", "account") if how in found), "")

    def _named(self, wanted: Principals) -> Iterator[str]:
        service = self.kind == "Service"
        for kind, name in wanted.kinds:
            if name == "*" and (kind == "*" or (kind == "AWS" and not service)):
                yield "self"
            elif kind == "Service":
                if service and name == self.arn:
                    yield "self"
            elif kind in ("*", "AWS") and not service:
                if name == self.arn:
                    yield "self"
                elif name in self.also:
                    yield "role"
                elif name in self._account_names:
                    yield "account"
