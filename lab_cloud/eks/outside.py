"""What EKS asks of the services beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .images import Image


@dataclass(frozen=True)
class Subnet:
    """A subnet of a VPC.

    Parameters
    ----------
    id, vpc, zone : str
        As EC2 describes it.
    public : bool
        Whether it leads to an internet gateway.
    assigns : bool
        Whether instances get public addresses there by themselves.
    """

    id: str
    vpc: str
    zone: str
    public: bool = False
    assigns: bool = False


@dataclass(frozen=True)
class Machine:
    """An EC2 instance.

    Parameters
    ----------
    id, type, zone, subnet, address, image, state : str
        As EC2 describes it.
    user_data : str
        Decoded.
    profile : str
        The ARN of its instance profile; may be empty.
    group : str
        The Auto Scaling group that it belongs to; may be empty.
    public : bool
        Whether it has a public address.
    """

    id: str
    type: str
    zone: str
    subnet: str
    address: str
    image: str
    state: str
    user_data: str
    profile: str
    group: str
    public: bool


@dataclass(frozen=True)
class Member:
    """An instance of an Auto Scaling group.

    Parameters
    ----------
    id : str
        Of the instance.
    version : str
        The version of the launch template that it comes from.
    serving : bool
        Whether it is in service.
    leaving : bool
        Whether it is being terminated.
    """

    id: str
    version: str
    serving: bool
    leaving: bool


@dataclass(frozen=True)
class ScalingGroup:
    """An Auto Scaling group.

    Parameters
    ----------
    name : str
        Its name.
    least, most, desired : int
        In instances.
    members : tuple of Member
        All its instances.
    failure : str
        Why its last launch failed; empty when it did not.
    """

    name: str
    least: int
    most: int
    desired: int
    members: tuple[Member, ...]
    failure: str = ""


class Roles(Protocol):
    """IAM."""

    def has_role(self, arn: str) -> bool:
        """Whether there is a role."""

    def allows(self, arn: str, action: str) -> bool:
        """Whether a role may do something, on some resource."""

    def trusts(self, arn: str, service: str) -> bool:
        """Whether a role lets a service of AWS assume it."""

    def create_profile(self, name: str, arn: str) -> str:
        """Make an instance profile of a role; its ARN."""

    def delete_profile(self, name: str) -> None:
        """Delete it."""

    def has_profile(self, name: str) -> bool:
        """Whether it exists."""

    def roles_of(self, profile: str) -> list[str]:
        """The ARNs of the roles of an instance profile."""


class Networks(Protocol):
    """Amazon VPC."""

    def subnet(self, region: str, subnet_id: str) -> Subnet | None:
        """A subnet, if it exists."""

    def missing_groups(self, region: str, groups: Sequence[str]) -> list[str]:
        """Those security groups that do not exist."""

    def create_group(self, region: str, vpc: str, name: str, description: str) -> str:
        """Make a security group whose members reach each other; its id."""

    def delete_group(self, region: str, group: str) -> None:
        """Delete it, unless it is used."""

    def unreachable(self, region: str, machine: Machine) -> str:
        """Why an instance reaches nothing outside of its subnet; empty when it does."""

    def attach(self, region: str, subnet: str, groups: Sequence[str], about: str) -> tuple[str, str]:
        """Make a network interface; its id and its private address."""

    def detach(self, region: str, interface: str) -> None:
        """Delete it."""

    def has_key(self, region: str, name: str) -> bool:
        """Whether there is a key pair of this name."""


class Machines(Protocol):
    """Amazon EC2: instances, images and launch templates."""

    def all(self, region: str) -> list[Machine]:
        """All instances."""

    def image(self, region: str, image_id: str) -> str:
        """The name of an image; empty for none."""

    def know_image(self, region: str, image: Image) -> None:
        """Let EC2 know an EKS-optimized image."""

    def create_template(self, region: str, name: str, data: dict[str, Any], tags: dict[str, str]) -> str:
        """Make a launch template; its id."""

    def add_version(self, region: str, template: str, data: dict[str, Any]) -> str:
        """Add a version to a launch template; its number."""

    def template(self, region: str, asked: dict[str, Any]) -> tuple[str, str, str, dict[str, Any]] | None:
        """A launch template's id, name, version and data; None when there is none."""

    def delete_template(self, region: str, template: str) -> None:
        """Delete it."""

    def note(self, region: str, machine: str, why: str) -> None:
        """Write on an instance why it does not join; an empty text takes it off."""


class ScalingGroups(Protocol):
    """Amazon EC2 Auto Scaling."""

    def create(self, region: str, name: str, template: str, size: tuple[int, int, int], subnets: Sequence[str],
               tags: dict[str, str]) -> None:  # fmt: skip
        """Make a group; raises AwsError."""

    def find(self, region: str, name: str) -> ScalingGroup | None:
        """A group, if it exists."""

    def resize(self, region: str, name: str, size: tuple[int, int, int]) -> None:
        """Set least, most and desired."""

    def set_version(self, region: str, name: str, template: str, version: str) -> None:
        """Launch another version of the template from now on."""

    def terminate(self, region: str, machine: str, *, fewer: bool) -> None:
        """Terminate an instance; `fewer` when it is not to be replaced."""

    def delete(self, region: str, name: str) -> None:
        """Delete a group, with what is left in it."""


class Logs(Protocol):
    """CloudWatch Logs."""

    def open_stream(self, region: str, group: str, stream: str, *, create_group: bool) -> str:
        """Make a stream; under the world's lock. Answers why that cannot be, or an empty text."""

    def write(self, region: str, group: str, stream: str, when: float, line: str) -> None:
        """Add one line."""
