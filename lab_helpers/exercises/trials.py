"""What a capstone has to stand: visitors while a task dies, orders while a worker dies, a page that answers."""

import json
import secrets
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from lab_helpers.errors import LabError, NotFound, NotReached
from lab_helpers.inventory import Tags, batches, pages, short

if TYPE_CHECKING:
    from lab_helpers.lab import Lab
    from lab_helpers.system import Queue, Service, Timer

RATE = 20
"""Requests a second that the visitors of a trial send."""
ORDERS = 12
"""Orders that a trial puts into a queue."""


class MissingError(Exception):
    """A trial was not passed.

    Parameters
    ----------
    *missing : str
        What is missing, one short sentence each.
    """

    def __init__(self, *missing: str) -> None:
        super().__init__(*missing)
        self.missing = missing


def page(lab: "Lab", name: str, address: str, path: str = "/") -> str:
    """Where the page of something answers on this machine.

    Parameters
    ----------
    name : str
        What it is called in a message.
    address, path : str
        What `lab.url` takes.

    Raises
    ------
    MissingError
        When it does not answer.
    """
    try:
        found = str(lab.url(address, path))
    except NotFound as error:
        raise MissingError(f"an address for {name}: {error.message}") from error
    last = "no answer"

    def answers() -> bool:
        nonlocal last
        try:
            with urllib.request.urlopen(found, timeout=5) as answer:  # noqa: S310 - from lab.url
                return bool(answer.status == 200)
        except urllib.error.HTTPError as error:
            last = f"it says {error.code}"
        except OSError as error:
            last = str(error)
        return False

    try:
        lab.wait(answers, f"the page of {name}", seconds=60)
    except NotReached as error:
        raise MissingError(f"a page of {name} that answers GET {path} with 200: {last}") from error
    return found


def kubernetes_doors(lab: "Lab", cluster: str) -> list[tuple[str, str]]:
    """Name and address of each Service of an EKS cluster that has got a load balancer.

    Raises
    ------
    MissingError
        When there is none.
    """
    from kubernetes.client import CoreV1Api

    services: list[Any] = CoreV1Api(lab.kubernetes(cluster)).list_service_for_all_namespaces().items
    found = []
    for one in services:
        ingress = (one.status.load_balancer.ingress if one.status.load_balancer else None) or []
        if one.spec.type == "LoadBalancer" and ingress and ingress[0].hostname:
            found.append((f"{one.metadata.name} in {cluster}", f"{ingress[0].hostname}:{one.spec.ports[0].port}"))
    if not found:
        raise MissingError(f"a Service of the type LoadBalancer in the cluster {cluster}, with a load balancer")
    return found


def stands_visitors(lab: "Lab", address: str) -> None:
    """Send visitors for two seconds or so.

    Raises
    ------
    MissingError
        When one of them got no good answer.
    """
    load = lab.load(address, rps=RATE, minutes=600)
    try:
        lab.wait(lambda: load.report.answered + load.report.failed >= 2 * RATE, "visitors")
    finally:
        report = load.stop()
    if report.failed:
        raise MissingError(f"a good answer for every visitor: {report.failed} of {report.sent} got {report.reasons()}")


def stands_a_loss(lab: "Lab", service: "Service", address: str) -> None:
    """Stop a task of a service while visitors come.

    Raises
    ------
    MissingError
        When one of them got no good answer, or no other task came.
    """
    ecs = lab.client("ecs")
    load = lab.load(address, rps=RATE, minutes=600)
    try:
        lab.wait(lambda: load.report.answered >= RATE, "the first visitors")
        victim = ecs.list_tasks(cluster=service.cluster, serviceName=service.name)["taskArns"][0]
        ecs.stop_task(cluster=service.cluster, task=victim, reason="The check of lab 12 wants to see what happens")
        lab.wait(lambda: _replaced(lab, service, victim), "another task in its place")
        before = load.report.answered
        lab.wait(lambda: load.report.answered >= before + RATE, "more visitors")
    except NotReached as error:
        raise MissingError(f"another task after one was stopped: {error.message}") from error
    finally:
        report = load.stop()
    if report.failed:
        raise MissingError(
            f"a good answer for every visitor while a task was stopped: {report.failed} of {report.sent} got "
            f"{report.reasons()}; a program has to finish its requests after SIGTERM"
        )


def _replaced(lab: "Lab", service: "Service", victim: str) -> bool:
    ecs, elb = lab.client("ecs"), lab.client("elbv2")
    found = ecs.describe_tasks(cluster=service.cluster, tasks=[victim])["tasks"]
    if found and found[0]["lastStatus"] != "STOPPED":
        return False
    now = ecs.describe_services(cluster=service.cluster, services=[service.name])["services"][0]
    assert service.door is not None
    health = elb.describe_target_health(TargetGroupArn=service.door.group)["TargetHealthDescriptions"]
    healthy = sum(one["TargetHealth"]["State"] == "healthy" for one in health)
    return bool(now["runningCount"] >= service.desired and healthy >= service.desired)


