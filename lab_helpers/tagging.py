"""The tags by which a lab's things are known, put on every call that makes something.

A hook of botocore adds them, so that the cell shows the AWS call and nothing else. It changes only parameters that the
operation's own model calls tags, and never a tag that the learner has given.
"""

from collections.abc import Mapping, Sequence
from typing import Any

MAKING = ("Create", "Run", "Register", "Put", "Start", "Allocate", "Request")
MEMBERS = ("tags", "Tags", "TagSpecifications")
COURSE_TAG = ("lab", "containers-on-aws")
LEARNER_KEY = "learner"
NUMBER_KEY = "lab-number"
NESTED = "CreateBucketConfiguration.Tags"
"""Where S3 has them: one level deeper."""
MAKES_UNTAGGED = {"CreateSchedule"}
"""What takes no tags and is found by something else that it belongs to."""
MAKES_ELSEWHERE = {
    "CreateExpressGatewayService": ("elbv2", "ec2", "logs", "cloudwatch", "application-autoscaling"),
}
"""Calls that make things in other services too, with the same tags."""
LEAVES = {("apprunner", "DeleteService"): ("logs",)}
"""Calls that leave something behind in other services, which gets its tags only then."""
# What an EC2 call makes, where the name of the call does not say it.
EC2_MAKES = {"RunInstances": "instance", "AllocateAddress": "elastic-ip", "CreateNatGateway": "natgateway"}


def tags_of(number: int, learner: str) -> dict[str, str]:
    """The tags of everything that one learner makes in one lab."""
    return {COURSE_TAG[0]: COURSE_TAG[1], LEARNER_KEY: learner, NUMBER_KEY: f"{number:02d}"}


def makes_in(model: Any, *, tagged: bool) -> tuple[str, ...]:
    """The services in which a call makes things of the lab; none when it makes none.

    Parameters
    ----------
    model : botocore.model.OperationModel
        The operation.
    tagged : bool
        Whether the call was given the lab's tags.
    """
    if (model.service_model.service_name, model.name) in LEAVES:
        return LEAVES[model.service_model.service_name, model.name]
    if not tagged and model.name not in MAKES_UNTAGGED:
        return ()
    return (model.service_model.service_name, *MAKES_ELSEWHERE.get(model.name, ()))


def member_of(model: Any) -> str:
    """The parameter of an operation that takes the tags of what it makes; empty when there is none.

    Parameters
    ----------
    model : botocore.model.OperationModel
        The operation.
    """
    name, shape = model.name, model.input_shape
    if not name.startswith(MAKING) or name.endswith("Tags") or shape is None:
        return ""
    if name == "CreateBucket":
        return NESTED
    found = next((one for one in MEMBERS if one in shape.members), "")
    if found == "TagSpecifications" and _kind_of(name) not in shape.members[found].member.members["ResourceType"].enum:
        return ""
    return found


def has_tags(model: Any, params: Mapping[str, Any], learner: str) -> bool:
    """Whether what a call makes will be found by its tags.

    Parameters
    ----------
    model : botocore.model.OperationModel
        The operation.
    params : mapping
        Its parameters.
    learner : str
        Whose it must be.
    """
    if model.name == "PutParameter" and params.get("Overwrite"):  # what is there has its tags
        return True
    given: Any = params
    for part in member_of(model).split("."):
        given = given.get(part) if isinstance(given, Mapping) else None
    if isinstance(given, Sequence) and given and "ResourceType" in given[0]:
        ours = (one for one in given if one["ResourceType"] == _kind_of(model.name))
        given = [pair for one in ours for pair in one.get("Tags", ())]
    flat = _flat(given)
    return flat.get(COURSE_TAG[0]) == COURSE_TAG[1] and flat.get(LEARNER_KEY) == learner


def _flat(tags: Any) -> dict[str, str]:
    if isinstance(tags, Mapping):
        return dict(tags)
    return {one.get("key", one.get("Key")): one.get("value", one.get("Value", "")) for one in tags or ()}


def tagged(model: Any, params: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any] | None:
    """The parameters of a call with the lab's tags added.

    Parameters
    ----------
    model : botocore.model.OperationModel
        The operation.
    params : mapping
        The parameters that the learner gave; never changed.
    tags : mapping of str to str
        The tags to add.

    Returns
    -------
    dict or None
        None when the operation makes nothing, or what it makes takes no tags.
    """
    name, shape = model.name, model.input_shape
    member = member_of(model)
    if not member or (name == "PutParameter" and params.get("Overwrite")):  # SSM refuses both at once
        return None
    if member == NESTED:
        outer, inner = NESTED.split(".")
        nested = params.get(outer) or {}
        pair = shape.members[outer].members[inner].member
        return {**params, outer: {**nested, inner: _pairs(pair, nested.get(inner), tags)}}
    if member == "TagSpecifications":
        added: Any = _specifications(name, shape.members[member], params.get(member), tags)
    elif shape.members[member].type_name == "map":
        added = {**tags, **(params.get(member) or {})}
    else:
        added = _pairs(shape.members[member].member, params.get(member), tags)
    return {**params, member: added}


def _pairs(shape: Any, given: Any, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    """A list of key and value structures, in the spelling of the service."""
    key = "key" if "key" in shape.members else "Key"
    value = "value" if "value" in shape.members else "Value"
    more = {"PropagateAtLaunch": True} if "PropagateAtLaunch" in shape.members else {}
    given_pairs: list[dict[str, Any]] = list(given or [])
    taken = {one.get(key) for one in given_pairs}
    return given_pairs + [{key: name, value: text, **more} for name, text in tags.items() if name not in taken]


def _specifications(operation: str, shape: Any, given: Any, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    """EC2's form: tags for each type of resource that the call makes."""
    kind = _kind_of(operation)
    pair = shape.member.members["Tags"].member
    specifications = [dict(one) for one in given or []]
    for one in specifications:
        if one.get("ResourceType") == kind:
            one["Tags"] = _pairs(pair, one.get("Tags"), tags)
            return specifications
    return [*specifications, {"ResourceType": kind, "Tags": _pairs(pair, None, tags)}]


def _kind_of(operation: str) -> str:
    """What an EC2 call makes."""
    return EC2_MAKES.get(operation) or _kebab(operation.removeprefix("Create"))


def _kebab(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")
