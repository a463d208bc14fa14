"""What a picture of events on their way is drawn from: plain dataclasses, no AWS client and no widget."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

GLYPHS = {"done": "✓", "waiting": "◔", "running": "●", "failed": "✕", "kept": "▣", "ended": "■"}
"""Of the state of a stage."""
FAILED = {"target failed", "dead letter lost", "event dropped"}


@dataclass(frozen=True)
class Stage:
    """One thing that has happened on the way.

    `after` is how many seconds after the beginning; `state` is one of `GLYPHS`.
    """

    title: str
    name: str
    after: float
    state: str = "done"
    note: str = ""

    @property
    def words(self) -> str:
        """The stage in a line."""
        said = f"{GLYPHS[self.state]} {self.title} {self.name}".rstrip() + f" (+{self.after:.2f} s)"
        return f"{said}: {self.note}" if self.note else said


@dataclass(frozen=True)
class Lane:
    """What one rule, or one schedule, did with one target."""

    id: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class Journey:
    """The way of one event, or of one call of a schedule. `steps` are pairs of a moment and words: all there is."""

    id: str
    what: str
    subject: str
    at: float
    lanes: tuple[Lane, ...] = ()
    steps: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Depth:
    """How full a queue is: messages that wait, and messages that a consumer holds."""

    name: str
    waiting: int
    flying: int

    @property
    def words(self) -> str:
        """The depth in words."""
        return f"{self.waiting} waiting, {self.flying} in flight"


@dataclass(frozen=True)
class Paths:
    """The whole picture. `status` is ACTIVE, or UNREACHABLE when nobody answers.

    `workers` is the name of a service with its tasks that run and that are wanted; None when there is none to show.
    """

    match: str
    status: str
    at: float = 0.0
    journeys: tuple[Journey, ...] = ()
    queues: tuple[Depth, ...] = ()
    workers: tuple[str, int, int] | None = None
    problem: str = ""

    @property
    def heading(self) -> str:
        """What the picture is of."""
        if self.match:
            return f"Events on their way: {self.match}"
        return "Queues and workers" if self.queues or self.workers else "Events on their way"

    @property
    def note(self) -> str:
        """What is to be said before anything else; mostly nothing."""
        if self.problem or self.journeys or (not self.match and (self.queues or self.workers)):
            return self.problem
        return "No event yet."

    @property
    def worker_words(self) -> str:
        """How many workers there are."""
        if self.workers is None:
            return ""
        name, running, desired = self.workers
        return f"{name}: {running} of {desired} tasks running"

    @property
    def latest(self) -> str:
        """The newest thing that has happened, for those who listen."""
        if not self.journeys:
            return self.note
        first = self.journeys[0]
        last = [lane.stages[-1] for lane in first.lanes if lane.stages]
        told = ", ".join(f"{stage.title} {stage.name}".rstrip() for stage in last) or "no rule matched"
        return f"{title(first)}: {told}."


def title(journey: Journey) -> str:
    """What a journey is called."""
    return f"{journey.what} {journey.subject}".rstrip()


def in_words(paths: Paths) -> str:
    """The picture as a few lines of text, for a terminal and for a screen reader."""
    if paths.status == "UNREACHABLE":
        return f"{paths.heading}: unreachable. {paths.problem}".strip()
    lines = [paths.heading, *filter(None, [paths.note])]
    for journey in paths.journeys:
        lines.append(f"  {title(journey)}")
        lines += ["    " + " → ".join(stage.words for stage in lane.stages) for lane in journey.lanes]
        lines += [] if journey.lanes else ["    no rule matched"]
    lines += [f"  queue {one.name}: {one.words}" for one in paths.queues]
    lines += [f"  {paths.worker_words}"] if paths.workers else []
    return "\n".join(lines)


def journey(raw: Mapping[str, Any]) -> Journey:
    """One path of the cloud's record as a journey."""
    steps = list(raw["steps"])
    began = float(steps[0]["at"])
    lanes = _Lanes(began)
    for step in steps:
        lanes.add(step)
    return Journey(
        id=str(raw["id"]),
        what=str(raw["what"]).removeprefix("aws.events / Scheduled Event / "),
        subject=str(steps[0].get("subject", "")),
        at=began,
        lanes=tuple(lanes.shown()),
        steps=tuple((float(step["at"]), _line(step)) for step in steps),
    )