def does_orders(lab: "Lab", queue: "Queue") -> str:
    """Put orders into a queue, and one that nobody can read; stop a worker in the middle; answers what was seen.

    Raises
    ------
    MissingError
        When an order is not done, or the unreadable one does not end in the dead-letter queue.
    """
    sqs = lab.client("sqs")
    began, mark = int(time.time() * 1000) - 1000, secrets.token_hex(4)
    orders = [f"{mark}-{number:02}" for number in range(1, ORDERS + 1)]
    bodies = [json.dumps({"order": one}) for one in orders]
    bodies.insert(ORDERS // 2, f"{mark} is no order")
    for some in batches(bodies, 10):
        entries = [{"Id": str(place), "MessageBody": body} for place, body in enumerate(some)]
        sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)
    done: dict[str, str] = {}

    def look(enough: int) -> bool:
        for stream, line in _lines(lab, mark, began):
            done.update({order: stream for order in orders if order in line})
        return len(done) >= enough

    try:
        lab.wait(lambda: look(1), f"the first order of {queue.name} to be done")
    except NotReached as error:
        raise MissingError(
            f"a line in CloudWatch Logs with the number of each order of {queue.name}: none came within a minute"
        ) from error
    stopped = _stop_worker(lab, next(iter(done.values())))
    try:
        lab.wait(lambda: look(ORDERS), f"{ORDERS} orders to be done")
    except NotReached as error:
        after = " after a worker was stopped" if stopped else ""
        raise MissingError(f"all {ORDERS} orders{after}: {len(done)} were done within a minute") from error
    _need_grave(lab, queue, mark)
    how = "although a worker was stopped in the middle" if stopped else "no worker could be found to stop"
    return f"{ORDERS} of {ORDERS} orders were done, {how}"


def _lines(lab: "Lab", mark: str, began: int) -> list[tuple[str, str]]:
    """Stream and text of each line with the mark, in any log group that this lab may have made."""
    logs, found = lab.client("logs"), []
    tags = Tags(lab.progress.learner())
    for group in pages(logs, "describe_log_groups", "logGroups"):
        told = logs.list_tags_for_resource(resourceArn=group["arn"].removesuffix(":*")).get("tags")
        if tags.lab(told) not in (None, lab.number):
            continue
        events = pages(
            logs, "filter_log_events", "events",
            logGroupName=group["logGroupName"], startTime=began, filterPattern=f'"{mark}"',
        )  # fmt: skip
        found += [(one["logStreamName"], one["message"]) for one in events]
    return found


def _stop_worker(lab: "Lab", stream: str) -> bool:
    """Stop the task that has written a log stream, whose name ends with the task's id."""
    ecs = lab.client("ecs")
    for cluster in pages(ecs, "list_clusters", "clusterArns"):
        for arn in pages(ecs, "list_tasks", "taskArns", cluster=cluster):
            if short(arn) == short(stream):
                ecs.stop_task(cluster=cluster, task=arn, reason="The check of lab 12 wants to see what happens")
                return True
    return False


def _need_grave(lab: "Lab", queue: "Queue", mark: str) -> None:
    """The unreadable order must have gone to the dead-letter queue; it is taken out of there."""
    sqs = lab.client("sqs")
    url = sqs.get_queue_url(QueueName=queue.grave)["QueueUrl"]

    def there() -> bool:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=1)
        ours = [one for one in answer.get("Messages", []) if mark in one["Body"]]
        for one in ours:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        return bool(ours)

    try:
        lab.wait(there, f"the order that nobody can read to come to {queue.grave}")
    except NotReached as error:
        raise MissingError(
            f"an order that nobody can read ends in {queue.grave}: it was not there within a minute; look at "
            "VisibilityTimeout and maxReceiveCount, and at what your program does with it"
        ) from error


def fires(lab: "Lab", timer: "Timer") -> dict[str, Any]:
    """The newest task that a schedule has started and that has ended; waits for one.

    Raises
    ------
    MissingError
        When none came, or it failed.
    """
    ecs = lab.client("ecs")
    found: list[dict[str, Any]] = []

    def ended() -> bool:
        arns = ecs.list_tasks(cluster=timer.cluster, startedBy=timer.started_by, desiredStatus="STOPPED")["taskArns"]
        tasks = ecs.describe_tasks(cluster=timer.cluster, tasks=arns)["tasks"] if arns else []
        found[:] = sorted((one for one in tasks if one["lastStatus"] == "STOPPED"), key=lambda one: one["createdAt"])
        return bool(found)

    try:
        lab.wait(ended, f"{timer.name} to fire, and its task to end", seconds=900)
    except LabError as error:
        raise MissingError(
            f"{timer.name} ({timer.expression}) to start a task that ends: none did within a while"
        ) from error
    task = found[-1]
    codes = [one.get("exitCode") for one in task["containers"]]
    if any(codes) or None in codes:
        why = task.get("stoppedReason", "")
        raise MissingError(f"a task of {timer.name} that ends with exit code 0: its exit code is {codes[0]} ({why})")
    return task
