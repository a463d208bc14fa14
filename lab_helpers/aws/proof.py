"""A second look after a clean-up on a real account: AWS's own index of tags, which knows services that no lab uses.

See https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html. The index also names
what has just gone (a deleted cluster, a deleted task definition), so what it names is asked once more.
"""

from collections.abc import Collection

from .. import tagging
from ..errors import CleanupFailed, NotReached
from ..inventory import Client, Thing, Wait, pages

INDEX_SECONDS = 60.0
LINGERING = {
    # Deleted things that AWS keeps showing, with the words by which their ARN begins after the account.
    ("ecs", "cluster/"): "an inactive cluster, shown for some time",
    ("ecs", "service/"): "an inactive service, shown for some time",
    ("ecs", "task/"): "a stopped task, shown for about an hour",
    ("ecs", "task-definition/"): "a task definition that was deleted, shown for some time",
    ("ecs", "capacity-provider/"): "an inactive capacity provider, shown for some time",
    ("ec2", "instance/"): "a terminated instance, shown for about an hour",
    ("ec2", "natgateway/"): "a deleted NAT gateway, shown for about an hour",
    ("secretsmanager", "secret:"): "a secret that is deleted after its waiting time",
}


def still_tagged(client: Client, learner: str) -> list[str]:
    """The ARNs that AWS's index gives for the lab's tags.

    Raises
    ------
    botocore.exceptions.ClientError
        When you may not ask: the permission is ``tag:GetResources``.
    """
    index = client("resourcegroupstaggingapi")
    course = {"Key": tagging.COURSE_TAG[0], "Values": [tagging.COURSE_TAG[1]]}
    filters = [course, {"Key": tagging.LEARNER_KEY, "Values": [learner]}]
    found = pages(index, "get_resources", "ResourceTagMappingList", TagFilters=filters)
    return sorted(str(one["ResourceARN"]) for one in found)


def lingers(arn: str) -> str:
    """Why AWS still shows something that has gone; empty when it has no reason to."""
    _, _, service, _, _, rest = arn.split(":", 5)
    return next((why for (of, start), why in LINGERING.items() if of == service and rest.startswith(start)), "")


def prove(client: Client, learner: str, gone: Collection[Thing], wait: Wait) -> str:
    """Ask AWS's index whether anything is left.

    Parameters
    ----------
    client : callable
        Gives the boto3 client of a service.
    learner : str
        Whose things.
    gone : collection of Thing
        What was deleted just now: the index may be late with it.
    wait : callable
        Waits as `Lab.wait` does.

    Returns
    -------
    str
        What the index said, for the learner.

    Raises
    ------
    CleanupFailed
        When it names something that was not deleted.
    """
    from botocore.exceptions import ClientError

    named: list[str] = []

    def nothing_left() -> bool:
        named[:] = [arn for arn in still_tagged(client, learner) if not lingers(arn)]
        return not named

    try:
        wait(nothing_left, "AWS's index of tags to be empty", seconds=INDEX_SECONDS)
    except NotReached:
        left = [arn for arn in named if not _deleted(arn, gone)]
        if left:
            raise CleanupFailed(
                f"Still there: {', '.join(left)}.", "No lab knows such a thing: delete it by hand, then look again."
            ) from None
        return f"AWS's index of tags is late: it still names {len(named)} that have gone, and nothing else."
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return f"AWS's index of tags could not be asked ({code}): allow tag:GetResources to have this proof too."
    return "AWS's index of tags, which covers all services of the region, names nothing either."


def _deleted(arn: str, gone: Collection[Thing]) -> bool:
    tail = arn.split(":", 5)[-1]
    return any(thing.id in (arn, tail) or tail.endswith((f"/{thing.id}", f":{thing.id}")) for thing in gone)
