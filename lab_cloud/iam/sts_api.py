"""AssumeRole as AWS answers it: only those whom a role's trust policy names get its credentials.

Follows https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html. moto makes the credentials, and lets
anybody have those of any role, also of one that does not exist.
"""

from typing import Any

from ..errors import AwsError
from ..wire import FORWARD, Call
from ..wire.call import Answer
from ..wire.grants import longest_session
from ..wire.identity import Identity
from .authority import Authority

CHAINED_SECONDS = 3600


class StsApi(Identity):
    """Overrides of STS.

    Parameters
    ----------
    access_key : str
        The cloud's own key, which is the account's root user.
    authority : Authority
        What knows who may assume which role.
    """

    def __init__(self, access_key: str, authority: Authority) -> None:
        super().__init__(access_key)
        self._authority = authority

    def assume_role(self, call: Call, params: dict[str, Any]) -> Answer:
        """Refuse whom the role does not trust; moto does the rest."""
        role, who = params["RoleArn"], self._authority.caller(call.access_key)
        context = {"sts:rolesessionname": params["RoleSessionName"]}
        if params.get("ExternalId"):
            context["sts:externalid"] = params["ExternalId"]
        if not self._authority.may_assume(who, role, context):
            raise AwsError(
                "AccessDenied",
                f"User: {who.arn} is not authorized to perform: sts:AssumeRole on resource: {role}",
                status=403,
            )
        seconds = params.get("DurationSeconds", CHAINED_SECONDS)
        if who.also and seconds > CHAINED_SECONDS:
            raise AwsError(
                "ValidationError",
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
            )
        if seconds > longest_session(role):
            raise AwsError(
                "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
            )
        return FORWARD