class _Lanes:
    """Sorts the steps of a path by rule and target."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._rules: dict[str, Stage] = {}
        self._lanes: dict[tuple[str, str], list[Stage]] = {}
        self._of_task: dict[str, list[Stage]] = {}
        self._other: list[Stage] = []

    def add(self, step: Mapping[str, Any]) -> None:
        """One step more."""
        kind, after = str(step["step"]), float(step["at"]) - self._began
        rule, target, task = str(step.get("rule", "")), str(step.get("target", "")), str(step.get("task", ""))
        if kind == "rule matched":
            self._rules[rule] = Stage(kind, rule, after)
        elif step.get("schedule"):  # what a schedule calls goes by its name
            name = short(str(step["schedule"]))
            self._rules[name] = Stage(kind, name, after)
        elif target:
            self._target(kind, after, self._lanes.setdefault((rule, target), []), step)
        elif task in self._of_task:
            _task(kind, after, self._of_task[task], step)
        elif kind.startswith("event ") and kind != "event came":
            self._other.append(Stage(kind, str(step.get("bus", "")), after, _state(kind), str(step.get("why", ""))))

    def _target(self, kind: str, after: float, lane: list[Stage], step: Mapping[str, Any]) -> None:
        if kind.startswith("dead letter"):
            state = "failed" if kind in FAILED else "kept"
            lane.append(Stage(kind, short(str(step["queue"])), after, state, str(step.get("message", ""))))
            return
        again = kind == "tried again soon"
        state = "waiting" if again else _state(kind)
        retries = step.get("retries", 0)
        said = {"target called": kind, "tried again soon": f"try {retries} failed, tried again soon"}.get(
            kind, f"failed after {retries} retries" if retries else "failed"
        )
        note = f"{step['code']}: {step['message']}" if step.get("code") else ""
        lane[:] = [Stage(said, short(str(step["target"])), after, state, note)]  # the newest try stands for all
        for task in step.get("tasks", ()):
            self._of_task[str(task)] = lane

    def shown(self) -> Iterable[Lane]:
        """The lanes, each from its rule on."""
        if self._other:
            yield Lane("other", tuple(self._other))
        for (rule, target), stages in self._lanes.items():
            head = [self._rules[rule]] if rule in self._rules else []
            yield Lane(f"{rule} {target}", (*head, *stages))
        called = {rule for rule, _target in self._lanes}
        for rule, stage in self._rules.items():
            if rule not in called:
                yield Lane(rule, (stage,))


def _task(kind: str, after: float, lane: list[Stage], step: Mapping[str, Any]) -> None:
    """What became of a task: on its way up, an object that it wrote, and its end."""
    name = f"…{str(step['task'])[-6:]}"
    if kind == "object written":
        lane.append(Stage(kind, str(step["object"]).removeprefix("s3://").partition("/")[2], after))
        return
    status = kind.removeprefix("task ")
    place = next((n for n, one in enumerate(lane) if one.title.startswith("task ") and one.name == name), None)
    if status == "STOPPED":
        lane.append(Stage("task STOPPED", name, after, "ended", str(step.get("why", ""))))
        if place is not None and lane[place].state != "done":
            never = lane[place].state == "waiting"  # it stopped before it ran
            lane[place] = replace(lane[place], state="failed" if never else "done")
    elif status in ("DEACTIVATING", "STOPPING", "DEPROVISIONING"):
        return
    else:
        stage = Stage(kind, name, after, "running" if status == "RUNNING" else "waiting")
        if place is None:
            lane.append(stage)
        else:
            lane[place] = stage


def _state(kind: str) -> str:
    return "failed" if kind in FAILED else "done"


def _line(step: Mapping[str, Any]) -> str:
    """A step with all that is known of it."""
    told = ("rule", "schedule", "target", "task", "object", "queue", "retries", "code", "message", "why", "subject")
    about = [f"{name} {short(str(step[name]))}" for name in told if step.get(name)]
    return ", ".join([str(step["step"]), *about])


def short(arn: str) -> str:
    """The last part of an ARN; anything else as it is."""
    return arn.rpartition(":")[2].rpartition("/")[2] if arn.startswith("arn:") else arn
