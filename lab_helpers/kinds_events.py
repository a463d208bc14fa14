"""The things of EventBridge, EventBridge Scheduler, SQS and SNS that a lab makes."""

from collections.abc import Iterator
from typing import Any

from .inventory import Client, Kind, Tags, Thing, pages, short


def _schedules(client: Client, tags: Tags) -> Iterator[Thing]:
    """A schedule takes no tags of its own: it belongs to the lab that has made its group, or the role of its target."""
    scheduler, iam = client("scheduler"), client("iam")
    groups: dict[str, int | None] = {}
    roles: dict[str, int | None] = {}
    for group in pages(scheduler, "list_schedule_groups", "ScheduleGroups"):
        groups[group["Name"]] = tags.lab(scheduler.list_tags_for_resource(ResourceArn=group["Arn"])["Tags"])
    for one in pages(scheduler, "list_schedules", "Schedules"):
        lab = groups.get(one["GroupName"])
        if lab is None:
            found = scheduler.get_schedule(GroupName=one["GroupName"], Name=one["Name"])
            role = short(found["Target"]["RoleArn"])
            if role not in roles:
                roles[role] = _lab_of_role(iam, tags, role)
            lab = roles[role]
        if lab is not None:
            yield Thing("schedule", one["Name"], one["Name"], lab, one["State"], parent=one["GroupName"])


def _lab_of_role(iam: Any, tags: Tags, name: str) -> int | None:
    try:
        return tags.lab(iam.list_role_tags(RoleName=name)["Tags"])
    except iam.exceptions.NoSuchEntityException:
        return None


def _delete_schedule(scheduler: Any, thing: Thing) -> None:
    scheduler.delete_schedule(GroupName=thing.parent, Name=thing.id)


def _schedule_groups(scheduler: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages(scheduler, "list_schedule_groups", "ScheduleGroups"):
        lab = tags.lab(scheduler.list_tags_for_resource(ResourceArn=one["Arn"])["Tags"])
        if lab is not None and one["State"] == "ACTIVE":
            yield Thing("schedule group", one["Name"], one["Name"], lab)


def _delete_schedule_group(scheduler: Any, thing: Thing) -> None:
    scheduler.delete_schedule_group(Name=thing.id)


def _rules(events: Any, tags: Tags) -> Iterator[Thing]:
    for bus in _buses(events):
        for one in pages(events, "list_rules", "Rules", EventBusName=bus["Name"]):
            if one.get("ManagedBy"):  # a service's own
                continue
            lab = tags.lab(events.list_tags_for_resource(ResourceARN=one["Arn"])["Tags"])
            if lab is not None:
                yield Thing("rule", one["Name"], one["Name"], lab, one["State"], parent=bus["Name"])


def _buses(events: Any) -> list[Any]:
    """botocore has no paginator for them; an account has 100 at most, which is one page."""
    return list(events.list_event_buses(Limit=100)["EventBuses"])


def _delete_rule(events: Any, thing: Thing) -> None:
    where = {"Rule": thing.id, "EventBusName": thing.parent}
    targets = [one["Id"] for one in pages(events, "list_targets_by_rule", "Targets", **where)]
    if targets:
        events.remove_targets(Ids=targets, **where)
    events.delete_rule(Name=thing.id, EventBusName=thing.parent)


def _event_buses(events: Any, tags: Tags) -> Iterator[Thing]:
    for one in _buses(events):
        if one["Name"] == "default":  # every account has it
            continue
        lab = tags.lab(events.list_tags_for_resource(ResourceARN=one["Arn"])["Tags"])
        if lab is not None:
            yield Thing("event bus", one["Name"], one["Name"], lab)


def _delete_bus(events: Any, thing: Thing) -> None:
    events.delete_event_bus(Name=thing.id)


def _queues(sqs: Any, tags: Tags) -> Iterator[Thing]:
    for url in pages(sqs, "list_queues", "QueueUrls"):
        lab = tags.lab(sqs.list_queue_tags(QueueUrl=url).get("Tags"))
        if lab is not None:
            yield Thing("queue", short(url), url, lab)


def _delete_queue(sqs: Any, thing: Thing) -> None:
    sqs.delete_queue(QueueUrl=thing.id)


def _topics(sns: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages(sns, "list_topics", "Topics"):
        lab = tags.lab(sns.list_tags_for_resource(ResourceArn=one["TopicArn"])["Tags"])
        if lab is not None:
            yield Thing("topic", short(one["TopicArn"]), one["TopicArn"], lab)


def _delete_topic(sns: Any, thing: Thing) -> None:
    for one in pages(sns, "list_subscriptions_by_topic", "Subscriptions", TopicArn=thing.id):
        if one["SubscriptionArn"].startswith("arn:"):  # one that was never confirmed has no ARN, and goes by itself
            sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])
    sns.delete_topic(TopicArn=thing.id)


SCHEDULES = Kind("schedule", "scheduler", _schedules, _delete_schedule, whole=True)
SCHEDULE_GROUPS = Kind("schedule group", "scheduler", _schedule_groups, _delete_schedule_group)
RULES = Kind("rule", "events", _rules, _delete_rule)
BUSES = Kind("event bus", "events", _event_buses, _delete_bus)
QUEUES = Kind("queue", "sqs", _queues, _delete_queue)
TOPICS = Kind("topic", "sns", _topics, _delete_topic)

CALLERS: tuple[Kind, ...] = (SCHEDULES, SCHEDULE_GROUPS, RULES, BUSES)
"""What starts tasks, so it goes before them."""
RECEIVERS: tuple[Kind, ...] = (QUEUES, TOPICS)
"""What tasks read and write."""
