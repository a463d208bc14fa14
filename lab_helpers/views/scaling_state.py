"""What a picture of a scaled service is drawn from: plain dataclasses, no AWS client and no widget."""

from dataclasses import dataclass

GLYPHS = {"OK": "✓", "ALARM": "!", "INSUFFICIENT_DATA": "…"}
"""Of an alarm's state."""
OUTCOMES = {
    **{"SUCCEEDED": "✓", "IN_PROGRESS": "◔", "PENDING": "◌", "FAILED": "✕"},
    **{"ROLLBACK_IN_PROGRESS": "◔", "ROLLBACK_SUCCEEDED": "↶", "ROLLBACK_FAILED": "✕"},
    **{"Successful": "✓", "InProgress": "◔", "Pending": "◌", "Overridden": "↷", "Unfulfilled": "–", "Failed": "✕"},
    "NotScaled": "=",
}
"""Of the status of a scaling activity, or of an operation of App Runner.

NotScaled is AWS's Failed where AWS gives a reason why nothing had to change.
"""


@dataclass(frozen=True)
class Metric:
    """A metric that a policy follows.

    `points` are pairs of a moment (epoch seconds) and a value, oldest first; `aim` is the target, or the threshold
    of an alarm, and `policy` the policy's name. `word` says what the line is, where it is neither.
    """

    policy: str
    name: str
    statistic: str
    aim: float
    tracked: bool
    points: tuple[tuple[float, float], ...] = ()
    word: str = ""

    @property
    def latest(self) -> float | None:
        """The newest value; None when there is none yet."""
        return self.points[-1][1] if self.points else None

    @property
    def by(self) -> str:
        """Who made it."""
        return self.policy if self.word else f"policy {self.policy}"

    @property
    def aim_word(self) -> str:
        """What the line across the picture is."""
        return self.word or ("target" if self.tracked else "threshold")


@dataclass(frozen=True)
class Watch:
    """One alarm: `rule` says in words when it goes off."""

    name: str
    policy: str
    rule: str
    state: str


@dataclass(frozen=True)
class Count:
    """How many tasks were wanted, and how many ran, at a moment."""

    at: float
    desired: int
    running: int


@dataclass(frozen=True)
class Happening:
    """One scaling activity."""

    id: str
    at: float
    what: str
    why: str
    status: str


@dataclass(frozen=True)
class Scaled:
    """The whole picture. `status` is AWS's word for the service, or MISSING, or UNREACHABLE when nobody answers.

    `least` and `most` are None as long as the service is no scalable target; `minute` is how many real seconds an AWS
    minute has; `instances` are the ids of the cluster's container instances, with their tasks. A service of App Runner
    has no cluster; what is counted of it is in `unit`, and nobody outside knows how many are wanted.
    """

    service: str
    cluster: str
    status: str
    at: float = 0.0
    minute: float = 60.0
    desired: int = 0
    running: int = 0
    least: int | None = None
    most: int | None = None
    counts: tuple[Count, ...] = ()
    metrics: tuple[Metric, ...] = ()
    watches: tuple[Watch, ...] = ()
    happenings: tuple[Happening, ...] = ()
    instances: tuple[tuple[str, int], ...] = ()
    problem: str = ""
    unit: str = "tasks"
    doing: str = ""

    @property
    def phase(self) -> str:
        """One of steady, scaling out, scaling in: what is wanted against what runs."""
        if self.status != "ACTIVE":
            return self.status.lower()
        if self.doing:
            return self.doing
        if self.running == self.desired:
            return "steady"
        return "scaling out" if self.running < self.desired else "scaling in"

    @property
    def count(self) -> str:
        """How many there are, and how many there may be."""
        of = f" of {self.desired}" if self.cluster else ""
        return f"{self.running}{of} {self.unit} {'running' if self.cluster else 'active'}, {self.bounds}"

    @property
    def bounds(self) -> str:
        """Between which numbers it may scale, in words."""
        return "does not scale by itself" if self.least is None else f"between {self.least} and {self.most}"


def number(value: float) -> str:
    """A value as people read it: three digits are enough."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def in_words(scaled: Scaled) -> str:
    """The picture as a few lines of text, for a terminal and for a screen reader."""
    head = f"Service {scaled.service}" + (f" in {scaled.cluster}" if scaled.cluster else "")
    if scaled.status != "ACTIVE":
        return f"{head}: {scaled.status.lower()}. {scaled.problem}".strip()
    lines = [f"{head}: {scaled.count}, {scaled.phase}"]
    for metric in scaled.metrics:
        now = "no data yet" if metric.latest is None else f"{number(metric.latest)} now"
        lines.append(f"  {metric.name} ({metric.policy}): {now}, {metric.aim_word} {number(metric.aim)}")
    lines += [f"  {GLYPHS.get(one.state, '?')} alarm {one.rule} ({one.policy}): {one.state}" for one in scaled.watches]
    lines += [f"  {OUTCOMES.get(one.status, '?')} {one.what} {one.why} {one.status}" for one in scaled.happenings]
    lines += [f"  instance {name}: {tasks} task{'s' if tasks != 1 else ''}" for name, tasks in scaled.instances]
    return "\n".join(lines)
