"""Policy documents, read once into what can be asked quickly. Pure.

References
----------
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

import functools
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

VERSIONS = ("2012-10-17", "2008-10-17")
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_LITERAL = ("*", "?", "$")

Context = Mapping[str, tuple[str, ...]]


class Malformed(Exception):  # noqa: N818
    """The document is not a policy; the message says why."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of one operator.

    Parameters
    ----------
    operator : str
        In small letters, without set operator and ``ifexists``.
    quantifier : str
        ``forallvalues``, ``foranyvalue`` or empty.
    if_exists : bool
        Whether a missing key fulfils it.
    key : str
        In small letters.
    values : tuple of str
        What the policy asks for.
    """

    operator: str
    quantifier: str
    if_exists: bool
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """What an element or its Not-twin says.

    Parameters
    ----------
    fixed : re.Pattern
        All values without variables, as one pattern.
    varied : tuple of str
        Values with policy variables.
    negated : bool
        Whether it is the Not-twin.
    """

    fixed: re.Pattern[str]
    varied: tuple[str, ...]
    negated: bool

    def fit(self, actual: str, context: "Context") -> bool:
        """Whether an action or a resource is among them, or for the Not-twin is not."""
        found = self.fixed.fullmatch(actual) is not None or any(
            like_with_variables(actual, each, context) for each in self.varied
        )
        return found != self.negated


@dataclass(frozen=True, slots=True)
class Principals:
    """Principals by their kind (``AWS``, ``Service``, ``Federated``), and whether they are turned round."""

    kinds: tuple[tuple[str, str], ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; an element that is not there is None and fits everything."""

    effect: str
    principals: Principals | None
    actions: Names | None
    resources: Names | None
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A policy.

    Parameters
    ----------
    variables : bool
        Whether ``${...}`` means something: in version 2012-10-17 only.
    statements : tuple of Statement
        In their order.
    """

    variables: bool
    statements: tuple[Statement, ...]


@functools.lru_cache(maxsize=1024)
def read(text: str) -> Document:
    """Read a document that IAM or a service has taken in.

    Raises
    ------
    Malformed
        It is not JSON, or not an object.
    """
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise Malformed(f"the text is not JSON: {error}") from None
    if not isinstance(raw, dict):
        raise Malformed("a policy is a JSON object")
    variables = raw.get("Version") == VERSIONS[0]
    statements = [each for each in many(raw.get("Statement")) if isinstance(each, dict)]
    return Document(variables, tuple(_statement(each, variables) for each in statements))


def _statement(raw: Mapping[str, Any], variables: bool) -> Statement:
    return Statement(
        effect=str(raw.get("Effect", "")),
        principals=_principals(raw),
        actions=_names(raw, "Action", [str(each).lower() for each in many(raw.get("Action", raw.get("NotAction")))]),
        resources=_names(raw, "Resource", list(map(str, many(raw.get("Resource", raw.get("NotResource"))))), variables),
        conditions=tuple(_conditions(raw.get("Condition", {}))),
    )


def _names(raw: Mapping[str, Any], name: str, values: list[str], variables: bool = False) -> Names | None:
    if name not in raw and f"Not{name}" not in raw:
        return None
    varied = tuple(each for each in values if variables and "${" in each)
    plain = "|".join("".join(map(_glob_part, each)) for each in values if each not in varied)
    return Names(re.compile(plain or "(?!)", re.DOTALL), varied, name not in raw)


def _principals(raw: Mapping[str, Any]) -> Principals | None:
    for key, negated in (("Principal", False), ("NotPrincipal", True)):
        if key in raw:
            value = raw[key]
            by_kind = value if isinstance(value, dict) else {"*": value}
            pairs = tuple((str(kind), str(each)) for kind, some in by_kind.items() for each in many(some))
            return Principals(pairs, negated)
    return None


def _conditions(raw: Any) -> Iterable[Condition]:
    if not isinstance(raw, dict):
        return
    for operator, keys in raw.items():
        quantifier, colon, plain = operator.lower().rpartition(":")
        if_exists = plain.endswith("ifexists")
        for key, wanted in keys.items() if isinstance(keys, dict) else ():
            yield Condition(
                operator=plain.removesuffix("ifexists"),
                quantifier=quantifier if colon else "",
                if_exists=if_exists,
                key=str(key).lower(),
                values=tuple(text_of(each) for each in many(wanted)),
            )


def many(value: Any) -> list[Any]:
    """One value or a list of them, as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def text_of(value: Any) -> str:
    """A value of a condition as policies spell it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


# -- wildcards and variables ------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=4096)
def glob(pattern: str) -> re.Pattern[str]:
    """A pattern in which ``*`` stands for any text and ``?`` for one character; all else means itself."""
    return re.compile("".join(_glob_part(each) for each in pattern), re.DOTALL)


def _glob_part(character: str) -> str:
    return ".*" if character == "*" else "." if character == "?" else re.escape(character)


def like(actual: str, pattern: str) -> bool:
    """Whether a text fits a pattern."""
    return pattern in ("*", actual) or glob(pattern).fullmatch(actual) is not None


def like_with_variables(actual: str, pattern: str, context: Context) -> bool:
    """The same for a pattern with policy variables: their values mean themselves, stars in them too."""
    if "${" not in pattern:
        return like(actual, pattern)
    start, names = _template(pattern)
    if not actual.startswith(start):
        return False
    values = tuple(_value(name, context) for name in names)
    return None not in values and _filled_glob(pattern, values).fullmatch(actual) is not None


@functools.lru_cache(maxsize=1024)
def _template(pattern: str) -> tuple[str, tuple[str, ...]]:
    """What a pattern begins with literally, and the variables in it."""
    start = re.match(r"[^*?$]*", pattern)
    return start[0] if start is not None else "", tuple(_VARIABLE.findall(pattern))


@functools.lru_cache(maxsize=4096)
def _filled_glob(pattern: str, values: tuple[str | None, ...]) -> re.Pattern[str]:
    parts: list[str] = []
    end = 0
    for found, value in zip(_VARIABLE.finditer(pattern), values, strict=True):
        parts += [*map(_glob_part, pattern[end : found.start()]), re.escape(str(value))]
        end = found.end()
    return re.compile("".join([*parts, *map(_glob_part, pattern[end:])]), re.DOTALL)


def filled(text: str, context: Context) -> str | None:
    """A text with its policy variables filled in; None when one of them has no value."""
    if "${" not in text:
        return text
    values = [_value(name, context) for name in _VARIABLE.findall(text)]
    if any(value is None for value in values):
        return None
    known = iter(values)
    return _VARIABLE.sub(lambda _: str(next(known)), text)


def _value(name: str, context: Context) -> str | None:
    if name in _LITERAL:
        return name
    key, comma, default = name.partition(",")
    found = context.get(key.strip().lower())
    if found is not None and len(found) == 1:
        return found[0]
    return default.strip().strip("'") if comma else None
