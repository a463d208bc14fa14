"""Whose an access key is: the account's root, a user of IAM, or the session of a role."""

import hmac
import importlib
from dataclasses import dataclass

from . import moto_load, moto_sts
from .call import ACCOUNT, PARTITION
from .sigv4 import Refused, Signer

ROOT_ARN = f"arn:{PARTITION}:iam::{ACCOUNT}:root"


@dataclass(frozen=True)
class Caller:
    """Who calls.

    Parameters
    ----------
    arn : str
        Of the user or session.
    role : str
        The role's ARN, for a session; else empty.
    policy : str
        The policy that was passed when the role was assumed; empty when there was none.
    """

    arn: str
    role: str = ""
    policy: str = ""


def caller_of(access_key: str) -> Caller:
    """Whose key this is; under the world's lock.

    A key that neither IAM nor STS has handed out is the cloud's own, which is the account's root user.
    """
    if not moto_load.loaded():
        return Caller(ROOT_ARN)
    iam = importlib.import_module("moto.iam.models").iam_backends
    for _account, _partition, backend in list(iam.iter_backends()):
        for user in backend.users.values():
            if any(key.access_key_id == access_key for key in user.access_keys):
                return Caller(str(user.arn))
    session = moto_sts.find(access_key)
    if session is not None:
        return Caller(session.arn, session.role, session.policy)
    return Caller(ROOT_ARN)


def check_token(signer: Signer, now: float) -> None:
    """Refuse temporary credentials without their token, or after their time; under the world's lock.

    Raises
    ------
    Refused
        ``unknown-key`` or ``expired-token``.
    """
    session = moto_sts.find(signer.access_key)
    if session is None:
        return
    if not hmac.compare_digest(session.token.encode(), signer.token.encode()):
        raise Refused("unknown-key", "The security token included in the request is invalid.")
    if now >= session.until:
        raise Refused("expired-token", "The security token included in the request is expired")
