"""Read a life-cycle policy, and refuse one that ECR would refuse.

Follows "Lifecycle policy properties in Amazon ECR" of the Amazon ECR User Guide.
"""

import fnmatch
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..errors import AwsError

MAX_RULES = 50
MAX_WILDCARDS = 4
COUNT, PUSHED, PULLED, TRANSITIONED = (
    "imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned"
)  # fmt: skip
AGES = (PUSHED, PULLED, TRANSITIONED)
SHORTEST_ARCHIVE_DAYS = 90
_RULE = {"rulePriority", "description", "selection", "action"}
_SELECTION = {
    "tagStatus", "tagPatternList", "tagPrefixList", "storageClass", "countType", "countUnit", "countNumber"
}  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """One rule.

    Parameters
    ----------
    priority : int
        The lowest is applied first.
    tag_status : str
        ``tagged``, ``untagged`` or ``any``.
    patterns, prefixes : tuple of str
        An image needs a tag for each of them.
    archived : bool
        Whether it selects images in the archive, instead of those outside.
    count_type : str
        ``imageCountMoreThan``, or what its days are counted from.
    count : int
        Images, or days.
    transition : bool
        Whether it moves to the archive instead of expiring.
    """

    priority: int
    tag_status: str
    patterns: tuple[str, ...]
    prefixes: tuple[str, ...]
    archived: bool
    count_type: str
    count: int
    transition: bool

    def selects(self, tags: Collection[str], *, archived: bool) -> bool:
        """Whether an image is one of those that this rule is about."""
        if archived != self.archived:
            return False
        if self.tag_status == "any":
            return True
        if self.tag_status == "untagged":
            return not tags
        return (
            bool(tags)
            and all(any(fnmatch.fnmatchcase(tag, _literal(each)) for tag in tags) for each in self.patterns)
            and all(any(tag.startswith(each) for tag in tags) for each in self.prefixes)
        )


def _literal(pattern: str) -> str:
    # only the asterisk is a wildcard
    return pattern.replace("[", "[[]").replace("?", "[?]")


def parse(text: str) -> tuple[Rule, ...]:
    """The rules of a policy, lowest priority number first.

    Raises
    ------
    AwsError
        ``InvalidParameterException``, with the reason.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise _refused(f"string is not JSON: {error}") from None
    if not isinstance(content, dict) or set(content) != {"rules"}:
        raise _refused("the policy must be an object with the member 'rules' and no other")
    rules = content["rules"]
    if not isinstance(rules, list) or not 1 <= len(rules) <= MAX_RULES:
        raise _refused(f"'rules' must be a list of 1 to {MAX_RULES} rules")
    found = sorted((_rule(each) for each in rules), key=lambda rule: rule.priority)
    priorities = [rule.priority for rule in found]
    if len(set(priorities)) != len(priorities):
        raise _refused("each rule needs a rulePriority of its own")
    for rule in found:
        later = [each for each in found if each.priority > rule.priority and each.archived == rule.archived]
        if rule.tag_status == "any" and any(each.tag_status != "any" for each in later):
            raise _refused("a rule with tagStatus 'any' must have the highest rulePriority")
    return tuple(found)


def _rule(value: Any) -> Rule:
    _members(value, "a rule", _RULE, {"rulePriority", "selection", "action"})
    priority = _whole(value["rulePriority"], "rulePriority")
    selection, action = value["selection"], value["action"]
    where = f"rule {priority}"
    _members(selection, f"the selection of {where}", _SELECTION, {"tagStatus", "countType", "countNumber"})
    _members(action, f"the action of {where}", {"type", "targetStorageClass"}, {"type"})
    _one_of(selection["tagStatus"], f"tagStatus of {where}", ("tagged", "untagged", "any"))
    _one_of(selection["countType"], f"countType of {where}", (COUNT, *AGES))
    _one_of(selection.get("storageClass", "standard"), f"storageClass of {where}", ("standard", "archive"))
    _one_of(action["type"], f"the action type of {where}", ("expire", "transition"))
    patterns, prefixes = _strings(selection, "tagPatternList", where), _strings(selection, "tagPrefixList", where)
    if (selection["tagStatus"] == "tagged") != bool(patterns or prefixes):
        raise _refused(f"{where}: tagPatternList or tagPrefixList goes with tagStatus 'tagged', and only with it")
    if patterns and prefixes:
        raise _refused(f"{where}: use tagPatternList or tagPrefixList, not both")
    many = [each for each in patterns if each.count("*") > MAX_WILDCARDS]
    if many:
        raise _refused(f"{where}: {many[0]!r} has more than {MAX_WILDCARDS} wildcards")
    rule = Rule(
        priority,
        selection["tagStatus"],
        patterns,
        prefixes,
        selection.get("storageClass") == "archive",
        selection["countType"],
        _whole(selection["countNumber"], f"countNumber of {where}"),
        action["type"] == "transition",
    )
    _check_ages(rule, selection, action, where)
    return rule


def _check_ages(rule: Rule, selection: dict[str, Any], action: dict[str, Any], where: str) -> None:
    by_age = rule.count_type in AGES
    if by_age != (selection.get("countUnit") == "days") or (not by_age and "countUnit" in selection):
        raise _refused(f"{where}: countUnit 'days' goes with the countTypes that count days, and only with them")
    if rule.archived != (rule.count_type == TRANSITIONED):
        raise _refused(f"{where}: storageClass 'archive' goes with countType {TRANSITIONED}, and only with it")
    if rule.transition != (action.get("targetStorageClass") == "archive") or (
        not rule.transition and "targetStorageClass" in action
    ):
        raise _refused(f"{where}: targetStorageClass 'archive' goes with the action 'transition', and only with it")
    if rule.archived and rule.transition:
        raise _refused(f"{where}: images in the archive can only expire")
    if rule.archived and rule.count < SHORTEST_ARCHIVE_DAYS:
        raise _refused(f"{where}: an image stays in the archive for {SHORTEST_ARCHIVE_DAYS} days at least")


def _members(value: Any, where: str, allowed: set[str], required: set[str]) -> None:
    if not isinstance(value, dict):
        raise _refused(f"{where} must be an object")
    if set(value) - allowed:
        raise _refused(f"{where} has no member {sorted(set(value) - allowed)[0]!r}")
    if required - set(value):
        raise _refused(f"{where} needs the member {sorted(required - set(value))[0]!r}")


def _whole(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _refused(f"{where} must be a whole number of 1 or more")
    return value


def _one_of(value: Any, where: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise _refused(f"{where} must be one of {', '.join(allowed)}")


def _strings(selection: dict[str, Any], name: str, where: str) -> tuple[str, ...]:
    value = selection.get(name, [])
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise _refused(f"{where}: {name} must be a list of strings")
    return tuple(value)


def _refused(reason: str) -> AwsError:
    return AwsError(
        "InvalidParameterException",
        "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: "
        f"'Lifecycle policy validation failure: {reason}'",
    )
