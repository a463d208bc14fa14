"""Gives what the cloud runs the credentials of its role, over HTTP on loopback or 169.254.170.2.

Follows https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html: SDKs find the address and its token in
the environment, ask it, and ask again before what they got expires. The address is one task's alone, and ends with it.
"""

import datetime
import hmac
import json
import secrets
from dataclasses import dataclass, field

from ..clock import Clock
from ..wire import Response, moto_sts
from ..wire.moto_sts import Session
from ..wire.sigv4 import Request

PREFIX = "/.credentials/"
LIFETIME_SECONDS = 6 * 3600.0
"""As for tasks on AWS: six hours. Lifetimes of credentials race with the learner's code, so they are not shortened."""
FIXED_SECONDS = 12 * 3600.0
"""The most that AWS gives a session: for credentials that cannot be renewed."""
RENEWED_SECONDS = 3600.0
"""New ones are given out when the present ones last no longer than this; SDKs ask 15 minutes before the end."""


@dataclass
class Issued:
    """Where one task gets its credentials.

    Parameters
    ----------
    role : str
        The ARN of its role.
    session : str
        The session's name, for a task its id.
    url : str
        Where they are given out.
    token : str
        What must be shown there.
    """

    role: str
    session: str
    url: str
    token: str = field(repr=False)
    sessions: list[Session] = field(default_factory=list, repr=False)

    fixed: Session | None = field(default=None, repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """What SDKs look for."""
        if self.fixed is not None:
            return {
                "AWS_ACCESS_KEY_ID": self.fixed.access_key,
                "AWS_SECRET_ACCESS_KEY": self.fixed.secret_key,
                "AWS_SESSION_TOKEN": self.fixed.token,
            }
        return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.url, "AWS_CONTAINER_AUTHORIZATION_TOKEN": self.token}


class Vendor:
    """Knows all addresses at which credentials are given out. Every method is called under the world's lock.

    Parameters
    ----------
    endpoint : str
        The cloud's URL, as containers see it.
    clock : Clock
        The time.
    reachable : bool
        Whether containers reach it on loopback or at 169.254.170.2. SDKs ask no other host for credentials: where
        they do not, they get them in their environment, and those are not renewed.
    """

    def __init__(self, endpoint: str, clock: Clock, *, reachable: bool = True) -> None:
        self._base = endpoint + PREFIX
        self._clock = clock
        self._reachable = reachable
        self._issued: dict[str, Issued] = {}

    def issue(self, role: str, session: str) -> Issued:
        """Make an address for something that runs; whether the role trusts it is for the caller to ask.

        Parameters
        ----------
        role : str
            The ARN of its role.
        session : str
            How its session is to be called.

        Returns
        -------
        Issued
            Its ``environment`` goes into the container; give it to `end` when the container has ended.
        """
        key = secrets.token_urlsafe(24)
        made = self._issued[key] = Issued(role, session, self._base + key, secrets.token_urlsafe(48))
        if not self._reachable:
            made.fixed = moto_sts.issue(role, session, self._clock.now() + FIXED_SECONDS)
            made.sessions.append(made.fixed)
        return made

    def end(self, issued: Issued) -> None:
        """Shut an address, and make everything worthless that was given out there."""
        self._issued.pop(issued.url.removeprefix(self._base), None)
        for one in issued.sessions:
            moto_sts.end(one.access_key)
        issued.sessions.clear()

    def clear(self) -> None:
        """Shut all addresses."""
        for issued in list(self._issued.values()):
            self.end(issued)

    def __call__(self, request: Request) -> Response | None:
        """Answer one request; None for an address that is nobody's."""
        issued = self._issued.get(request.path.removeprefix(PREFIX))
        if issued is None or request.method != "GET":
            return None
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), issued.token.encode()):
            told = {"code": "AccessDenied", "message": "The authorization token is not the one of this address."}
            return Response(401, {"content-type": "application/json"}, json.dumps(told).encode())
        session = self._current(issued)
        until = datetime.datetime.fromtimestamp(session.until, datetime.UTC)
        found = {
            "RoleArn": issued.role,
            "AccessKeyId": session.access_key,
            "SecretAccessKey": session.secret_key,
            "Token": session.token,
            "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return Response(200, {"content-type": "application/json"}, json.dumps(found).encode())

    def _current(self, issued: Issued) -> Session:
        now = self._clock.now()
        for old in [one for one in issued.sessions if one.until + RENEWED_SECONDS < now]:
            issued.sessions.remove(old)  # long expired: until then its holder is told so
            moto_sts.end(old.access_key)
        if not issued.sessions or issued.sessions[-1].until - now <= RENEWED_SECONDS:
            issued.sessions.append(moto_sts.issue(issued.role, issued.session, now + LIFETIME_SECONDS))
        return issued.sessions[-1]
