"""The instance role: who may hand it to App Runner, the credentials that instances get, and secrets.

References
----------
https://docs.aws.amazon.com/apprunner/latest/dg/security_iam_service-with-iam.html
https://docs.aws.amazon.com/apprunner/latest/dg/env-variable.html
"""

from collections.abc import Mapping

from ..iam.authority import Authority
from ..iam.guard import Guard
from ..iam.secret import wanted
from ..iam.secret_values import Invoke, SecretValues
from ..iam.vendor import Vendor
from ..wire import Call
from .service import Instance, Service
from .store import invalid

INSTANCES = "tasks.apprunner.amazonaws.com"


class Roles:
    """Every method is called under the world's lock.

    Parameters
    ----------
    authority : Authority
        What knows what roles may.
    guard : Guard
        What knows what callers may.
    vendor : Vendor
        What gives out credentials.
    invoke : callable
        Calls another service of the cloud.
    """

    def __init__(self, authority: Authority, guard: Guard, vendor: Vendor, invoke: Invoke) -> None:
        self._authority = authority
        self._guard = guard
        self._vendor = vendor
        self._values = SecretValues(authority, invoke)

    def check(self, call: Call, role: str) -> None:
        """Refuse a caller that may not pass an instance role, and a role that instances cannot assume.

        Raises
        ------
        AwsError
            ``AccessDeniedException`` or ``InvalidRequestException``.
        """
        if not role:
            return
        self._guard.check_roles(call, (role,), INSTANCES)
        if not self._authority.trusts(role, INSTANCES):
            raise invalid(
                f"Error in assuming instance role {role}: it does not exist, or its trust policy does not let "
                f"{INSTANCES} do sts:AssumeRole."
            )

    def begin(self, service: Service, instance: Instance, role: str, secrets: Mapping[str, str]) -> dict[str, str]:
        """What an instance finds in its environment: where its credentials are, and the values of its secrets.

        Raises
        ------
        AwsError
            A value cannot be had.
        """
        found: dict[str, str] = {}
        if secrets:
            who = self._authority.session_of(role, instance.id)
            found = {name: self._values.value(who, wanted(name, arn, service.region)) for name, arn in secrets.items()}
        if role:
            instance.credentials = self._vendor.issue(role, instance.id)
            found |= instance.credentials.environment
        return found

    def end(self, instance: Instance) -> None:
        """Let its credentials end with an instance."""
        if instance.credentials is not None:
            self._vendor.end(instance.credentials)
            instance.credentials = None
