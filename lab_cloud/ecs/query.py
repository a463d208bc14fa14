"""Expressions that choose container instances: the cluster query language. Pure.

Read: ``attribute:NAME`` and ``ec2InstanceId``, ``agentConnected``, ``runningTasksCount``, ``task:group`` and their like
as subjects; ``==``, ``!=``, ``=~``, ``!~``, ``>``, ``>=``, ``<``, ``<=``, ``in``, ``not_in``, ``exists`` and
``not_exists`` as operators; ``and``, ``or``, ``not`` and brackets.

References
----------
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

TOKEN = re.compile(
    r"\s*(\(|\)|\[|\]|,|&&|\|\||==|!=|=~|!~|>=|<=|>|<|!(?![=~])"
    r"|[A-Za-z0-9_.:/*$^\\+?{}|-]+|'[^']*'|\"[^\"]*\")"
)
OPERATORS = {
    "equals": "==",
    "not_equals": "!=",
    "matches": "=~",
    "not_matches": "!~",
    "greater_than": ">",
    "greater_than_equal": ">=",
    "less_than": "<",
    "less_than_equal": "<=",
    "!in": "not_in",
    "!exists": "not_exists",
}
COMPARED = ("==", "!=", "=~", "!~", ">", ">=", "<", "<=")


class BadQuery(Exception):  # noqa: N818
    """Not an expression; the message says where it breaks off."""


@dataclass(frozen=True)
class Subject:
    """What an expression is asked about.

    Parameters
    ----------
    values : dict
        Subject -> value, for example ``attribute:ecs.instance-type`` or ``ec2InstanceId``.
    task_groups : frozenset of str
        The groups of the tasks that the instance runs.
    """

    values: Mapping[str, str]
    task_groups: frozenset[str] = frozenset()


Test = Callable[[Subject], bool]


def parse(text: str) -> Test:
    """An expression as a function.

    Parameters
    ----------
    text : str
        For example ``attribute:ecs.instance-type =~ t3.*``.

    Raises
    ------
    BadQuery
        When it cannot be read.
    """
    return _Reader(_tokens(text)).whole()


def _tokens(text: str) -> list[str]:
    found, place = [], 0
    while text[place:].strip():
        match = TOKEN.match(text, place)
        if match is None:
            raise BadQuery(f"cannot read '{text[place:].strip()}'")
        found.append(match[1])
        place = match.end()
    return found


class _Reader:
    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = list(tokens)

    def whole(self) -> Test:
        if not self._tokens:
            raise BadQuery("it is empty")
        found = self._or()
        if self._tokens:
            raise BadQuery(f"'{self._tokens[0]}' is too much")
        return found

    def _or(self) -> Test:
        left = self._and()
        while self._peek() in ("or", "||"):
            self._next()
            left = _either(left, self._and())
        return left

    def _and(self) -> Test:
        left = self._not()
        while self._peek() in ("and", "&&"):
            self._next()
            left = _both(left, self._not())
        return left

    def _not(self) -> Test:
        if self._peek() in ("not", "!"):
            self._next()
            inner = self._not()
            return lambda subject: not inner(subject)
        if self._peek() == "(":
            self._next()
            inner = self._or()
            self._expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Test:
        name = self._next()
        operator = self._next()
        if operator == "!" and self._peek() in ("in", "exists"):
            operator = f"!{self._next()}"
        operator = OPERATORS.get(operator, operator)
        if operator in ("exists", "not_exists"):
            return lambda subject: (name in subject.values) == (operator == "exists")
        if operator in ("in", "not_in"):
            values = self._list()
            return lambda subject: (_value(subject, name, values) in values) == (operator == "in")
        if operator not in COMPARED:
            raise BadQuery(f"'{operator}' is no operator")
        wanted = _plain(self._next())
        return _compare(name, operator, wanted)

    def _list(self) -> list[str]:
        self._expect("[")
        found = [_plain(self._next())]
        while self._peek() == ",":
            self._next()
            found.append(_plain(self._next()))
        self._expect("]")
        return found

    def _peek(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _next(self) -> str:
        if not self._tokens:
            raise BadQuery("it ends too early")
        return self._tokens.pop(0)

    def _expect(self, token: str) -> None:
        if self._next() != token:
            raise BadQuery(f"'{token}' is missing")


def _both(left: Test, right: Test) -> Test:
    return lambda subject: left(subject) and right(subject)


def _either(left: Test, right: Test) -> Test:
    return lambda subject: left(subject) or right(subject)


def _value(subject: Subject, name: str, wanted: Sequence[str]) -> str | None:
    if name == "task:group":
        return next((group for group in wanted if group in subject.task_groups), None)
    return subject.values.get(name)


def _compare(name: str, operator: str, wanted: str) -> Test:
    if operator in ("=~", "!~"):
        try:
            pattern = re.compile(wanted)
        except re.error as error:
            raise BadQuery(f"'{wanted}' is no pattern: {error}") from None

        def matches(subject: Subject) -> bool:
            found = subject.values.get(name)
            return (found is not None and pattern.fullmatch(found) is not None) == (operator == "=~")

        return matches
    if operator in ("==", "!="):
        return lambda subject: (_value(subject, name, [wanted]) == wanted) == (operator == "==")

    def ordered(subject: Subject) -> bool:
        found = subject.values.get(name)
        if found is None:
            return False
        try:
            left, right = float(found), float(wanted)
        except ValueError:
            return False
        return {">": left > right, ">=": left >= right, "<": left < right, "<=": left <= right}[operator]

    return ordered


def _plain(token: str) -> str:
    return token[1:-1] if token[:1] in "'\"" and token[-1:] == token[:1] and len(token) > 1 else token
