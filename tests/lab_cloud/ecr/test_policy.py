from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.ecr import policy
from lab_cloud.ecr.policy import Malformed, Principal, Question

ACCOUNT = "123456789012"
USER = Principal(f"arn:aws:iam::{ACCOUNT}:user/an", ACCOUNT)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploy"
SESSION = Principal(f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/me", ACCOUNT, (ROLE,))
ARN = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/team/web"


def said(statement: dict[str, Any], principal: Principal = USER, action: str = "ecr:PutImage") -> str:
    whole = {"Effect": "Deny", "Principal": "*", "Action": "ecr:*", **statement}
    whole = {name: value for name, value in whole.items() if value is not None}
    question = Question(principal, action, ARN, {"aws:requestedregion": "us-east-1", "aws:securetransport": "false"})
    return policy.decide({"Statement": whole}, question)


@pytest.mark.parametrize(
    ("principal", "who", "applies"),
    [
        ("*", USER, True),
        ({"AWS": "*"}, USER, True),
        ({"AWS": USER.arn}, USER, True),
        ({"AWS": [ROLE, USER.arn]}, USER, True),
        ({"AWS": ROLE}, USER, False),
        ({"AWS": ROLE}, SESSION, True),
        ({"AWS": SESSION.arn}, SESSION, True),
        ({"AWS": ACCOUNT}, USER, True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, USER, True),
        ({"AWS": "arn:aws:iam::210987654321:root"}, USER, False),
        ({"Service": "ecs.amazonaws.com"}, USER, False),
    ],
)
def test_principals(principal: Any, who: Principal, applies: bool) -> None:
    assert said({"Principal": principal}, who) == ("Deny" if applies else "")
    assert said({"Principal": None, "NotPrincipal": principal}, who) == ("" if applies else "Deny")


@pytest.mark.parametrize(
    ("action", "applies"),
    [("*", True), ("ecr:*", True), ("ecr:Put*", True), ("ecr:putimage", True), ("ecr:Get*", False), ("ecs:*", False)],
)
def test_actions(action: str, applies: bool) -> None:
    assert said({"Action": action}) == ("Deny" if applies else "")
    assert said({"Action": None, "NotAction": [action]}) == ("" if applies else "Deny")


@pytest.mark.parametrize(
    ("resource", "applies"), [("*", True), (ARN, True), (ARN[:-3] + "*", True), (ARN + "x", False), ("[a]*", False)]
)
def test_resources(resource: str, applies: bool) -> None:
    assert said({"Resource": resource}) == ("Deny" if applies else "")
    assert said({"NotResource": resource}) == ("" if applies else "Deny")


@pytest.mark.parametrize(
    ("condition", "applies"),
    [
        ({"StringEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}}, True),
        ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, False),
        ({"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}, True),
        ({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}, True),
        ({"ArnNotLike": {"aws:PrincipalArn": "*:user/*"}}, False),
        ({"Bool": {"aws:SecureTransport": False}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"StringEquals": {"aws:PrincipalTag/team": "a"}}, False),
        ({"StringNotEquals": {"aws:PrincipalTag/team": "a"}}, True),
        ({"StringEqualsIfExists": {"aws:PrincipalTag/team": "a"}}, True),
        ({"Null": {"aws:PrincipalTag/team": "true"}}, True),
        ({"Null": {"aws:PrincipalArn": "true"}}, False),
        ({"StringEquals": {"aws:PrincipalType": "User"}}, True),
        ({"StringEquals": {"aws:PrincipalType": "User", "aws:RequestedRegion": "eu-west-1"}}, False),
    ],
)
def test_conditions(condition: Any, applies: bool) -> None:
    assert said({"Condition": condition}) == ("Deny" if applies else "")


def test_a_session_is_known_by_its_role() -> None:
    assert said({"Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE}}}, SESSION) == "Deny"
    assert said({"Condition": {"StringEquals": {"aws:PrincipalType": "AssumedRole"}}}, SESSION) == "Deny"


effects = st.sampled_from(["Allow", "Deny"])
statements = st.fixed_dictionaries(
    {
        "Effect": effects,
        "Principal": st.sampled_from(["*", {"AWS": USER.arn}, {"AWS": ROLE}]),
        "Action": st.sampled_from(["*", "ecr:PutImage", "ecr:Get*"]),
    }
)


@given(st.lists(statements, min_size=1), statements)
def test_a_deny_wins_whatever_else_is_there(others: list[dict[str, Any]], one: dict[str, Any]) -> None:
    question = Question(USER, "ecr:PutImage", ARN, {})
    alone = policy.decide({"Statement": one}, question)
    together = policy.decide({"Statement": [*others, one]}, question)
    if alone == "Deny":
        assert together == "Deny"
    if alone == "Allow":
        assert together in ("Allow", "Deny")
    assert together == policy.decide({"Statement": [one, *reversed(others)]}, question)


@given(st.text(max_size=200))
def test_any_text_is_a_policy_or_malformed(text: str) -> None:
    try:
        assert policy.parse(text)["Statement"]
    except Malformed as wrong:
        assert str(wrong)
