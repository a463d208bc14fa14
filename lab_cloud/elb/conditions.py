"""Check the conditions and transforms of a rule, as AWS does before it takes them.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-transforms.html
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from ..errors import AwsError
from ..wire import moto_rules
from . import rules
from .model import Condition

Given = Mapping[str, Any]

FIELDS = ("path-pattern", "host-header", "http-header", "http-request-method", "query-string", "source-ip")
ONCE = ("host-header", "path-pattern", "http-request-method", "source-ip")
WITH_REGEXES = ("host-header", "path-pattern", "http-header")
MOST_VALUES = 5
MOST_WILDCARDS = 5
LONGEST, LONGEST_NAME, LONGEST_REWRITE = 128, 40, 1024
HOST = re.compile(r"[A-Za-z0-9\-_.*?]*\.[A-Za-z*?]+")
PATH = re.compile(r"[A-Za-z0-9_\-.$/~\"'@:+&*?]+")
HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
METHOD = re.compile(r"[A-Z_-]+")


def check_conditions(given: Sequence[Given]) -> None:
    """Check the conditions of one rule.

    Raises
    ------
    AwsError
        What a real account answers.
    """
    if not given:
        raise AwsError("ValidationError", "You must specify at least one condition")
    conditions = []
    for one in given:
        _check_form(one)
        conditions.append(moto_rules.condition_of(one))
    for field in ONCE:
        if sum(one.field == field for one in conditions) > 1:
            raise AwsError("ValidationError", f"A rule can only have one condition with the field '{field}'")
    for condition in conditions:
        _check(condition)
    values = sum(len(one.values) + len(one.regexes) + len(one.pairs) for one in conditions)
    if values > MOST_VALUES:
        raise AwsError("ValidationError", f"A rule can only have '{MOST_VALUES}' condition values")
    if sum(map(_wildcards, conditions)) > MOST_WILDCARDS:
        raise AwsError("ValidationError", f"A rule can only have '{MOST_WILDCARDS}' condition wildcards")


def check_transforms(given: Sequence[Given]) -> None:
    """Check the transforms of one rule.

    Raises
    ------
    AwsError
        What a real account answers.
    """
    kinds = [one["Type"] for one in given]
    if len(set(kinds)) < len(kinds):
        raise AwsError("ValidationError", "A rule can only have one transform of each type")
    for one in given:
        rewrites = moto_rules.rewrites_of(one)
        if len(rewrites) != 1:
            text = f"A transform of the type '{one['Type']}' must have exactly one rewrite"
            raise AwsError("ValidationError", text)
        for text in (rewrites[0].regex, rewrites[0].replace):
            if len(text) > LONGEST_REWRITE:
                raise AwsError("ValidationError", f"A rewrite can have at most {LONGEST_REWRITE} characters")
        _check_regex(rewrites[0].regex)


def _check_form(given: Given) -> None:
    field = given.get("Field")
    if field not in FIELDS:
        raise AwsError("ValidationError", f"Condition field '{field}' must be one of '[{','.join(FIELDS)}]'")
    config = moto_rules.CONFIGS[field]
    if given.get("Values") and field not in ("host-header", "path-pattern"):
        raise AwsError("ValidationError", f"The 'Values' field is not compatible with '{field}'")
    if given.get("Values") and given.get(config):
        text = f"You cannot provide both Values and '{config}' for a condition of type '{field}'"
        raise AwsError("ValidationError", text)
    if len(given.get("Values") or ()) > 1:
        raise AwsError("ValidationError", f"The '{field}' field contains too many values; the limit is '1'")
    if field not in ("host-header", "path-pattern") and not given.get(config) and not given.get("RegexValues"):
        raise AwsError("ValidationError", f"A '{config}' must be specified with '{field}'")
    for other in set(moto_rules.CONFIGS.values()) - {config}:
        if given.get(other):
            raise AwsError("ValidationError", f"'{other}' is not compatible with the field '{field}'")


def _check(condition: Condition) -> None:
    field = condition.field
    if not condition.values and not condition.regexes and not condition.pairs:
        subject = "A 'source-ip' value" if field == "source-ip" else "A condition value"
        raise AwsError("ValidationError", f"{subject} must be specified")
    if condition.values and condition.regexes:
        raise AwsError("ValidationError", f"A '{field}' condition can have either values or regular expressions")
    if condition.regexes and field not in WITH_REGEXES:
        raise AwsError("ValidationError", f"The 'RegexValues' field is not compatible with '{field}'")
    longest = LONGEST_NAME if field == "http-request-method" else LONGEST
    for value in (*condition.values, *condition.regexes):
        if not value:
            raise AwsError("ValidationError", "A condition value must be specified")
        if len(value) > longest:
            raise AwsError("ValidationError", f"The '{field}' value is too long; the limit is '{longest}'")
    for regex in condition.regexes:
        _check_regex(regex)
    checks = {"http-header": _check_header, "source-ip": _check_source, "query-string": _check_query}
    if field in checks:
        checks[field](condition)
    patterns = {"host-header": HOST, "path-pattern": PATH, "http-request-method": METHOD}
    for value in condition.values if field in patterns else ():
        if not patterns[field].fullmatch(value):
            raise AwsError("ValidationError", f"The '{field}' value '{value}' is invalid; {ALLOWED[field]}")


ALLOWED = {
    "host-header": "it must have a dot with letters after the last one, and can contain A-Z, a-z, 0-9, - _ . * and ?",
    "path-pattern": "the allowed characters are A-Z, a-z, 0-9 and _ - . $ / ~ \" ' @ : + & * ?",
    "http-request-method": "the allowed characters are A-Z, hyphen and underscore",
}


def _check_header(condition: Condition) -> None:
    name = condition.header
    if len(name) > LONGEST_NAME:
        raise AwsError("ValidationError", f"The 'HttpHeaderName' value is too long; the limit is '{LONGEST_NAME}'")
    if not HEADER_NAME.fullmatch(name):
        raise AwsError("ValidationError", f"The 'HttpHeaderName' value '{name}' is not the name of a header")
    if name.lower() == "host":
        raise AwsError("ValidationError", "Use a 'host-header' condition to compare the host header")


def _check_source(condition: Condition) -> None:
    for value in condition.values:
        try:
            fits = "/" in value and ip_network(value, strict=False) is not None
        except ValueError:
            fits = False
        if not fits:
            raise AwsError("ValidationError", f"The 'source-ip' value '{value}' is not a valid CIDR block")


def _check_query(condition: Condition) -> None:
    for key, value in condition.pairs:
        if not value:
            raise AwsError("ValidationError", "A 'Value' must be specified in 'QueryStringKeyValuePair'")
        for name, text in (("Key", key or ""), ("Value", value)):
            if len(text) > LONGEST:
                raise AwsError("ValidationError", f"The '{name}' value is too long; the limit is '{LONGEST}'")


def _check_regex(text: str) -> None:
    problem = rules.complaint(text)
    if problem:
        raise AwsError("ValidationError", f"The regular expression '{text}' is not valid: {problem}")


def _wildcards(condition: Condition) -> int:
    if condition.field in ("source-ip", "http-request-method"):
        return 0
    return sum(text.count("*") + text.count("?") for text in _texts(condition))


def _texts(condition: Condition) -> Iterator[str]:
    yield from condition.values
    for key, value in condition.pairs:
        yield from (text.replace("\\*", "").replace("\\?", "") for text in (key or "", value))
