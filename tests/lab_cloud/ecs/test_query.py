"""The cluster query language, one operator at a time."""

import pytest

from lab_cloud.ecs.query import BadQuery, Subject, parse

SUBJECT = Subject(
    {
        "attribute:ecs.instance-type": "t3.micro",
        "attribute:ecs.availability-zone": "us-east-1a",
        "attribute:stack": "production",
        "runningTasksCount": "3",
    },
    frozenset({"service:web"}),
)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("attribute:ecs.instance-type == t3.micro", True),
        ("attribute:ecs.instance-type equals t3.small", False),
        ("attribute:ecs.instance-type != t3.small", True),
        ("attribute:ecs.instance-type =~ t3.*", True),
        ("attribute:ecs.instance-type !~ t3.*", False),
        ("attribute:ecs.availability-zone in [us-east-1a, us-east-1b]", True),
        ("attribute:ecs.availability-zone not_in [us-east-1b]", True),
        ("attribute:ecs.availability-zone !in [us-east-1a]", False),
        ("attribute:stack exists", True),
        ("attribute:other !exists", True),
        ("attribute:other not_exists", True),
        ("runningTasksCount > 2 and runningTasksCount <= 3", True),
        ("runningTasksCount less_than 3", False),
        ("runningTasksCount >= 4", False),
        ("task:group == service:web", True),
        ("task:group != service:web", False),
        ("not(task:group == service:db)", True),
        (
            "attribute:stack == 'production' && (runningTasksCount < 1 || attribute:ecs.instance-type =~ '.*micro')",
            True,
        ),
        ("attribute:stack == test or attribute:stack == production", True),
        ("attribute:other > 1", False),
    ],
)
def test_an_expression(text: str, fits: bool) -> None:
    assert parse(text)(SUBJECT) is fits


@pytest.mark.parametrize(
    "text",
    ["", "attribute:x", "attribute:x like y", "attribute:x ==", "(attribute:x exists", "attribute:x in a", "a == b c",
     "attribute:x =~ [", "attribute:x == \x00"],
)  # fmt: skip
def test_what_cannot_be_read(text: str) -> None:
    with pytest.raises(BadQuery):
        parse(text)
