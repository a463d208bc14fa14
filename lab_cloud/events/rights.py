"""May EventBridge make this call? By the role of the target, or by the policy of what is called.

References
----------
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html
"""

from ..iam.authority import Authority
from ..wire import ACCOUNT, moto_targets
from .outside import Order

NOT_ASSUMED = "Provided role '{role}' cannot be assumed by principal '{principal}'."


class IamRights:
    """IAM, as EventBridge asks it.

    Parameters
    ----------
    authority : Authority
        What knows roles and policies.
    """

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def trusted(self, role: str, principal: str) -> bool:
        """Whether a service may assume a role."""
        return self._authority.trusts(role, principal)

    def check(self, role: str, principal: str) -> str:
        """Why a service may not assume a role, in the words of EventBridge; empty when it may."""
        return "" if self.trusted(role, principal) else NOT_ASSUMED.format(role=role, principal=principal)

    def refusal(self, order: Order, action: str, resource: str, passed: tuple[str, ...] = ()) -> str:
        """Why the call may not be made; empty when it may.

        Parameters
        ----------
        order : Order
            The call.
        action, resource : str
            What is done to what.
        passed : tuple of str
            Roles that are handed over to ``ecs-tasks.amazonaws.com``.
        """
        if not order.role:
            return self._by_policy(order, action, resource)
        who = self._authority.session_of(order.role, order.principal.partition(".")[0])
        asked = self._authority.ask(who, action, resource)
        if not asked.allowed:
            return asked.message
        for role in passed:
            context = {"iam:passedtoservice": "ecs-tasks.amazonaws.com"}
            asked = self._authority.ask(who, "iam:PassRole", role, context)
            if not asked.allowed:
                return asked.message
        return ""

    def _by_policy(self, order: Order, action: str, resource: str) -> str:
        """What a resource's policy says of a service that calls without a role."""
        who = self._authority.service(order.principal)
        context = {"aws:sourcearn": order.source_arn, "aws:sourceaccount": ACCOUNT}
        policies = tuple(moto_targets.log_policies(order.region)) if ":logs:" in resource else None
        asked = self._authority.ask(who, action, resource, context, policies)
        return "" if asked.allowed else asked.message
