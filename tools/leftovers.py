"""What a cloud holds and what runs under it, looked at from outside: to show that nothing is left of a lab.

The course's own clean-up looks for its tag, kind by kind. This knows no kinds and no tags. It asks every operation of
every service that lists or describes and needs no input (and two that do), and compares with what the empty account has
said. It looks at the processes of the cloud, at the ports on which they listen, and at what this machine keeps for it:
images, containers by themselves, named volumes.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from tests.stage import RunningCloud
from tests.waiting import until

SERVICES = (
    *("acm", "application-autoscaling", "apprunner", "autoscaling", "cloudwatch", "dynamodb", "ec2", "ecr", "ecs"),
    *("efs", "eks", "elb", "elbv2", "events", "iam", "kms", "lambda", "logs", "route53", "s3", "scheduler"),
    *("secretsmanager", "sns", "sqs", "ssm", "sts"),
)
ASKS = ("List", "Describe")
CATALOGUE = 50
"""An empty account lists more than so many only of what is AWS's own."""
MINE: dict[tuple[str, str], dict[str, Any]] = {
    ("application-autoscaling", "DescribeScalableTargets"): {"ServiceNamespace": "ecs"},
    ("application-autoscaling", "DescribeScalingPolicies"): {"ServiceNamespace": "ecs"},
    ("ec2", "DescribeImages"): {"Owners": ["self"]},
    ("iam", "ListPolicies"): {"Scope": "Local"},
}
"""How to ask for what is not AWS's own, and what cannot be asked for without input."""
NOT_ASKED = ("DescribeInstanceTypes", "DescribeSpotPriceHistory", "DescribeSnapshots", "DescribeSnapshotTierStatus")
"""Long answers about what is AWS's own. No lab makes a snapshot, and moto does not tell whose one is."""
STAYS = {
    ("cloudwatch", "ListMetrics"): "metrics are kept for 15 months, and no call deletes them",
    ("cloudwatch", "DescribeAlarmHistory"): "history",
    ("autoscaling", "DescribeScalingActivities"): "history",
    ("kms", "ListAliases"): "AWS's own keys, made when something is encrypted first",
    ("kms", "ListKeys"): "the same",
}
PUBLISHED = '"Name": "/aws/service/'
"""AWS's own parameters: moto lists them with the account's as soon as one was read."""
OF_ECS = 'cluster/default"'
"""Express Mode makes this cluster where there is none. AWS leaves it, and nobody can know whose it is."""
SHOWN_AFTER = ('"ResourceType": "instance"', '"ResourceType": "nat-gateway"')
"""The tags of these are shown for an hour after their end, as they are. Those that are there are seen themselves."""
EXPECTED = (PUBLISHED, OF_ECS, *SHOWN_AFTER)
ENDED = {"terminated", "deleted", "DELETED", "INACTIVE"}
"""States of what has gone and that AWS still shows for a while."""
KEPT_HERE = (("image", ("images",)), ("container", ("ps", "-a")), ("volume", ("volume", "ls")))
COURSES = "the course's"
GUARDIAN = '"$LAB_RUN"'
SECONDS = 10.0  # what was asked to end may need a moment; a learner who looks at once sees it go
Answers = dict[tuple[str, str], set[str]]


