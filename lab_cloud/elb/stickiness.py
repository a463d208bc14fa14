"""Which target group and which target get a request: by weights, by turns, and by the cookies that the client brings.

A cookie holds nothing but the time until which it counts and a keyed digest of the target (or the target group), so
that it tells a client nothing, works on every listener, and needs no memory here. The key is made anew with each cloud.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#sticky-sessions
"""

import base64
import secrets
import struct
import time
from collections.abc import Iterable
from email.utils import formatdate
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from .listening import Forward
from .messages import Header
from .targets import Group, Target

COOKIE_SECONDS = 7 * 24 * 3600
"""What the client is told; whether the cookie still counts is decided here, by the time inside it."""
SECRET = secrets.token_bytes(16)
DIGEST = 12


class Choice(NamedTuple):
    """What was chosen for one request.

    Parameters
    ----------
    target : Target or None
        None when there is nobody.
    cookies : tuple of bytes
        ``Set-Cookie`` lines for the answer.
    awaited : bytes
        The application's cookie; when the answer sets it, `promised` goes with it.
    promised : tuple of bytes
        Further lines.
    """

    target: Target | None
    cookies: tuple[bytes, ...] = ()
    awaited: bytes = b""
    promised: tuple[bytes, ...] = ()


def is_plain(action: Forward) -> bool:
    """Whether there is nothing to choose but a target: one group, and no cookies."""
    groups = action.groups
    return len(groups) == 1 and not action.sticky and groups[0][0].config.stickiness is None and groups[0][1] > 0


def choose(action: Forward, headers: list[Header], secure: bool) -> Choice:
    """Choose a target for one request.

    Parameters
    ----------
    action : Forward
        The target groups with their weights.
    headers : list
        The request's, with its cookies.
    secure : bool
        Whether the client came by HTTPS.
    """
    brought = cookies(headers)
    group_lines: tuple[bytes, ...] = ()
    group: Group | None = None
    if action.sticky:
        group = _known(brought.get(b"AWSALBTG", b""), [one for one, weight in action.groups if weight > 0])
    group = group or pick(action)
    if group is None:
        return Choice(None)
    if action.sticky:
        group_lines = _lines(b"AWSALBTG", _token(_name(group), action.sticky), secure)
    chosen = _target(group, brought, secure)
    return chosen._replace(cookies=group_lines + chosen.cookies) if chosen.target is not None else chosen


def _target(group: Group, brought: dict[bytes, bytes], secure: bool) -> Choice:
    rule = group.config.stickiness
    if rule is None:
        return Choice(group.choose())
    if rule.kind == "lb_cookie":
        target = _bound(brought.get(b"AWSALB") or brought.get(b"AWSALBCORS", b""), group) or group.choose()
        if target is None:
            return Choice(None)
        return Choice(target, _lines(b"AWSALB", _token(_place(target), rule.seconds), secure))
    own = rule.cookie.encode()
    ours = [value for name, value in brought.items() if name.startswith(b"AWSALBAPP-")]
    kept = _bound(ours[0], group) if ours and own in brought else None
    target = kept or group.choose()
    if target is None:
        return Choice(None)
    line = _line(b"AWSALBAPP-0", _token(_place(target), rule.seconds))
    return Choice(target, (line,)) if kept is not None else Choice(target, (), own, (line,))


def pick(action: Forward) -> Group | None:
    """The target group for one request, by the weights; None when all are 0.

    The heaviest group gets what the others leave; each of those gets a request when it has saved up for one, and so
    never more than its share, also among few requests.
    """
    groups = action.groups
    if len(groups) == 1 and groups[0][1] > 0:
        return groups[0][0]
    total = sum(weight for _group, weight in groups)
    if total <= 0:
        return None
    rest = max(range(len(groups)), key=lambda place: groups[place][1])
    chosen = rest
    for place, (_group, weight) in enumerate(groups):
        if place == rest:
            continue
        saved = action.credits[place] = action.credits.get(place, 0) + weight
        if saved >= total and chosen == rest:
            chosen = place
    if chosen != rest:
        action.credits[chosen] -= total
    return groups[chosen][0]


def cookies(headers: Iterable[Header]) -> dict[bytes, bytes]:
    """The cookies of a request."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name.lower() == b"cookie":
            for piece in value.split(b";"):
                key, _, held = piece.strip().partition(b"=")
                found.setdefault(key, held)
    return found


def sets(lines: Iterable[bytes], cookie: bytes) -> bool:
    """Whether an answer's header lines set this cookie."""
    for line in lines:
        name, _, value = line.partition(b":")
        if name.lower() == b"set-cookie" and value.strip().startswith(cookie + b"="):
            return True
    return False


def _bound(token: bytes, group: Group) -> Target | None:
    # the target that a cookie names, as long as it may get requests
    digest = _read(token)
    if digest is None:
        return None
    return next((one for one in group.ready if digest_of(_place(one)) == digest), None)


def _known(token: bytes, groups: list[Group]) -> Group | None:
    digest = _read(token)
    if digest is None:
        return None
    return next((one for one in groups if digest_of(_name(one)) == digest), None)


def _place(target: Target) -> str:
    return f"{target.group.config.arn} {target.ip} {target.port}"


def _name(group: Group) -> str:
    return group.config.arn


@lru_cache(maxsize=4096)
def digest_of(name: str) -> bytes:
    """What stands for a target or a target group in a cookie."""
    return blake2b(name.encode(), key=SECRET, digest_size=DIGEST).digest()


def _token(name: str, seconds: int) -> bytes:
    return base64.urlsafe_b64encode(struct.pack(">I", int(time.time()) + seconds) + digest_of(name))


def _read(token: bytes) -> bytes | None:
    try:
        raw = base64.urlsafe_b64decode(token)
        (until,) = struct.unpack(">I", raw[:4])
    except (ValueError, struct.error):
        return None
    return raw[4:] if time.time() < until else None


def _lines(name: bytes, token: bytes, secure: bool) -> tuple[bytes, ...]:
    # the second one is for pages of other sites, which a browser sends no plain cookie from
    other = b"; SameSite=None; Secure\r\n" if secure else b"; SameSite=None\r\n"
    line = _line(name, token)
    return line, _line(name + b"CORS", token)[:-2] + other


def _line(name: bytes, token: bytes) -> bytes:
    expires = formatdate(time.time() + COOKIE_SECONDS, usegmt=True).encode()
    return b"Set-Cookie: %b=%b; Expires=%b; Path=/\r\n" % (name, token, expires)
