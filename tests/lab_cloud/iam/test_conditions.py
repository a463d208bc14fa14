from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.iam import conditions

from .asking import ROLE, SESSION, USER, fits

CONTEXT: dict[str, Any] = {
    "aws__RequestedRegion": "us-east-1",
    "aws__SecureTransport": "false",
    "aws__SourceIp": "10.1.2.3",
    "aws__CurrentTime": "2026-11-25T12:00:00Z",
    "aws__EpochTime": "1795608000",
    "aws__TagKeys": ("team", "cost"),
    "s3__max-keys": "10",
}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"StringEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}}, True),
        ({"StringEquals": {"aws:requestedregion": "eu-west-1"}}, False),
        ({"StringEquals": {"aws:RequestedRegion": "US-EAST-1"}}, False),
        ({"StringEqualsIgnoreCase": {"aws:RequestedRegion": "US-EAST-1"}}, True),
        ({"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}, True),
        ({"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}, False),
        ({"StringNotEqualsIgnoreCase": {"aws:RequestedRegion": "US-EAST-1"}}, False),
        ({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}, True),
        ({"StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}, False),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:*:user/*"}}, False),  # each of the six parts by itself
        ({"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}, False),
        ({"Bool": {"aws:SecureTransport": False}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"IpAddress": {"aws:SourceIp": ["192.168.0.0/16", "10.0.0.0/8"]}}, True),
        ({"IpAddress": {"aws:SourceIp": "10.1.2.4"}}, False),
        ({"NotIpAddress": {"aws:SourceIp": "10.1.2.3/32"}}, False),
        ({"IpAddress": {"aws:SourceIp": "no address"}}, False),
        ({"NumericEquals": {"s3:max-keys": "10.0"}}, True),
        ({"NumericLessThan": {"s3:max-keys": "10"}}, False),
        ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, True),
        ({"NumericGreaterThan": {"s3:max-keys": 9}}, True),
        ({"NumericGreaterThanEquals": {"s3:max-keys": "many"}}, False),
        ({"NumericNotEquals": {"s3:max-keys": "11"}}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2026-11-25T12:00:01Z"}}, True),
        ({"DateGreaterThan": {"aws:CurrentTime": "2026-11-25"}}, True),
        ({"DateGreaterThanEquals": {"aws:EpochTime": "1795608000"}}, True),
        ({"DateLessThanEquals": {"aws:CurrentTime": "soon"}}, False),
        ({"StringEquals": {"aws:PrincipalTag/team": "a"}}, False),
        ({"StringNotEquals": {"aws:PrincipalTag/team": "a"}}, True),
        ({"StringEqualsIfExists": {"aws:PrincipalTag/team": "a"}}, True),
        ({"StringEqualsIfExists": {"aws:RequestedRegion": "eu-west-1"}}, False),
        ({"Null": {"aws:PrincipalTag/team": "true"}}, True),
        ({"Null": {"aws:PrincipalArn": "true"}}, False),
        ({"Null": {"aws:PrincipalArn": False}}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "cost", "more"]}}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": "team"}}, False),
        ({"ForAllValues:StringEquals": {"aws:Missing": "team"}}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["team", "other"]}}, True),
        ({"ForAnyValue:StringLike": {"aws:TagKeys": "te?m"}}, True),
        ({"ForAnyValue:StringEquals": {"aws:Missing": "team"}}, False),
        ({"ForAnyValue:StringNotEquals": {"aws:TagKeys": "team"}}, True),
        ({"ForAllValues:StringNotEquals": {"aws:TagKeys": "team"}}, False),
        ({"StringEquals": {"aws:PrincipalType": "User"}}, True),
        ({"StringEquals": {"aws:PrincipalType": "User", "aws:RequestedRegion": "eu-west-1"}}, False),
        ({"StringLike": {"aws:PrincipalArn": "*/${aws:username}"}}, True),
        ({"StringEquals": {"aws:RequestedRegion": "${aws:none, 'us-east-1'}"}}, True),
        ({"StringEquals": {"aws:RequestedRegion": "${aws:none}"}}, False),
        ({"StringMatches": {"aws:RequestedRegion": "us-east-1"}}, False),
    ],
)
def test_operators(condition: Any, holds: bool) -> None:
    assert fits({"Condition": condition}, **CONTEXT) == holds


def test_a_session_is_known_by_its_role() -> None:
    assert fits({"Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE}}}, SESSION)
    assert fits({"Condition": {"StringEquals": {"aws:PrincipalType": "AssumedRole"}}}, SESSION)
    assert not fits({"Condition": {"StringEquals": {"aws:username": "me"}}}, SESSION)


texts = st.text(alphabet="ab*?${}:/. ", max_size=12)


@given(texts, texts)
def test_an_operator_and_its_negation_never_agree(actual: str, wanted: str) -> None:
    for name in (
        "String%sEquals",
        "String%sLike",
        "Arn%sLike",
        "Numeric%sEquals",
        "Date%sEquals",
        "String%sEqualsIgnoreCase",
    ):
        assert conditions.known(name % "")
        plain, negated = (
            fits({"Condition": {name % word: {"a:b": wanted}}}, USER, a__b=actual) for word in ("", "Not")
        )
        assert plain != negated


@given(st.lists(texts, min_size=1, max_size=3), st.lists(texts, min_size=1, max_size=3))
def test_all_values_and_any_value(actual: list[str], wanted: list[str]) -> None:
    every, some = (
        fits({"Condition": {f"{name}:StringEquals": {"a:b": wanted}}}, USER, a__b=tuple(actual))
        for name in ("ForAllValues", "ForAnyValue")
    )
    plain = [each for each in wanted if "${" not in each]
    if plain == wanted:
        assert every == (set(actual) <= set(wanted))
        assert some == bool(set(actual) & set(wanted))
