"""What a picture of a cluster is drawn from: plain dataclasses, no AWS client and no widget.

The live view sends `asdict(state)` to the browser and the still picture is drawn from the same object,
so the two cannot tell different stories.
"""

from dataclasses import dataclass

TASK_STEPS = ("PROVISIONING", "PENDING", "ACTIVATING", "RUNNING")

GLYPHS = {
    "PROVISIONING": "◌",
    "PENDING": "◔",
    "ACTIVATING": "◑",
    "RUNNING": "●",
    "DEACTIVATING": "◐",
    "STOPPING": "◒",
    "DEPROVISIONING": "○",
    "STOPPED": "✕",
    "healthy": "✓",
    "initial": "…",
    "unhealthy": "!",
    "draining": "⇣",
    "unused": "–",
    "unavailable": "?",
}


@dataclass(frozen=True)
class Target:
    """One address in a target group, and what the load balancer thinks of it."""

    address: str
    port: int
    state: str
    reason: str = ""
    description: str = ""


@dataclass(frozen=True)
class Task:
    """One ECS task. `started` and `stopped` are epoch seconds, 0 when it has not happened.

    `address` is the task's own, or the id of the EC2 instance whose `host_port` leads to it.
    """

    id: str
    status: str
    revision: str
    address: str = ""
    host_port: int = 0
    health: str = "UNKNOWN"
    image: str = ""
    started: float = 0.0
    stopped: float = 0.0
    stop_reason: str = ""
    exit_code: int | None = None
    target: Target | None = None

    @property
    def ended(self) -> bool:
        """True once the task has stopped for good."""
        return self.status == "STOPPED"


@dataclass(frozen=True)
class Deployment:
    """One deployment of a service."""

    id: str
    status: str
    rollout: str
    revision: str
    desired: int
    running: int
    failed: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Balancer:
    """A load balancer with the target group that a service registers its tasks in."""

    name: str
    state: str
    listeners: tuple[str, ...]
    target_group: str
    targets: tuple[Target, ...] = ()

    @property
    def healthy(self) -> int:
        """How many targets are healthy."""
        return sum(target.state == "healthy" for target in self.targets)


@dataclass(frozen=True)
class Event:
    """One line of a service's event list."""

    id: str
    at: float
    message: str


@dataclass(frozen=True)
class Service:
    """One ECS service with all that belongs to it."""

    name: str
    status: str
    revision: str
    desired: int
    running: int
    pending: int
    tasks: tuple[Task, ...] = ()
    stopped: tuple[Task, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    balancers: tuple[Balancer, ...] = ()
    events: tuple[Event, ...] = ()

    @property
    def phase(self) -> str:
        """One of steady, changing, rolling back, draining: what the service is busy with."""
        if self.status != "ACTIVE":
            return self.status.lower()
        # A service keeps its failed deployment in the list while it goes back to the one before.
        if any(d.rollout == "FAILED" for d in self.deployments) and len(self.deployments) > 1:
            return "rolling back"
        if len(self.deployments) > 1 or any(d.rollout == "IN_PROGRESS" for d in self.deployments):
            return "deploying"
        return "steady" if self.running == self.desired and not self.pending else "changing"


@dataclass(frozen=True)
class Cluster:
    """The whole picture. `status` is AWS's word, or MISSING, or UNREACHABLE when nobody answers."""

    name: str
    status: str
    at: float = 0.0
    services: tuple[Service, ...] = ()
    tasks: tuple[Task, ...] = ()
    stopped: tuple[Task, ...] = ()
    problem: str = ""


def in_words(cluster: Cluster) -> str:
    """The picture as a few lines of text, for a terminal and for a screen reader."""
    if cluster.status != "ACTIVE":
        return f"Cluster {cluster.name}: {cluster.status.lower()}. {cluster.problem}".strip()
    lines = [f"Cluster {cluster.name}: {len(cluster.services)} service(s)"]
    for service in cluster.services:
        lines.append(
            f"  Service {service.name} ({service.revision}): {service.running} of {service.desired} tasks running,"
            f" {service.phase}"
        )
        lines += [
            f"    Load balancer {balancer.name} ({', '.join(balancer.listeners) or 'no listener'})"
            f" -> target group {balancer.target_group}: {balancer.healthy} healthy"
            for balancer in service.balancers
        ]
        for task in service.tasks:
            health = f", target {task.target.state}" if task.target else ""
            lines.append(f"    {GLYPHS.get(task.status, '?')} task of {task.revision}: {task.status}{health}")
    lines += [
        f"  {GLYPHS.get(task.status, '?')} task of {task.revision}, in no service: {task.status}"
        for task in cluster.tasks
    ]
    return "\n".join(lines)
