import json
from typing import Any

import pytest

from lab_cloud.ecr.lifecycle_policy import parse
from lab_cloud.errors import AwsError


def rule(priority: int = 1, action: Any = None, **selection: Any) -> dict[str, Any]:
    chosen = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1, **selection}
    chosen = {name: value for name, value in chosen.items() if value is not None}
    return {"rulePriority": priority, "selection": chosen, "action": action or {"type": "expire"}}


def text(*rules: dict[str, Any]) -> str:
    return json.dumps({"rules": rules})


ARCHIVE = {"type": "transition", "targetStorageClass": "archive"}
DAYS = {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14}


def test_rules_come_by_priority() -> None:
    found = parse(text(rule(7, tagStatus="any"), rule(3), rule(5, tagStatus="tagged", tagPrefixList=["a"])))
    assert [each.priority for each in found] == [3, 5, 7]


@pytest.mark.parametrize(
    "good",
    [
        text(rule(**DAYS)),
        text(rule(tagStatus="tagged", tagPatternList=["a*b*c*d*"])),
        text(rule(action=ARCHIVE, countType="sinceImagePulled", countUnit="days")),
        text(rule(countType="sinceImageTransitioned", countUnit="days", countNumber=90, storageClass="archive")),
        text({**rule(), "description": "why"}),
    ],
)
def test_what_aws_takes(good: str) -> None:
    assert len(parse(good)) == 1


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("{", "not JSON"),
        ("[]", "'rules'"),
        ('{"rules": []}', "1 to 50"),
        (text(rule(), rule()), "rulePriority of its own"),
        (text(rule(0)), "rulePriority"),
        (text(rule(1, tagStatus="any"), rule(2)), "highest rulePriority"),
        (text(rule(tagStatus="some")), "tagStatus"),
        (text(rule(tagStatus="tagged")), "tagPatternList or tagPrefixList"),
        (text(rule(tagPrefixList=["a"])), "tagPatternList or tagPrefixList"),
        (text(rule(tagStatus="tagged", tagPrefixList=["a"], tagPatternList=["a"])), "not both"),
        (text(rule(tagStatus="tagged", tagPatternList=["*1*2*3*4*"])), "wildcards"),
        (text(rule(tagStatus="tagged", tagPatternList=[1])), "list of strings"),
        (text(rule(countType="sinceImagePushed")), "countUnit"),
        (text(rule(countUnit="days")), "countUnit"),
        (text(rule(countType="sinceLunch")), "countType"),
        (text(rule(countNumber=0)), "countNumber"),
        (text(rule(countNumber=True)), "countNumber"),
        (text(rule(countNumber=None)), "countNumber"),
        (text(rule(storageClass="archive")), "storageClass"),
        (text(rule(countType="sinceImageTransitioned", countUnit="days", countNumber=90)), "storageClass"),
        (
            text(rule(countType="sinceImageTransitioned", countUnit="days", countNumber=9, storageClass="archive")),
            "90 days",
        ),
        (text(rule(action={"type": "transition"})), "targetStorageClass"),
        (text(rule(action={"type": "expire", "targetStorageClass": "archive"})), "targetStorageClass"),
        (text(rule(action={"type": "burn"})), "action type"),
        (text({**rule(), "colour": "red"}), "no member 'colour'"),
        (text({"rulePriority": 1}), "needs the member"),
    ],
)
def test_what_aws_refuses(bad: str, words: str) -> None:
    with pytest.raises(AwsError) as caught:
        parse(bad)
    assert caught.value.code == "InvalidParameterException"
    assert "LifecyclePolicyText" in caught.value.message
    assert words in caught.value.message
