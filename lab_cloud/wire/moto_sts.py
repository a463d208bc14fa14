"""The sessions of roles that STS keeps: make one, look at one, end one. Every function under the world's lock."""

import datetime
import importlib
import secrets
from dataclasses import dataclass
from typing import Any

from . import moto_load
from .call import ACCOUNT, PARTITION


@dataclass(frozen=True)
class Session:
    """Temporary credentials of a role.

    Parameters
    ----------
    access_key, secret_key, token : str
        The credentials.
    until : float
        Epoch seconds at which they expire.
    arn, role : str
        The session's ARN, and its role's.
    policy : str
        The session policy that was passed when the role was assumed; empty when there was none.
    """

    access_key: str
    secret_key: str
    token: str
    until: float
    arn: str
    role: str
    policy: str


def issue(role: str, name: str, until: float) -> Session:
    """Make credentials for a session of a role, as AWS's own services do for what they run.

    Parameters
    ----------
    role : str
        The role's ARN.
    name : str
        The session's name.
    until : float
        Epoch seconds at which they expire.
    """
    moto_load.load()
    backend = _backend()
    made = backend.assume_role(
        region_name="us-east-1",
        role_session_name=name,
        role_arn=role,
        policy=None,
        duration=3600,
        external_id=None,
    )
    made.secret_access_key = made.access_key.secret_access_key = secrets.token_urlsafe(30)
    made.session_token = secrets.token_urlsafe(96)
    made.expiration = datetime.datetime.fromtimestamp(until, datetime.UTC)
    return _session(made)


def find(access_key: str) -> Session | None:
    """The session whose key this is."""
    if not access_key.startswith("ASIA") or not moto_load.loaded():
        return None
    made = _backend().get_assumed_role_from_access_key(access_key)
    return _session(made) if made is not None else None


def end(access_key: str) -> None:
    """Make credentials worthless."""
    backend = _backend()
    backend.assumed_roles[:] = [one for one in backend.assumed_roles if one.access_key_id != access_key]
    iam = importlib.import_module("moto.iam.models").iam_backends[ACCOUNT][PARTITION]
    iam.access_keys.pop(access_key, None)


def _backend() -> Any:
    return importlib.import_module("moto.sts.models").sts_backends[ACCOUNT][PARTITION]


def _session(made: Any) -> Session:
    until = made.expiration if made.expiration.tzinfo else made.expiration.replace(tzinfo=datetime.UTC)
    return Session(
        access_key=str(made.access_key_id),
        secret_key=str(made.secret_access_key),
        token=str(made.session_token),
        until=until.timestamp(),
        arn=str(made.arn),
        role=str(made.role_arn),
        policy=str(made.policy or ""),
    )
