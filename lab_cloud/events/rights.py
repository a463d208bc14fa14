"""May EventBridge make this call? By the role of the target, or by the policy of what is called."""

from ..wire import moto_roles
from ..wire.iam import role_allows
from .outside import Order


class IamRights:
    """IAM, as EventBridge asks it."""

    def trusted(self, role: str, principal: str) -> bool:
        """Whether a service may assume a role."""
        found = moto_roles.find(role)
        return found is not None and principal in found.trusts

    def check(self, role: str, principal: str) -> str:
        """Why a service may not assume a role, in the words of EventBridge; empty when it may."""
        if self.trusted(role, principal):
            return ""
        return f"Provided role '{role}' cannot be assumed by principal '{principal}'."

    def refusal(self, order: Order, action: str, resource: str) -> str:
        """Why the call may not be made; empty when it may."""
        if order.role and not role_allows(order.role.rpartition("/")[2], action):
            return f"The role {order.role} is not authorized to perform {action} on resource {resource}."
        return ""
