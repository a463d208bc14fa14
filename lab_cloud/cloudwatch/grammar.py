"""The grammar of metric math: from text to a tree of nodes. Pure.

References
----------
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|(?P<name>[A-Za-z_]\w*)|(?P<text>'[^']*'|\"[^\"]*\")"
    r"|(?P<sign>==|!=|<=|>=|&&|\|\||[-+*/^()<>,\[\]]))"
)
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("||", "OR"),
    ("&&", "AND"),
    ("==", "!=", "<", ">", "<=", ">="),
    ("+", "-"),
    ("*", "/"),
    ("^",),
)


class BadExpression(Exception):  # noqa: N818
    """An expression that cannot be read or worked out; the message says why."""


@dataclass(frozen=True)
class Node:
    """A part of an expression: a number, a text, an id, a list, an operator or a function with its arguments."""

    kind: str
    value: str
    parts: tuple["Node", ...] = ()


def parse(text: str) -> Node:
    """Read an expression.

    Raises
    ------
    BadExpression
        When it is not one.
    """
    tokens = _tokens(text)
    node, rest = _level(tokens, 0, 0)
    if rest != len(tokens):
        raise BadExpression(f"Unexpected '{tokens[rest][1]}'")
    return node


def ids(node: Node) -> set[str]:
    """The ids that an expression names."""
    found = {node.value} if node.kind == "id" else set()
    for part in node.parts:
        found |= ids(part)
    return found


def uses_all(node: Node) -> bool:
    """Whether it calls METRICS()."""
    return (node.kind == "call" and node.value == "METRICS") or any(uses_all(part) for part in node.parts)


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    place = 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            raise BadExpression(f"Unexpected '{text[place:].strip()[0]}'")
        kind = str(match.lastgroup)
        found.append((kind, match[kind]))
        place = match.end()
    if not found:
        raise BadExpression("The expression is empty")
    return found


def _level(tokens: list[tuple[str, str]], place: int, level: int) -> tuple[Node, int]:
    if level == len(_LEVELS):
        return _single(tokens, place)
    left, place = _level(tokens, place, level + 1)
    while place < len(tokens) and tokens[place][1] in _LEVELS[level] and tokens[place][0] in ("sign", "name"):
        sign = tokens[place][1]
        right, place = _level(tokens, place + 1, level + 1)
        left = Node("sign", sign, (left, right))
    return left, place


def _single(tokens: list[tuple[str, str]], place: int) -> tuple[Node, int]:
    if place >= len(tokens):
        raise BadExpression("The expression ends too early")
    kind, text = tokens[place]
    if kind == "number":
        return Node("number", text), place + 1
    if kind == "text":
        return Node("text", text[1:-1]), place + 1
    if text == "-":
        inner, place = _level(tokens, place + 1, len(_LEVELS) - 1)
        return Node("sign", "neg", (inner,)), place
    if text in ("(", "["):
        parts, place = _list(tokens, place + 1, ")" if text == "(" else "]")
        if text == "(" and len(parts) == 1:
            return parts[0], place
        return Node("list", "", tuple(parts)), place
    if kind == "name":
        if place + 1 < len(tokens) and tokens[place + 1][1] == "(":
            parts, after = _list(tokens, place + 2, ")")
            return Node("call", text.upper(), tuple(parts)), after
        return Node("id", text), place + 1
    raise BadExpression(f"Unexpected '{text}'")


def _list(tokens: list[tuple[str, str]], place: int, end: str) -> tuple[list[Node], int]:
    parts: list[Node] = []
    while place < len(tokens) and tokens[place][1] != end:
        part, place = _level(tokens, place, 0)
        parts.append(part)
        if place < len(tokens) and tokens[place][1] == ",":
            place += 1
        elif place < len(tokens) and tokens[place][1] != end:
            raise BadExpression(f"Unexpected '{tokens[place][1]}'")
    if place >= len(tokens):
        raise BadExpression(f"A '{end}' is missing")
    return parts, place + 1
