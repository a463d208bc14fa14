import pytest

from lab_cloud.iam.evaluate import Policies, Question, decide

from .asking import document
from .published import CASES, Case


@pytest.mark.parametrize("case", CASES, ids=[f"{number}-{case.action}" for number, case in enumerate(CASES)])
def test_what_aws_says(case: Case) -> None:
    policies = Policies(
        identity=(document(*case.identity),) if case.identity else (),
        resource=(document(*case.policy),) if case.policy else (),
        boundary=document(*case.boundary) if case.boundary is not None else None,
    )
    decision = decide(Question(case.who, case.action, case.resource, case.context), policies)
    if case.expected == "allow":
        assert decision.allowed, decision.message
    else:
        assert case.expected in decision.why
