"""Requests that two servers might read differently, and what the desync mitigation mode makes of them.

Most such shapes never get this far: the parser refuses them with 400 in every mode (a length beside chunks, two
lengths, folded headers, bare line feeds, malformed chunk sizes and encodings, control characters). On AWS the mode
``monitor`` lets them pass; the embedded cloud does not, so that nobody learns to rely on it. What is left:

- ambiguous: a header whose name a target might take for Content-Length or Transfer-Encoding, as ``Transfer_Encoding``.
  ``defensive`` passes the request on and then closes both connections; ``strictest`` answers 400.
- acceptable: GET or HEAD with a body or a length, and values that are not ASCII. ``strictest`` answers 400.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#desync-mitigation-mode
"""

from typing import TYPE_CHECKING

from .messages import BadRequest

if TYPE_CHECKING:
    from .exchange import Exchange

MONITOR, DEFENSIVE, STRICTEST = "monitor", "defensive", "strictest"


def judge(exchange: "Exchange", mode: str) -> None:
    """Refuse a request, or take it by itself, as the mode says.

    Raises
    ------
    BadRequest
        When it is refused.
    """
    if exchange.head.doubtful:
        if mode == STRICTEST:
            raise BadRequest("A header's name could be taken for Content-Length or Transfer-Encoding.")
        if mode == DEFENSIVE:
            exchange.isolated = True
            exchange.keep_alive = False
    if mode == STRICTEST:
        if exchange.method in (b"GET", b"HEAD") and (exchange.head.length is not None or exchange.head.chunked):
            raise BadRequest("A GET or HEAD request has a body or a length.")
        if not all(value.isascii() for _name, value in exchange.headers):
            raise BadRequest("The value of a header is not ASCII.")