class Leftovers:
    """Compares a cloud with what it was when this was made.

    Parameters
    ----------
    home : Path
        The folder `.lab/` of a running cloud that is still empty.
    """

    def __init__(self, home: Path) -> None:
        self._cloud = RunningCloud(home)
        self._process = psutil.Process(self._cloud.state["pid"])
        self._answers: Answers = {}
        self._asked = [(service, operation) for service in SERVICES for operation in self._operations(service)]
        for asked in list(self._asked):
            items = self._ask(*asked)
            if items is None or len(items) > CATALOGUE or asked in STAYS:
                self._asked.remove(asked)
            else:
                self._answers[asked] = items
        self._ports = self._listening()
        self._pids = self._running()
        self._kept = self._kept_here()

    @property
    def asked(self) -> int:
        """How many operations answer."""
        return len(self._asked)

    def find(self) -> list[str]:
        """What is there now and was not then, and what has gone of what was there: one line each."""
        found = [line for asked in self._asked for line in self._differs(asked)]
        found += [f"{kind}: {line}" for kind, lines in self._kept_here().items() for line in lines - self._kept[kind]]
        return found + self._alive()

    def _differs(self, asked: tuple[str, str]) -> Iterator[str]:
        now, then = self._ask(*asked), self._answers[asked]
        name = " ".join(asked)
        if now is None:
            yield f"{name} does not answer any more"
            return
        yield from (f"{name}: {_short(item)}" for item in sorted(now - then))
        yield from (f"{name} lacks: {_short(item)}" for item in sorted(then - now))

    def _alive(self) -> list[str]:
        def look() -> list[str]:
            found = [f"process {_words(pid)}" for pid in sorted(self._running() - self._pids)]
            return found + [f"port {port}" for port in sorted(self._listening() - self._ports)]

        try:
            until(lambda: not look(), SECONDS)
        except AssertionError:
            return look()
        return []

    def _operations(self, service: str) -> Iterator[str]:
        model = self._cloud.client(service).meta.service_model
        for operation in model.operation_names:
            shape = model.operation_model(operation).input_shape
            needs = shape is not None and shape.required_members and (service, operation) not in MINE
            if operation.startswith(ASKS) and operation not in NOT_ASKED and not needs:
                yield operation

    def _ask(self, service: str, operation: str) -> set[str] | None:
        """The items of an answer as text, or None when there is no answer without input."""
        client = self._cloud.client(service)
        method, how = xform_name(operation), MINE.get((service, operation), {})
        items: set[str] = set()
        try:
            can = client.can_paginate(method)
            for page in client.get_paginator(method).paginate(**how) if can else [getattr(client, method)(**how)]:
                lists = [value for value in page.values() if isinstance(value, list)]
                items.update(json.dumps(item, default=str, sort_keys=True) for one in lists for item in one)
                if len(items) > CATALOGUE:
                    break
        except (ClientError, BotoCoreError):
            return None
        return {
            item
            for item in items
            if not (_ended(item) or any(words in item for words in (PUBLISHED, OF_ECS, *SHOWN_AFTER)))
        }

    def _running(self) -> set[int]:
        """All below the cloud but its guardian, which waits for the cloud's end and starts with the first container."""
        return {child.pid for child in self._process.children(recursive=True) if GUARDIAN not in _words(child.pid)}

    def _listening(self) -> set[int]:
        ports = set()
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                connections = process.net_connections("inet")
            except psutil.Error:  # it has just ended
                continue
            ports |= {one.laddr.port for one in connections if one.status == psutil.CONN_LISTEN}
        return ports

    def _kept_here(self) -> dict[str, set[str]]:
        """Their names; the course's own images come with it and are only noted when they are first used."""
        found = {}
        for kind, words in KEPT_HERE:
            lines = self._cloud.command(*words).stdout.splitlines()[1:]
            found[kind] = {line.split()[0] for line in lines if line.split() and not line.endswith(COURSES)}
        return found


def _ended(item: str) -> bool:
    content = json.loads(item)
    if not isinstance(content, dict):
        return False
    if content.get("Instances"):  # a reservation
        return all(one["State"]["Name"] in ENDED for one in content["Instances"])
    states = [content.get(name) for name in ("State", "state", "status", "Status")]
    return any(state in ENDED for state in states if isinstance(state, str))


def _short(item: str) -> str:
    return item if len(item) <= 300 else f"{item[:299]}…"


def _words(pid: int) -> str:
    try:
        return f"{pid}: {_short(' '.join(psutil.Process(pid).cmdline()))}"
    except psutil.Error:
        return str(pid)
