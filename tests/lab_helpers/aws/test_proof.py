from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from lab_helpers.aws import proof
from lab_helpers.errors import CleanupFailed, NotReached
from lab_helpers.inventory import Thing

pytestmark = pytest.mark.usefixtures("home")
HERE = "us-east-1:111122223333"
FILTERS = [{"Key": "lab", "Values": ["containers-on-aws"]}, {"Key": "learner", "Values": ["an"]}]
QUEUE = f"arn:aws:sqs:{HERE}:jobs"
CLUSTER = f"arn:aws:ecs:{HERE}:cluster/demo"
BALANCER = f"arn:aws:elasticloadbalancing:{HERE}:loadbalancer/app/web/123"


def asked(*answers: list[str], gone: tuple[Thing, ...] = (), tries: int = 1) -> str:
    """What the proof says when AWS's index answers with these ARNs, one list a page."""
    client = boto3.client(
        "resourcegroupstaggingapi", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stub:
        for place, arns in enumerate(answers):
            more = "" if place in range(tries - 1) or place == len(answers) - 1 else f"page-{place}"
            answer = {"ResourceTagMappingList": [{"ResourceARN": arn} for arn in arns], "PaginationToken": more}
            before = {"PaginationToken": f"page-{place - 1}"} if place and tries == 1 else {}
            stub.add_response("get_resources", answer, {"TagFilters": FILTERS, **before})

        def wait(condition: Any, what: str, seconds: float) -> None:
            for _ in range(tries):
                if condition():
                    return
            raise NotReached(what)

        said = proof.prove(lambda _: client, "an", gone, wait)
        stub.assert_no_pending_responses()
    return said


def test_nothing_is_named() -> None:
    assert asked([]) == "AWS's index of tags, which covers all services of the region, names nothing either."


def test_every_page_is_read() -> None:
    with pytest.raises(CleanupFailed, match=f"Still there: {QUEUE}"):
        asked([CLUSTER], [QUEUE])


def test_what_aws_shows_of_things_that_have_gone_is_no_rest() -> None:
    assert "names nothing" in asked([CLUSTER, f"arn:aws:ecs:{HERE}:task-definition/web:1"])


def test_the_index_may_be_late_with_what_was_deleted_just_now() -> None:
    gone = (Thing("load balancer", "web", BALANCER, 3), Thing("queue", "jobs", "jobs", 7))
    assert "late: it still names 2 that have gone" in asked([BALANCER, QUEUE], gone=gone)
    assert "names nothing" in asked([BALANCER], [], gone=gone, tries=2)


def test_who_may_not_ask_is_told_which_permission_is_missing() -> None:
    client = boto3.client(
        "resourcegroupstaggingapi", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stub:
        stub.add_client_error("get_resources", "AccessDeniedException")
        assert "allow tag:GetResources" in proof.prove(
            lambda _: client, "an", (), lambda condition, *_, **__: condition()
        )
