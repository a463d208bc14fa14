"""Scaling: how fast it decides, and a service that follows its load, from one task to several and back."""

import http.client
import itertools
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.report import Report
from lab_cloud.scaling.decide import IN, OUT, Cooldown, TargetView, Trigger, decide
from lab_cloud.scaling.steps import CHANGE, Step, StepPolicy
from lab_cloud.scaling.tracking import TrackingPolicy
from tests.stage import Place, RunningCloud
from tests.waiting import until

EVALUATIONS = 20_000
RPS, BURN_MS, TARGET = 20.0, 20, 40.0
LOAD_MINUTES, CALM_MINUTES = 30.0, 25.0
SENDERS = 12


@dataclass
class Story:
    """What happened to one service.

    Parameters
    ----------
    counts : list of (float, int)
        The desired count each time it changed, with the AWS minutes since the load began.
    load_end : float
        When the load ended, in AWS minutes since it began.
    answered, failed : int
        Requests.
    seconds : float
        Real seconds from the load's beginning until the minimum was reached again.
    """

    counts: list[tuple[float, int]] = field(default_factory=list)
    load_end: float = 0.0
    answered: int = 0
    failed: int = 0
    seconds: float = 0.0

    @property
    def left_one(self) -> float:
        """AWS minutes until the desired count left 1."""
        return next((minute for minute, count in self.counts if count > 1), float("inf"))

    @property
    def under_load(self) -> list[int]:
        """The desired counts while the load lasted, in their order."""
        return [count for minute, count in self.counts if minute <= self.load_end]

    @property
    def turns(self) -> int:
        """How often the direction changed under load."""
        counts = self.under_load
        signs = [after > before for before, after in itertools.pairwise(counts)]
        return sum(after != before for before, after in itertools.pairwise(signs))

    @property
    def back(self) -> float:
        """AWS minutes from the load's end until the desired count was 1 again."""
        return next(
            (minute - self.load_end for minute, count in self.counts if minute > self.load_end and count == 1),
            float("inf"),
        )


def run(report: Report, rounds: int) -> None:
    """Measure and print."""
    report.section("Scaling")
    report.figure("decide", [_evaluations() for _ in range(max(rounds, 3))], "/s", least=10_000)
    with tempfile.TemporaryDirectory() as folder:
        cloud = RunningCloud(Path(folder) / "lab")
        cloud.command("up")
        try:
            story = follow(Place(cloud))
        finally:
            cloud.command("down")
    report.note(
        f"desired counts by AWS minute: {', '.join(f'{minute:.1f}: {count}' for minute, count in story.counts)}"
    )
    report.figure("AWS minutes until the desired count leaves 1", [story.left_one], "min", most=5)
    report.figure("where it settles, less 4", [abs(story.under_load[-1] - 4)], "tasks", most=1)
    report.figure("changes of direction in 30 AWS minutes", [story.turns], "", most=1)
    report.figure("AWS minutes after the load until 1 again", [story.back], "min", most=25)
    report.figure(f"failed of {story.answered + story.failed} requests", [story.failed], "", most=0)
    report.figure("all of it", [story.seconds], "s", most=90)


def _evaluations() -> float:
    """Decisions a second, with three policies that ask for different things."""
    tracker = TrackingPolicy(40.0)
    step = StepPolicy(CHANGE, (Step(0, 15, 1), Step(15, float("inf"), 2)))
    triggers = [
        Trigger("cpu", "high", tracker, 90.0, 40.0, OUT),
        Trigger("requests", "low", tracker, 10.0, 40.0, IN),
        Trigger("steps", "alarm", step, 70.0, 60.0),
    ]
    views = [
        TargetView(count % 20 + 1, 1, 20, Cooldown(OUT, 100.0, 2), trackers=frozenset({"cpu", "requests"}))
        for count in range(20)
    ]
    began = time.perf_counter()
    for number in range(EVALUATIONS):
        decide(views[number % 20], triggers, 50.0, 60.0)
    return EVALUATIONS / (time.perf_counter() - began)


def follow(place: Place) -> Story:
    """Put a constant load on a service that tracks its CPU, take the load away, and write down what it does."""
    name, group = place.balancer()
    service = place.serve(place.definition("containers-on-aws/web:1"), 1, group)
    place.until_steady(service)
    until(lambda: _healthy(place, group))
    _track(place, service)
    speed = float(place.cloud.state["speed"])
    story = Story()
    load = _Load(f"{place.cloud.url(name)}burn?ms={BURN_MS}")
    began = time.monotonic()

    def minute() -> float:
        return (time.monotonic() - began) * speed / 60

    def look() -> int:
        count = int(place.service(service)["desiredCount"])
        if not story.counts or story.counts[-1][1] != count:
            story.counts.append((minute(), count))
        return count

    until(lambda: look() and minute() >= LOAD_MINUTES, LOAD_MINUTES * 60 / speed + 5, 0.2)
    story.load_end = minute()
    load.end()
    limit = CALM_MINUTES * 60 / speed + 20
    until(lambda: look() == 1 and minute() > story.load_end, limit, 0.2)
    story.answered, story.failed = load.answered, load.failed
    story.seconds = time.monotonic() - began
    place.ecs.delete_service(cluster=place.name, service=service, force=True)
    return story


def _track(place: Place, service: str) -> None:
    scaling = place.cloud.client("application-autoscaling")
    where = {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/{place.name}/{service}",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    scaling.register_scalable_target(**where, MinCapacity=1, MaxCapacity=10)
    metric = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    scaling.put_scaling_policy(
        **where,
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": TARGET, "PredefinedMetricSpecification": metric},
    )


def _healthy(place: Place, group: str) -> bool:
    found = place.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return [one["TargetHealth"]["State"] for one in found] == ["healthy"]


class _Load:
    """Requests at a constant rate, each when it is due, however slow the answers are."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._sent = 0
        self._ended = threading.Event()
        self.answered = self.failed = 0
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Send no more, and wait for the answers that are due."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _send(self) -> None:
        connection = http.client.HTTPConnection(self._url.netloc, timeout=30)
        while True:
            with self._lock:
                due = self._began + self._sent / RPS
                self._sent += 1
            if self._ended.wait(max(due - time.monotonic(), 0)):
                break
            good = self._ask(connection)
            with self._lock:
                self.answered, self.failed = self.answered + good, self.failed + (not good)
        connection.close()

    def _ask(self, connection: Any) -> bool:
        try:
            connection.request("GET", f"{self._url.path}?{self._url.query}")
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return False
        return bool(answer.status == 200)
