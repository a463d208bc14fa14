"""What ECS asks of the services beside it. The server plugs in the real ones; tests plug in small ones of their own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .task import Interface, Network


@dataclass(frozen=True)
class TargetGroup:
    """What ECS wants to know of a target group."""

    target_type: str
    has_load_balancer: bool


@dataclass(frozen=True)
class Health:
    """What a target group says of one target."""

    state: str
    reason: str = ""


@dataclass(frozen=True)
class ScalingGroup:
    """What ECS wants to know of an Auto Scaling group.

    Parameters
    ----------
    arn, name : str
        Which one.
    desired : int
        How many instances are wanted.
    counted, serving : tuple of str
        Ids of the instances that count towards it, and of those that are in service.
    protects : bool
        Whether new instances are protected from scale-in.
    """

    arn: str
    name: str = ""
    desired: int = 0
    counted: tuple[str, ...] = ()
    serving: tuple[str, ...] = ()
    protects: bool = False


@dataclass(frozen=True)
class HostRecord:
    """What ECS wants to know of an EC2 instance.

    Parameters
    ----------
    id, type, zone, address, image, state, user_data : str
        As EC2 describes it.
    group : str
        The name of its Auto Scaling group; empty when it has none.
    has_agent : bool
        Whether its image has the ECS agent.
    subnet, profile : str
        Its subnet, and the ARN of its instance profile.
    public : bool
        Whether it has a public address.
    """

    id: str
    type: str
    zone: str
    address: str
    image: str
    state: str
    user_data: str
    group: str
    has_agent: bool
    subnet: str
    profile: str
    public: bool


class Hosts(Protocol):
    """Amazon EC2, as ECS uses it."""

    def all(self, region: str) -> list[HostRecord]:
        """All instances."""

    def refusal(self, region: str, host: HostRecord) -> str:
        """Why the agent of an instance cannot register; empty when it can."""

    def note(self, region: str, host: str, why: str) -> None:
        """Write on an instance why it does not join; an empty text takes the note off."""


class Networks(Protocol):
    """Amazon VPC, as ECS uses it."""

    def check(self, region: str, network: Network) -> None:
        """Raise ``InvalidParameterException`` for a subnet or security group that does not exist."""

    def zones(self, region: str, network: Network) -> tuple[str, ...]:
        """The Availability Zones of the subnets, each once."""

    def in_zone(self, region: str, network: Network, zone: str) -> Network:
        """The same network with those subnets only that lie in one zone."""

    def attach(self, region: str, network: Network, busy: Mapping[str, int]) -> Interface:
        """Make a network interface in the subnet whose zone, and which itself, is least `busy`."""

    def detach(self, region: str, interface: Interface) -> None:
        """Delete the interface; its address leads nowhere afterwards."""

    def pull_refusal(self, region: str, interface: Interface) -> str:
        """Why a task with this interface cannot reach a registry; empty when it can."""

    def open(self, address: str, ports: Mapping[int, int]) -> None:
        """Let an address and its ports lead to these loopback ports."""

    def shut(self, address: str, port: int) -> None:
        """Let a port of an address lead nowhere."""


class LoadBalancing(Protocol):
    """Elastic Load Balancing, as ECS uses it."""

    def group(self, region: str, arn: str) -> TargetGroup | None:
        """A target group, or None."""

    def register(self, region: str, arn: str, address: str, port: int, zone: str) -> None:
        """Register a target."""

    def deregister(self, region: str, arn: str, address: str, port: int) -> None:
        """Begin to drain a target."""

    def health(self, region: str, arn: str, address: str, port: int) -> Health | None:
        """A target's health; None when it is registered no more."""

    def weigh(self, region: str, rule: str, weights: Mapping[str, int]) -> str:
        """Let a listener rule forward to target groups by weights; why not, or an empty text."""


class AlarmStates(Protocol):
    """Amazon CloudWatch, as deployments watch its alarms."""

    def ringing(self, region: str, names: Iterable[str]) -> tuple[str, ...]:
        """Those of these alarms that are in ALARM."""

    def clear(self, region: str, names: Iterable[str], start: float, end: float) -> bool:
        """Whether these alarms have looked at all data of a time, and none of it can set them off any more."""


class AutoScaling(Protocol):
    """Amazon EC2 Auto Scaling, as capacity providers use it."""

    def group(self, region: str, name_or_arn: str) -> ScalingGroup | None:
        """An Auto Scaling group, or None."""

    def type_of(self, region: str, group: ScalingGroup) -> str:
        """The instance type that it launches now; empty when it can launch none."""

    def put_policy(
        self, region: str, group: ScalingGroup, name: str, target: int, dimensions: Mapping[str, str]
    ) -> None:
        """Give it the target tracking policy of a capacity provider."""

    def delete_policy(self, region: str, group: ScalingGroup, name: str) -> None:
        """Take that policy away."""

    def protect(self, region: str, group: ScalingGroup, wanted: Mapping[str, bool]) -> None:
        """Protect instances from scale-in, or no longer."""


class Registries(Protocol):
    """Amazon ECR, as ECS uses it."""

    def has(self, image: str) -> bool:
        """Whether an image lies in a registry that needs a password."""

    def password(self, region: str, image: str, role: str, session: str) -> str | None:
        """The password with which a task pulls an image.

        Parameters
        ----------
        region : str
            The task's region.
        image : str
            The reference.
        role : str
            The ARN of the task's execution role; empty when it has none, which gives an empty password.
        session : str
            The task's id.

        Returns
        -------
        str or None
            None for an image that lies elsewhere.
        """


class Announcements(Protocol):
    """Amazon EventBridge, as ECS tells it what happens."""

    def wanted(self, region: str) -> bool:
        """Whether any rule could match."""

    def emit(self, region: str, source: str, kind: str, detail: dict[str, Any], resources: Sequence[str]) -> object:
        """Tell of an event."""

    def task(self, task: str, now: float, step: str, **about: Any) -> None:
        """Tell what became of a task, for the record of the event that started it."""


class Logs(Protocol):
    """CloudWatch Logs, as the awslogs driver uses it."""

    def open_stream(self, region: str, group: str, stream: str, *, create_group: bool) -> str:
        """Make the stream; return why that cannot be, or an empty text."""

    def write(self, region: str, group: str, stream: str, when: float, line: str) -> None:
        """Add one line. May be called from any thread, without the lock."""
