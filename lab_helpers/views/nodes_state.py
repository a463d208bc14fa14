"""What a picture of nodes and pods is drawn from: plain dataclasses, no client and no widget."""

from dataclasses import dataclass, replace

GLYPHS = {
    "Running": "●",
    "Completed": "✓",
    "Pending": "◌",
    "ContainerCreating": "◔",
    "Terminating": "◒",
    "NotReady": "◑",
}
WRONG = "✕"
STEPS = ("Pending", "ContainerCreating", "Running")


def glyph(status: str) -> str:
    """The sign of a pod's status; whatever is none of the usual ones has gone wrong."""
    return GLYPHS.get(status, WRONG)


def look(status: str) -> str:
    """Which of five looks a pod has: runs, starts, leaves, done, wrong."""
    known = {"Running": "runs", "Completed": "done", "Terminating": "leaves"}
    starts = {"Pending", "ContainerCreating", "NotReady"}
    return known.get(status, "starts" if status in starts else "wrong")


@dataclass(frozen=True)
class Pod:
    """One pod. `status` is the word that kubectl shows; `why` is what holds it back, when something does."""

    name: str
    app: str
    status: str
    ready: str = "0/0"
    restarts: int = 0
    address: str = ""
    image: str = ""
    cpu: float = 0.0
    memory: float = 0.0
    why: str = ""

    @property
    def known_as(self) -> str:
        """A name that is the same in two runs of a lab."""
        return self.app or self.name


@dataclass(frozen=True)
class Node:
    """One node. CPU is in vCPUs and memory in MiB, as allocatable; what pods have requested is added up."""

    name: str
    kind: str
    type: str
    zone: str
    ready: bool
    cordoned: bool
    cpu: float
    memory: float
    room: int
    pods: tuple[Pod, ...] = ()

    @property
    def cpu_requested(self) -> float:
        """vCPUs that its pods have requested."""
        return sum(pod.cpu for pod in self.pods)

    @property
    def memory_requested(self) -> float:
        """MiB that its pods have requested."""
        return sum(pod.memory for pod in self.pods)

    @property
    def state(self) -> str:
        """As kubectl says it."""
        return ("Ready" if self.ready else "NotReady") + (",SchedulingDisabled" if self.cordoned else "")


@dataclass(frozen=True)
class Service:
    """One Service. `host` is the DNS name of its load balancer, when it has one."""

    name: str
    type: str
    ports: str
    ready: int
    pods: int
    host: str = ""


@dataclass(frozen=True)
class Deployment:
    """One Deployment."""

    name: str
    desired: int
    ready: int
    updated: int


@dataclass(frozen=True)
class Nodes:
    """The whole picture. `status` is ACTIVE, or MISSING, or UNREACHABLE when nobody answers."""

    name: str
    namespace: str
    status: str
    at: float = 0.0
    nodes: tuple[Node, ...] = ()
    waiting: tuple[Pod, ...] = ()
    services: tuple[Service, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    problem: str = ""


def in_words(found: Nodes) -> str:
    """The picture as a few lines of text, for a terminal and for a screen reader."""
    if found.status != "ACTIVE":
        return f"Cluster {found.name}: {found.status.lower()}. {found.problem}".strip()
    lines = [f"Cluster {found.name}: {len(found.nodes)} node(s)"]
    for number, node in enumerate(found.nodes, 1):
        lines.append(
            f"  Node {number} ({node.kind}, {node.type}, {node.zone}): {node.state},"
            f" {node.cpu_requested:.2f} of {node.cpu:.2f} vCPU and {node.memory_requested:.0f} of {node.memory:.0f} MiB"
            " requested"
        )
        lines += [f"    {_pod(pod)}" for pod in node.pods]
    if found.waiting:
        lines.append("  Without a node")
        lines += [f"    {_pod(pod)}{f': {pod.why}' if pod.why else ''}" for pod in found.waiting]
    lines += [f"  Deployment {one.name}: {one.ready} of {one.desired} pods ready" for one in found.deployments]
    for one in found.services:
        balancer = " behind a load balancer" if one.host else ""
        lines.append(f"  Service {one.name} ({one.type}, {one.ports}): {one.ready} of {one.pods} pods ready{balancer}")
    return "\n".join(lines)


def _pod(pod: Pod) -> str:
    again = f", restarted {pod.restarts} times" if pod.restarts else ""
    return f"{glyph(pod.status)} pod of {pod.known_as}: {pod.status}{again}"


def steady(found: Nodes) -> Nodes:
    """The picture without the moment of reading, so that nothing is sent while nothing happens."""
    return replace(found, at=0.0)
