"""The values of secrets, read in the name of a role: what ECS and App Runner put into the environment of programs.

Every method is called under the world's lock.
"""

import uuid
from collections.abc import Callable
from typing import Any

from ..errors import AwsError
from ..wire import ACCOUNT, PARTITION, Call
from ..wire.grants import secret_arn
from .authority import Authority
from .evaluate import Decision
from .principal import Principal
from .secret import Wanted, picked

RETRIED = "service call has been retried 1 time(s): "
Invoke = Callable[[Call, dict[str, Any]], dict[str, Any]]


class SecretValues:
    """Reads secrets of Secrets Manager and parameters of Systems Manager.

    Parameters
    ----------
    authority : Authority
        What knows what roles may.
    invoke : callable
        Calls another service of the cloud.
    """

    def __init__(self, authority: Authority, invoke: Invoke) -> None:
        self._authority = authority
        self._invoke = invoke

    def value(self, who: Principal, one: Wanted) -> str:
        """The value of one secret.

        Raises
        ------
        AwsError
            Without a code; its message says in AWS's words why it cannot be had.
        """
        return self._of_manager(who, one) if one.source == "secretsmanager" else self._of_store(who, one)

    def _of_manager(self, who: Principal, one: Wanted) -> str:
        about = f"unable to retrieve secret from asm: {RETRIED}failed to fetch secret {one.reference} "
        about += "from secrets manager: "
        arn = secret_arn(one.region, one.reference)
        decision = self._authority.ask(who, "secretsmanager:GetSecretValue", arn)
        if not decision.allowed:
            raise AwsError("", about + told(decision))
        asked = {"SecretId": arn, "VersionStage": one.stage, "VersionId": one.version}
        try:
            found = self._invoke(
                Call("secretsmanager", "GetSecretValue", one.region), {key: each for key, each in asked.items() if each}
            )
        except AwsError as error:
            raise AwsError("", f"{about}{_failed(error)}") from error
        try:
            return picked(str(found.get("SecretString", "")), one.key)
        except KeyError:
            missing = f"retrieved secret from Secrets Manager did not contain json key {one.key}"
            raise AwsError("", f"unable to retrieve secret from asm: {missing}") from None

    def _of_store(self, who: Principal, one: Wanted) -> str:
        about = f"unable to retrieve secrets from ssm: {RETRIED}"
        arn = f"arn:{PARTITION}:ssm:{one.region}:{ACCOUNT}:parameter/{one.reference.lstrip('/')}"
        decision = self._authority.ask(who, "ssm:GetParameters", arn)
        if not decision.allowed:
            raise AwsError("", about + told(decision))
        bare = one.reference.lstrip("/")
        tried = [one.reference] if bare.count("/") else [one.reference, bare, f"/{bare}"]
        for name in dict.fromkeys(tried):
            asked = {"Names": [name], "WithDecryption": True}
            found = self._invoke(Call("ssm", "GetParameters", one.region), asked)["Parameters"]
            if found:
                return str(found[0]["Value"])
        raise AwsError("", f"{about}invalid parameters: {one.reference}")


def told(decision: Decision) -> str:
    """A refusal as agents of AWS quote it."""
    return f"AccessDeniedException: {decision.message} status code: 400, request id: {uuid.uuid4()}"


def _failed(error: AwsError) -> str:
    return f"{error.code}: {error.message} status code: 400, request id: {uuid.uuid4()}"
