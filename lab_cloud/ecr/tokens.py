"""Short-lived tokens: the password of ``docker login``, and the addresses from which a layer is downloaded.

A token says what it is for and until when, and carries a keyed hash of that; nothing is stored, and a cloud that
starts anew knows no older token.
"""

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any

from ..iam.principal import Principal

LOGIN_SECONDS = 12 * 3600.0
"""As on AWS: an authorization token is valid for 12 hours. Lifetimes of tokens are not shortened."""
DOWNLOAD_SECONDS = 3600.0


class Tokens:
    """Makes tokens and reads them."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def login(self, principal: Principal, region: str, now: float) -> tuple[str, float]:
        """A password for the registry, and until when it is one."""
        until = now + LOGIN_SECONDS
        content = {"a": principal.arn, "n": principal.account, "o": list(principal.also), "r": region}
        return self._seal("login", content, until), until

    def read_login(self, token: str, now: float) -> tuple[Principal, str] | None:
        """Whose password this is, and for which region; None when it is expired or forged."""
        content = self._open("login", token, now)
        if content is None:
            return None
        return Principal(content["a"], content["n"], tuple(content["o"])), content["r"]

    def download(self, digest: str, now: float) -> str:
        """What opens one layer's address."""
        return self._seal("download", {"d": digest}, now + DOWNLOAD_SECONDS)

    def read_download(self, token: str, now: float) -> str | None:
        """The layer that this opens."""
        content = self._open("download", token, now)
        return str(content["d"]) if content else None

    def _seal(self, kind: str, content: dict[str, Any], until: float) -> str:
        text = _encode(json.dumps({**content, "k": kind, "u": until}, separators=(",", ":")).encode())
        return f"{text}.{self._mark(text)}"

    def _open(self, kind: str, token: str, now: float) -> dict[str, Any] | None:
        text, _, mark = token.partition(".")
        if not hmac.compare_digest(mark.encode(), self._mark(text).encode()):
            return None
        content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return content if content["k"] == kind and now < content["u"] else None

    def _mark(self, text: str) -> str:
        return _encode(hmac.new(self._key, text.encode(), hashlib.sha256).digest())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
