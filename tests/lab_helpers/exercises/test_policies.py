from typing import Any

import pytest

from lab_helpers.exercises.policies import allows, trusted

BUCKET = "arn:aws:s3:::photos"
PHOTO = f"{BUCKET}/2026/a.jpg"


def statement(action: Any, resource: Any = "*", effect: str = "Allow") -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource}


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ([], False),
        ([statement("s3:GetObject")], True),
        ([statement("s3:getobject", f"{BUCKET}/*")], True),
        ([statement(["s3:PutObject", "s3:Get*"], [f"{BUCKET}/2026/?.jpg"])], True),
        ([statement("*")], True),
        ([statement("s3:GetObject", BUCKET)], False),
        ([statement("s3:GetObject", "arn:aws:s3:::other/*")], False),
        ([statement("s3:PutObject", f"{BUCKET}/*")], False),
        ([statement("s3:GetObject", f"{BUCKET}/[0-9]*")], False),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], True),
        ([{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}], False),
        ([{"Effect": "Allow", "Action": "s3:*", "NotResource": f"{BUCKET}/*"}], False),
        ([statement("*"), statement("s3:GetObject", f"{BUCKET}/*", "Deny")], False),
        ([statement("*"), statement("s3:PutObject", f"{BUCKET}/*", "Deny")], True),
    ],
)
def test_whether_an_object_may_be_read(found: list[dict[str, Any]], wanted: bool) -> None:
    assert allows(found, "s3:GetObject", PHOTO) is wanted


def test_whether_an_action_is_allowed_on_anything() -> None:
    assert allows([statement("s3:GetObject", f"{BUCKET}/*")], "s3:GetObject")
    # what is denied for one bucket is still allowed on the others
    assert allows([statement("s3:*"), statement("s3:GetObject", f"{BUCKET}/*", "Deny")], "s3:GetObject")
    assert not allows([statement("s3:*"), statement("s3:GetObject", "*", "Deny")], "s3:GetObject")


@pytest.mark.parametrize(
    ("principal", "who"),
    [
        ({"Service": "ec2.amazonaws.com"}, ["ec2.amazonaws.com"]),
        ({"Service": ["b", "a"], "AWS": "123"}, ["123", "a", "b"]),
        ("*", ["*"]),
    ],
)
def test_who_is_trusted(principal: Any, who: list[str]) -> None:
    one = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    assert trusted({"AssumeRolePolicyDocument": {"Statement": [one]}}) == who
    assert trusted({"AssumeRolePolicyDocument": {"Statement": one}}) == who
    assert trusted({"AssumeRolePolicyDocument": {"Statement": [{**one, "Effect": "Deny"}]}}) == []
