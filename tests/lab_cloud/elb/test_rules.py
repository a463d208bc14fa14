"""The matcher, against a slow and plain one."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.elb.messages import Header
from lab_cloud.elb.model import Condition
from lab_cloud.elb.rules import Incoming, compiled, complaint, first, wildcard


def incoming(
    path: bytes = b"/",
    query: bytes = b"",
    host: bytes = b"www.example.com",
    method: bytes = b"GET",
    headers: list[Header] | None = None,
    source: str = "127.0.0.1",
) -> Incoming:
    return Incoming(method, host, path, query, headers or [], source)


def holds(condition: Condition, request: Incoming) -> bool:
    return compiled((condition,))(request)


def plain(pattern: str, value: str) -> bool:
    """What ``*`` and ``?`` mean, letter by letter."""
    if not pattern:
        return not value
    if pattern[0] == "*":
        return plain(pattern[1:], value) or (bool(value) and plain(pattern, value[1:]))
    return bool(value) and pattern[0] in ("?", value[0]) and plain(pattern[1:], value[1:])


@given(st.text("ab.*?", max_size=8), st.text("ab.\n", max_size=10))
def test_wildcards_mean_what_they_say(pattern: str, value: str) -> None:
    found = wildcard(pattern, ignore_case=False).fullmatch(value.encode()) is not None
    assert found == plain(pattern, value)


def test_no_value_makes_a_wildcard_slow() -> None:
    assert wildcard("*a*a*a*a*b", ignore_case=True).fullmatch(b"a" * 16_000) is None  # backtracking would take days


@pytest.mark.parametrize(
    ("condition", "request_", "expected"),
    [
        (Condition("host-header", ("*.Example.com",)), incoming(host=b"API.example.COM"), True),
        (Condition("host-header", ("*.example.com",)), incoming(host=b"example.com"), False),
        (Condition("host-header", ("a.com", "b.com")), incoming(host=b"b.com"), True),
        (Condition("host-header", regexes=("^(www|api)\\.example",)), incoming(host=b"WWW.example.com"), True),
        (Condition("path-pattern", ("/img/*",)), incoming(b"/img/a/b.png"), True),
        (Condition("path-pattern", ("/img/*",)), incoming(b"/IMG/a"), False),
        (Condition("path-pattern", ("/img",)), incoming(b"/img/"), False),
        (Condition("path-pattern", ("/a?c",)), incoming(b"/abc", b"x=1"), True),
        (Condition("path-pattern", ("/a b",)), incoming(b"/a%20b"), False),
        (Condition("path-pattern", regexes=("^/v[0-9]+/",)), incoming(b"/v12/x"), True),
        (Condition("path-pattern", regexes=("^/V[0-9]+/",)), incoming(b"/v12/x"), False),
        (Condition("http-header", ("*chrome*",), header="User-Agent"),
         incoming(headers=[(b"user-agent", b"Mozilla Chrome/1")]), True),
        (Condition("http-header", ("b",), header="X-A"), incoming(headers=[(b"x-a", b"a"), (b"X-A", b"B")]), True),
        (Condition("http-header", ("a",), header="X-A"), incoming(), False),
        (Condition("http-request-method", ("POST", "PUT")), incoming(method=b"PUT"), True),
        (Condition("http-request-method", ("POST",)), incoming(method=b"post"), False),
        (Condition("query-string", pairs=(("version", "v1"),)), incoming(query=b"a=b&VERSION=V1"), True),
        (Condition("query-string", pairs=(("version", "v1"),)), incoming(query=b"a=v1"), False),
        (Condition("query-string", pairs=((None, "*example*"),)), incoming(query=b"a=an-example-"), True),
        (Condition("query-string", pairs=((None, "*"),)), incoming(), False),
        (Condition("query-string", pairs=(("a", "\\*"),)), incoming(query=b"a=*"), True),
        (Condition("query-string", pairs=(("a", "\\*"),)), incoming(query=b"a=x"), False),
        (Condition("source-ip", ("10.0.0.0/8", "127.0.0.1/32")), incoming(), True),
        (Condition("source-ip", ("10.0.0.0/8", "2001:db8::/32")), incoming(), False),
    ],
)  # fmt: skip
def test_conditions(condition: Condition, request_: Incoming, expected: bool) -> None:
    assert holds(condition, request_) is expected


def test_all_conditions_of_a_rule_must_hold() -> None:
    test = compiled((Condition("path-pattern", ("/a*",)), Condition("http-request-method", ("GET",))))
    assert test(incoming(b"/a"))
    assert not test(incoming(b"/a", method=b"PUT"))
    assert not test(incoming(b"/b"))


@given(st.lists(st.text("ab*", min_size=1, max_size=3), max_size=6, unique=True), st.text("ab", max_size=3))
def test_the_first_rule_that_holds_wins(patterns: list[str], path: str) -> None:
    made = [(compiled((Condition("path-pattern", (pattern,)),)), pattern) for pattern in patterns]
    seen, found = first(made, incoming(path.encode()))
    fitting = [pattern for pattern in patterns if plain(pattern, path)]
    assert found == (fitting[0] if fitting else None)
    assert seen == (patterns.index(fitting[0]) + 1 if fitting else len(patterns))


def test_a_rule_is_compiled_once() -> None:
    conditions = (Condition("path-pattern", ("/once",)),)
    again = (Condition("path-pattern", ("/once",)),)
    assert all(one is other for one, other in pairwise([compiled(conditions), compiled(again)]))


@pytest.mark.parametrize(
    ("regex", "word"),
    [
        ("^/dp/([A-Za-z0-9]+)/?$", ""),
        ("^(a|b){2,3}c*$", ""),
        ("(?:x|y)", ""),
        ("([0-9]{4})+", ""),
        ("[+*]+", ""),
        ("(a+)+$", "repetition"),
        ("((ab)*c)*", "repetition"),
        ("(a{2,})*", "repetition"),
        ("(?=x)", "support"),
        ("(?<!x)y", "support"),
        ("(a)\\1", "support"),
        ("a++", "support"),
        ("\\p{L}", "support"),
        ("(a", "unterminated"),
    ],
)
def test_regular_expressions_that_are_refused(regex: str, word: str) -> None:
    assert (word in complaint(regex)) if word else complaint(regex) == ""
