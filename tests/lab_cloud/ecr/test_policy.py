import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.ecr import policy
from lab_cloud.iam.document import Malformed


@given(st.text(max_size=200))
def test_any_text_is_a_policy_or_malformed(text: str) -> None:
    try:
        assert policy.parse(text)["Statement"]
    except Malformed as wrong:
        assert str(wrong)


def test_an_operator_that_iam_does_not_have() -> None:
    statement = '{"Effect": "Allow", "Principal": "*", "Action": "ecr:*", "Condition": {"%s": {"aws:a": "b"}}}'
    policy.parse('{"Statement": ' + statement % "ForAnyValue:StringLikeIfExists" + "}")
    with pytest.raises(Malformed, match="StringMatches"):
        policy.parse('{"Statement": ' + statement % "StringMatches" + "}")
