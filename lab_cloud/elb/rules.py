"""Which rule of a listener a request meets: pure, and compiled once for each set of conditions.

Host names, header values and query strings are compared without regard to case; paths and methods with it. ``*`` stands
for any number of characters and ``?`` for exactly one; in a query string a backslash takes that meaning away. The
values of one condition are alternatives, the conditions of one rule must all hold, and the rule with the lowest
priority wins. Paths and query strings are compared as the client sent them, percent signs and all.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import TypeVar

from .messages import Header
from .model import Condition

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as the rules see it.

    Parameters
    ----------
    method, path, query : bytes
        As sent; the query string without its question mark.
    host : bytes
        The host name without a port.
    headers : list
        All headers, in their order.
    source : str
        The client's address.
    """

    method: bytes
    host: bytes
    path: bytes
    query: bytes
    headers: list[Header]
    source: str


Test = Callable[[Incoming], bool]
Matches = Callable[[bytes], object]


def first(rules: Iterable[tuple[Test, T]], incoming: Incoming) -> tuple[int, T | None]:
    """How many rules were looked at, and what the first that holds carries; None when none holds."""
    seen = 0
    for test, carried in rules:
        seen += 1
        if test(incoming):
            return seen, carried
    return seen, None


@lru_cache(maxsize=1024)
def compiled(conditions: tuple[Condition, ...]) -> Test:
    """A function that tells whether a request meets all conditions."""
    tests = [_compile(condition) for condition in conditions]
    if len(tests) == 1:
        return tests[0]
    return lambda incoming: all(test(incoming) for test in tests)


def _compile(condition: Condition) -> Test:
    return COMPILERS[condition.field](condition)


def _host(condition: Condition) -> Test:
    matches = _any_of(condition, ignore_case=True)
    return lambda incoming: matches(incoming.host)


def _path(condition: Condition) -> Test:
    matches = _any_of(condition, ignore_case=False)
    return lambda incoming: matches(incoming.path)


def _header(condition: Condition) -> Test:
    matches, wanted = _any_of(condition, ignore_case=True), condition.header.lower().encode()
    return lambda incoming: any(name.lower() == wanted and matches(value) for name, value in incoming.headers)


def _method(condition: Condition) -> Test:
    methods = frozenset(value.encode() for value in condition.values)
    return lambda incoming: incoming.method in methods


def _query(condition: Condition) -> Test:
    pairs = [
        (None if key is None else wildcard(key, ignore_case=True, escapes=True).fullmatch,
         wildcard(value, ignore_case=True, escapes=True).fullmatch)
        for key, value in condition.pairs
    ]  # fmt: skip

    def test(incoming: Incoming) -> bool:
        if not incoming.query:
            return False
        for piece in incoming.query.split(b"&"):
            name, _, value = piece.partition(b"=")
            for key_matches, value_matches in pairs:
                if (key_matches is None or key_matches(name)) and value_matches(value):
                    return True
        return False

    return test


def _source(condition: Condition) -> Test:
    networks = [ip_network(value, strict=False) for value in condition.values]

    @lru_cache(maxsize=256)
    def inside(source: str) -> bool:
        return any(ip_address(source) in network for network in networks)

    return lambda incoming: inside(incoming.source)


COMPILERS: dict[str, Callable[[Condition], Test]] = {
    "host-header": _host,
    "path-pattern": _path,
    "http-header": _header,
    "http-request-method": _method,
    "query-string": _query,
    "source-ip": _source,
}


def _any_of(condition: Condition, *, ignore_case: bool) -> Callable[[bytes], bool]:
    found: list[Matches] = [wildcard(value, ignore_case=ignore_case).fullmatch for value in condition.values]
    found += [regular(text, ignore_case=ignore_case).search for text in condition.regexes]
    if len(found) == 1:
        only = found[0]
        return lambda value: only(value) is not None
    return lambda value: any(matches(value) is not None for matches in found)


def wildcard(pattern: str, *, ignore_case: bool, escapes: bool = False) -> re.Pattern[bytes]:
    """A pattern with ``*`` and ``?`` as a regular expression for the whole value.

    What stands between two stars is looked for at its first place and never again (an atomic group), so that no value,
    however long, makes the search slow.
    """
    pieces: list[str] = [""]
    letters = iter(pattern)
    for letter in letters:
        if letter == "*":
            pieces.append("")
        elif letter == "?":
            pieces[-1] += "."
        elif letter == "\\" and escapes:
            pieces[-1] += re.escape(next(letters, letter))
        else:
            pieces[-1] += re.escape(letter)
    head, *rest = pieces
    text = head
    if rest:
        text += "".join(f"(?>.*?{piece})" for piece in rest[:-1] if piece) + f".*{rest[-1]}"
    return re.compile(text.encode(), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


@lru_cache(maxsize=1024)
def regular(text: str, *, ignore_case: bool = False) -> re.Pattern[bytes]:
    """A regular expression; it holds where it is found anywhere in the value."""
    return re.compile(text.encode(), re.IGNORECASE if ignore_case else 0)


UNSUPPORTED = re.compile(r"\(\?(?:[=!]|<[=!]|>|R\)|&|\d|P[>=])|[*+?}]\+|\\[1-9]|\\[pPgk]\b|\\[pP]\{")
"""What AWS's regular expressions do not have: look-around, references, atomic groups, possessive quantifiers, classes
of Unicode."""


def complaint(text: str) -> str:
    """What is wrong with a regular expression; empty when nothing is."""
    if UNSUPPORTED.search(text):
        return "it uses a feature that load balancers do not support, such as look-around or a back-reference"
    try:
        re.compile(text.encode())
    except re.error as error:
        return str(error)
    if _repeats_a_repeat(text):
        return "the embedded cloud refuses a repetition within a repetition, which could take for ever"
    return ""


def _repeats_a_repeat(text: str) -> bool:
    # a group that ends in an unbounded repetition and is itself repeated without a bound, as (a+)+
    plain = re.sub(r"\\.", "x", text)
    plain = re.sub(r"\[\^?\]?[^\]]*\]", "x", plain)
    plain = re.sub(r"\{\d+,\}", "+", plain)
    open_groups: list[bool] = []
    for index, letter in enumerate(plain):
        if letter == "(":
            open_groups.append(False)
        elif letter in "*+":
            open_groups = [True] * len(open_groups)
        elif letter == ")" and open_groups:
            repeats = open_groups.pop()
            if repeats and plain[index + 1 : index + 2] in ("*", "+", "{"):
                return True
    return False
