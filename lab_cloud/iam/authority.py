"""Who a caller is, and what the policies that the account holds let it do.

Every method must be called under the world's lock.
"""

import datetime
from collections.abc import Mapping

from ..clock import Clock
from ..wire import ACCOUNT, PARTITION
from ..wire.grants import grants_of, resource_policy
from ..wire.principals import caller_of
from .evaluate import Decision, Policies, Question, allows_somewhere, decide, said_by
from .principal import Principal

ROOT = Principal(f"arn:{PARTITION}:iam::{ACCOUNT}:root", ACCOUNT)
LOOPBACK = "127.0.0.1"


class Authority:
    """Answers every question of the kind "may this caller do that?".

    Parameters
    ----------
    clock : Clock
        The time, for conditions on it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def caller(self, access_key: str) -> Principal:
        """Whose an access key is; the account's root user for the cloud's own key."""
        found = caller_of(access_key)
        return Principal(
            found.arn, ACCOUNT, (found.role,) if found.role else (), (found.policy,) if found.policy else ()
        )

    def ask(
        self,
        principal: Principal,
        action: str,
        resource: str = "*",
        context: Mapping[str, str | tuple[str, ...]] | None = None,
        resource_policies: tuple[str, ...] | None = None,
    ) -> Decision:
        """Decide by the policies of IAM, and by the policy of the resource where it has one.

        Parameters
        ----------
        principal : Principal
            Who asks: `caller`, `session_of` or `service`.
        action : str
            For example ``ecs:RunTask``.
        resource : str
            The ARN; ``*`` for actions without one.
        context : mapping, optional
            Condition keys beyond those that are always there.
        resource_policies : tuple of str, optional
            The policies of the resource; looked up when not given, for buckets, queues, topics and secrets.

        Returns
        -------
        Decision
            ``allowed``, and ``message`` in AWS's words.
        """
        found = grants_of(principal.owner)
        if resource_policies is None:
            one = resource_policy(resource)
            resource_policies = (one,) if one is not None else ()
        keys: dict[str, str | tuple[str, ...]] = {**self._always(), **(context or {})}
        if found is not None:
            keys |= {f"aws:principaltag/{key}": value for key, value in found.tags.items()}
            session = principal.arn.rpartition("/")[2]
            keys["aws:userid"] = f"{found.id}:{session}" if principal.also else found.id
        policies = Policies(
            identity=found.identity if found is not None else (),
            resource=resource_policies,
            boundary=found.boundary if found is not None else None,
            session=principal.session_policies,
        )
        return decide(Question(principal, action, resource, keys), policies)

    def _always(self) -> dict[str, str | tuple[str, ...]]:
        now = self._clock.now()
        moment = datetime.datetime.fromtimestamp(now, datetime.UTC)
        return {
            "aws:currenttime": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:epochtime": str(int(now)),
            "aws:sourceip": LOOPBACK,
            "aws:securetransport": "false",
            "aws:resourceaccount": ACCOUNT,
        }

    def session_of(self, role: str, session: str) -> Principal:
        """The session of a role, whether or not anybody may assume it."""
        arn = f"arn:{PARTITION}:sts::{ACCOUNT}:assumed-role/{role.rpartition('/')[2]}/{session}"
        return Principal(arn, ACCOUNT, (role,))

    def service(self, name: str) -> Principal:
        """A service of AWS, for example ``events.amazonaws.com``: only resource policies speak of it."""
        return Principal(name, ACCOUNT)

    def trusts(self, role: str, service: str) -> bool:
        """Whether a role exists and its trust policy lets a service of AWS assume it.

        Parameters
        ----------
        role : str
            Its ARN.
        service : str
            For example ``ecs-tasks.amazonaws.com``.
        """
        found = grants_of(role)
        if found is None or not found.trust:
            return False
        keys = {**self._always(), "aws:sourceaccount": ACCOUNT}
        question = Question(self.service(service), "sts:AssumeRole", role, keys)
        return said_by(found.trust, question) == "self"

    def may(self, role: str, action: str) -> bool:
        """Whether a role exists and may do something on some resource, under some conditions.

        For what a service must know of a role before it has anything to act on; `ask` decides when it acts.

        Parameters
        ----------
        role : str
            Its ARN.
        action : str
            For example ``ec2:CreateVolume``.
        """
        found = grants_of(role)
        return found is not None and allows_somewhere(action, Policies(found.identity, boundary=found.boundary))

    def may_assume(self, principal: Principal, role: str, context: Mapping[str, str]) -> bool:
        """Whether a user or session may assume a role: the trust policy must name it, or its account.

        Named by its account only, it needs an identity policy too; the root user needs none.
        """
        found = grants_of(role)
        if found is None:
            return False
        question = Question(principal, "sts:AssumeRole", role, {**self._always(), **context})
        if not said_by(found.trust, question):
            return False
        return self.ask(principal, "sts:AssumeRole", role, context, (found.trust,)).allowed
