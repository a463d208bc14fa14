"""The services beside ECS, plugged into what `outside` asks of them."""

from collections.abc import Mapping

from ..autoscaling.store import GroupStore
from ..elb.targets import TargetRegistry
from ..errors import AwsError
from ..network import reach
from ..network.addresses import AddressBook
from ..wire import moto_ec2, moto_elb
from . import names
from .outside import Health, ScalingGroup, TargetGroup
from .task import Interface, Network


class VpcNeighbour:
    """Amazon VPC.

    Parameters
    ----------
    book : AddressBook
        Where a task's address leads.
    """

    def __init__(self, book: AddressBook) -> None:
        self._book = book

    def check(self, region: str, network: Network) -> None:
        """Refuse a subnet or security group that does not exist."""
        for subnet in network.subnets:
            if moto_ec2.subnet(region, subnet) is None:
                raise AwsError(
                    "InvalidParameterException",
                    f"Error retrieving subnet information for [{subnet}]: The subnet ID '{subnet}' does not exist "
                    "(ErrorCode: InvalidSubnetID.NotFound)",
                )
        known = moto_ec2.security_groups(region)
        for group in network.security_groups:
            if group not in known:
                raise AwsError(
                    "InvalidParameterException",
                    f"Error retrieving security group information for [{group}]: The security "
                    f"group '{group}' does not exist "
                    "(ErrorCode: InvalidGroup.NotFound)",
                )

    def zones(self, region: str, network: Network) -> tuple[str, ...]:
        """The zones of the subnets."""
        return tuple(dict.fromkeys(self._zone(region, subnet) for subnet in network.subnets))

    def _zone(self, region: str, subnet: str) -> str:
        found = moto_ec2.subnet(region, subnet)
        return found.zone if found is not None else ""

    def attach(self, region: str, network: Network, busy: Mapping[str, int]) -> Interface:
        """Make a network interface."""
        subnet = min(network.subnets, key=lambda one: (busy.get(self._zone(region, one), 0), busy.get(one, 0)))
        eni = moto_ec2.create_eni(region, subnet, network.security_groups, public_ip=network.public_address)
        return Interface(
            id=eni.id,
            attachment=names.uuid(),
            subnet=eni.subnet_id,
            zone=self._zone(region, subnet),
            address=eni.private_ip,
            mac=eni.mac,
            dns_name=eni.private_dns,
            security_groups=eni.groups,
            public_address=eni.public_ip,
        )

    def detach(self, region: str, interface: Interface) -> None:
        """Delete the interface."""
        self._book.remove(interface.address)
        moto_ec2.delete_eni(region, interface.id)

    def pull_refusal(self, region: str, interface: Interface) -> str:
        """Why no registry can be reached from here."""
        subnet = moto_ec2.subnet(region, interface.subnet)
        if subnet is None:
            return f"the subnet {interface.subnet} does not exist any more"
        admission = reach.can_pull(subnet, interface.public_address is not None)
        return "" if admission.allowed else admission.reason

    def open(self, interface: Interface, ports: dict[int, int]) -> None:
        """Let the address lead to loopback ports."""
        for port, loopback in ports.items():
            self._book.add(interface.address, port, loopback)


class ElbNeighbour:
    """Elastic Load Balancing.

    Parameters
    ----------
    targets : TargetRegistry
        The one truth about targets.
    """

    def __init__(self, targets: TargetRegistry) -> None:
        self._targets = targets

    def group(self, region: str, arn: str) -> TargetGroup | None:
        """A target group, if it exists."""
        found = moto_elb.target_group(region, arn)
        if found is None:
            return None
        return TargetGroup(target_type=found.target_type, has_load_balancer=moto_elb.in_use(region, arn))

    def register(self, region: str, arn: str, address: str, port: int, zone: str) -> None:
        """Register a target."""
        self._targets.register(arn, address, port, zone)

    def deregister(self, region: str, arn: str, address: str, port: int) -> None:
        """Begin to drain a target."""
        self._targets.deregister(arn, address, port)

    def health(self, region: str, arn: str, address: str, port: int) -> Health | None:
        """A target's health."""
        found = self._targets.health(arn, address, port)
        return Health(found.state, found.reason or "") if found is not None else None


class AutoScalingNeighbour:
    """Amazon EC2 Auto Scaling.

    Parameters
    ----------
    store : GroupStore
        Its groups.
    """

    def __init__(self, store: GroupStore) -> None:
        self._store = store

    def group(self, region: str, name_or_arn: str) -> ScalingGroup | None:
        """An Auto Scaling group, if it exists."""
        found = self._store.region(region).by_arn(name_or_arn)
        return ScalingGroup(found.arn) if found is not None else None
