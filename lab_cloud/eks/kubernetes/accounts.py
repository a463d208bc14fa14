"""Tokens of service accounts: what a pod shows when it asks the API.

References
----------
https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
"""

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .authorization import User
from .resources import core
from .status import not_found
from .store import Store

ISSUER = "https://kubernetes.default.svc"
LEAST_SECONDS = 600
CLAIM = "kubernetes.io"
_HEADER = {"alg": "HS256", "typ": "JWT"}


class Accounts:
    """The tokens of one cluster's service accounts, signed with a key that nobody else has.

    Parameters
    ----------
    store : Store
        The cluster's objects: a token is good as long as its account and its pod are there.
    now : callable
        The time in epoch seconds.
    """

    def __init__(self, store: Store, now: Callable[[], float]) -> None:
        self._store = store
        self._now = now
        self._key = secrets.token_bytes(32)

    def issue(self, pod: Mapping[str, Any], audiences: Sequence[str] = (), seconds: int = 3600) -> str:
        """A token for a pod's service account.

        Raises
        ------
        ApiError
            404: there is no such account.
        """
        metadata = pod["metadata"]
        namespace, name = metadata["namespace"], pod["spec"].get("serviceAccountName") or "default"
        account = self._store.get(core("serviceaccounts"), namespace, name)
        if account is None:
            raise not_found("", "serviceaccounts", name)
        now = int(self._now())
        claims = {
            "aud": list(audiences) or [ISSUER],
            "exp": now + max(seconds, LEAST_SECONDS),
            "iat": now,
            "iss": ISSUER,
            "jti": str(uuid.uuid4()),
            CLAIM: {
                "namespace": namespace,
                "pod": {"name": metadata["name"], "uid": metadata["uid"]},
                "serviceaccount": {"name": name, "uid": account["metadata"]["uid"]},
            },
            "nbf": now,
            "sub": f"system:serviceaccount:{namespace}:{name}",
        }
        text = f"{_packed(_HEADER)}.{_packed(claims)}"
        return f"{text}.{self._signature(text)}"

    def user_of(self, token: str) -> User | None:
        """Whose a token is; None for one that is not (any more) good here."""
        text, _, signature = token.rpartition(".")
        if text.count(".") != 1 or not hmac.compare_digest(signature.encode(), self._signature(text).encode()):
            return None
        claims = json.loads(base64.urlsafe_b64decode(text.partition(".")[2] + "=="))
        bound = claims[CLAIM]
        if self._now() >= claims["exp"] or ISSUER not in claims["aud"]:
            return None
        if not (self._is_there("serviceaccounts", bound, "serviceaccount") and self._is_there("pods", bound, "pod")):
            return None
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{bound['namespace']}")
        return User(claims["sub"], groups, bound["serviceaccount"]["uid"])

    def _is_there(self, resource: str, bound: Mapping[str, Any], kind: str) -> bool:
        found = self._store.get(core(resource), bound["namespace"], bound[kind]["name"])
        return found is not None and found["metadata"]["uid"] == bound[kind]["uid"]

    def _signature(self, text: str) -> str:
        return _text(hmac.digest(self._key, text.encode("utf-8", "surrogateescape"), hashlib.sha256))


def _packed(found: Mapping[str, Any]) -> str:
    return _text(json.dumps(found, separators=(",", ":")).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
