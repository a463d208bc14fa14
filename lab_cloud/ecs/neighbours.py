"""The services beside ECS, plugged into what `outside` asks of them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..autoscaling.api import AutoScalingApi
from ..autoscaling.group import IN_SERVICE
from ..autoscaling.launching import resolve
from ..autoscaling.store import GroupStore
from ..cloudwatch.alarm import ALARM
from ..cloudwatch.alarm_store import AlarmStore
from ..elb.targets import TargetRegistry
from ..errors import AwsError
from ..iam.authority import Authority
from ..network import reach
from ..network.addresses import AddressBook
from ..wire import Call, moto_ec2, moto_elb, moto_instances, moto_rules
from . import names
from .managed_scaling import METRIC, NAMESPACE
from .outside import Health, HostRecord, ScalingGroup, TargetGroup
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

    def in_zone(self, region: str, network: Network, zone: str) -> Network:
        """Leave out the subnets of other zones."""
        return replace(network, subnets=tuple(one for one in network.subnets if self._zone(region, one) == zone))

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

    def open(self, address: str, ports: Mapping[int, int]) -> None:
        """Let the address lead to loopback ports."""
        for port, loopback in ports.items():
            self._book.add(address, port, loopback)

    def shut(self, address: str, port: int) -> None:
        """Let a port of it lead nowhere."""
        self._book.remove(address, port)


class Ec2Neighbour:
    """Amazon EC2.

    Parameters
    ----------
    authority : Authority
        What instances' roles may do.
    """

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._agents: dict[str, bool] = {}

    def all(self, region: str) -> list[HostRecord]:
        """All instances."""
        return [
            HostRecord(
                id=one.id,
                type=one.type,
                zone=one.zone,
                address=one.address,
                image=one.image,
                state=one.state,
                user_data=one.user_data,
                group=one.tags.get("aws:autoscaling:groupName", ""),
                has_agent=self._has_agent(region, one.image),
                subnet=one.subnet,
                profile=one.profile,
                public=one.public,
            )
            for one in moto_instances.records(region)
        ]

    def _has_agent(self, region: str, image: str) -> bool:
        if image not in self._agents:
            try:
                self._agents[image] = "-ecs-" in moto_instances.image(region, image).name
            except AwsError:
                self._agents[image] = False
        return self._agents[image]

    def role(self, region: str, host: str) -> str:
        """The ARN of the role in an instance's profile; empty when it has none."""
        profile = next((one.profile for one in moto_instances.records(region) if one.id == host), "")
        return next(iter(moto_instances.role_arns_of(profile)), "") if profile else ""

    def refusal(self, region: str, host: HostRecord) -> str:
        """Why its agent cannot register."""
        if not host.profile:
            return (
                "it has no instance profile. Give the launch template an IamInstanceProfile whose role has "
                "AmazonEC2ContainerServiceforEC2Role."
            )
        roles = moto_instances.role_arns_of(host.profile)
        if not any(self._authority.may(role, "ecs:RegisterContainerInstance") for role in roles):
            called = ", ".join(role.rpartition("/")[2] for role in roles)
            return f"the role of its instance profile ({called or 'none'}) may not call ecs:RegisterContainerInstance."
        subnet = moto_ec2.subnet(region, host.subnet)
        admission = reach.can_pull(subnet, host.public) if subnet is not None else None
        return "" if admission is None or admission.allowed else f"the agent cannot reach ECS: {admission.reason}."

    def note(self, region: str, host: str, why: str) -> None:
        """Write it on the instance as a tag."""
        moto_instances.tag(region, host, "embedded-cloud-agent", why)


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

    def weigh(self, region: str, rule: str, weights: Mapping[str, int]) -> str:
        """Change the rule's action, as ModifyRule does."""
        if moto_rules.listener_of(region, rule) is None:
            return f"The listener rule {rule} does not exist any more"
        groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
        action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
        moto_rules.modify(region, {"RuleArn": rule, "Actions": [action]})
        return ""


class AlarmNeighbour:
    """Amazon CloudWatch.

    Parameters
    ----------
    store : AlarmStore
        Its alarms.
    """

    def __init__(self, store: AlarmStore) -> None:
        self._store = store

    def ringing(self, region: str, names: Iterable[str]) -> tuple[str, ...]:
        """Those that are in ALARM."""
        known = self._store.region(region)
        return tuple(name for name in names if name in known and known[name].state == ALARM)

    def clear(self, region: str, names: Iterable[str], start: float, end: float) -> bool:
        """Whether nothing of that time can set them off any more; one that does not exist has nothing to say."""
        known = self._store.region(region)
        return all(known[name].clear(start, end) for name in names if name in known)


class AutoScalingNeighbour:
    """Amazon EC2 Auto Scaling.

    Parameters
    ----------
    store : GroupStore
        Its groups.
    api : AutoScalingApi, optional
        What makes policies.
    """

    def __init__(self, store: GroupStore, api: AutoScalingApi | None = None) -> None:
        self._store = store
        self._api = api

    def group(self, region: str, name_or_arn: str) -> ScalingGroup | None:
        """An Auto Scaling group, if it exists."""
        found = self._store.region(region).by_arn(name_or_arn)
        if found is None or found.deleting:
            return None
        return ScalingGroup(
            arn=found.arn,
            name=found.name,
            desired=found.desired,
            counted=tuple(member.id for member in found.counted),
            serving=tuple(member.id for member in found.counted if member.state == IN_SERVICE),
            protects=bool(found.settings.get("NewInstancesProtectedFromScaleIn")),
        )

    def type_of(self, region: str, group: ScalingGroup) -> str:
        """The instance type of its launch template or configuration."""
        known = self._store.region(region)
        settings = known.groups[group.name].settings
        try:
            template = resolve(region, settings)
        except AwsError:
            return ""
        data = template.data if template is not None else known.configurations.get(settings["LaunchConfigurationName"])
        return str((data or {}).get("InstanceType", ""))

    def put_policy(
        self, region: str, group: ScalingGroup, name: str, target: int, dimensions: Mapping[str, str]
    ) -> None:
        """Put a target tracking policy on the metric of managed scaling."""
        assert self._api is not None
        metric = {
            "MetricName": METRIC,
            "Namespace": NAMESPACE,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            "Statistic": "Average",
        }
        self._api.put_scaling_policy(
            Call("autoscaling", "PutScalingPolicy", region),
            {
                "AutoScalingGroupName": group.name,
                "PolicyName": name,
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingConfiguration": {
                    "CustomizedMetricSpecification": metric,
                    "TargetValue": float(target),
                    "DisableScaleIn": False,
                },
            },
        )

    def delete_policy(self, region: str, group: ScalingGroup, name: str) -> None:
        """Delete it with its alarms."""
        assert self._api is not None
        if (group.name, name) in self._store.region(region).policies:
            call = Call("autoscaling", "DeletePolicy", region)
            self._api.delete_policy(call, {"AutoScalingGroupName": group.name, "PolicyName": name})

    def protect(self, region: str, group: ScalingGroup, wanted: Mapping[str, bool]) -> None:
        """Set the protection of its instances."""
        members = self._store.region(region).groups[group.name].members
        for instance, protected in wanted.items():
            members[instance].protected = protected
