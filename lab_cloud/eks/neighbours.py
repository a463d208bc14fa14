"""The services beside EKS, plugged into what `outside` asks of them."""

import base64
from collections.abc import Sequence
from typing import Any

from ..autoscaling.api import AutoScalingApi
from ..autoscaling.group import IN_SERVICE
from ..autoscaling.store import GroupStore
from ..errors import AwsError
from ..iam.authority import Authority
from ..network import reach
from ..wire import Call, moto_ec2, moto_instances, moto_roles, moto_templates
from .images import Image
from .outside import Machine, Member, ScalingGroup, Subnet


class IamNeighbour:
    """AWS Identity and Access Management.

    Parameters
    ----------
    authority : Authority
        What knows who may do what.
    """

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def has_role(self, arn: str) -> bool:
        """Whether there is a role."""
        return moto_roles.exists(arn)

    def allows(self, arn: str, action: str) -> bool:
        """Whether a role may do something."""
        return self._authority.may(arn, action)

    def trusts(self, arn: str, service: str) -> bool:
        """Whether a role lets a service of AWS assume it."""
        return self._authority.trusts(arn, service)

    def create_profile(self, name: str, arn: str) -> str:
        """Make an instance profile of a role; its ARN."""
        return moto_templates.create_profile(name, arn.rpartition("/")[2])

    def delete_profile(self, name: str) -> None:
        """Delete it."""
        moto_templates.delete_profile(name)

    def has_profile(self, name: str) -> bool:
        """Whether it exists."""
        return moto_templates.has_profile(name)

    def roles_of(self, profile: str) -> list[str]:
        """The ARNs of the roles of an instance profile."""
        return moto_templates.roles_of(profile)


class VpcNeighbour:
    """Amazon VPC."""

    def subnet(self, region: str, subnet_id: str) -> Subnet | None:
        """A subnet, if it exists."""
        found = moto_ec2.subnet(region, subnet_id)
        if found is None:
            return None
        public = found.default_route == "internet-gateway"
        return Subnet(found.id, found.vpc_id, found.zone, public, moto_ec2.assigns_public(region, subnet_id))

    def missing_groups(self, region: str, groups: Sequence[str]) -> list[str]:
        """Those security groups that do not exist."""
        known = moto_ec2.security_groups(region)
        return [each for each in groups if each not in known]

    def create_group(self, region: str, vpc: str, name: str, description: str) -> str:
        """Make a security group whose members reach each other."""
        return moto_ec2.create_group(region, vpc, name, description)

    def delete_group(self, region: str, group: str) -> None:
        """Delete it, unless it is used."""
        moto_ec2.delete_group(region, group)

    def unreachable(self, region: str, machine: Machine) -> str:
        """Why an instance reaches nothing outside of its subnet."""
        subnet = moto_ec2.subnet(region, machine.subnet)
        if subnet is None:
            return f"the subnet {machine.subnet} does not exist any more"
        admission = reach.can_pull(subnet, machine.public)
        remedy = "turn on that the subnet assigns public addresses"
        told = admission.reason.replace("the task", "the instance").replace("set assignPublicIp to ENABLED", remedy)
        return "" if admission.allowed else told

    def attach(self, region: str, subnet: str, groups: Sequence[str], about: str) -> tuple[str, str]:
        """Make a network interface."""
        made = moto_ec2.create_eni(region, subnet, groups, description=about)
        return made.id, made.private_ip

    def detach(self, region: str, interface: str) -> None:
        """Delete it."""
        moto_ec2.delete_eni(region, interface)

    def has_key(self, region: str, name: str) -> bool:
        """Whether there is a key pair of this name."""
        return moto_templates.has_key(region, name)


class Ec2Neighbour:
    """Amazon EC2."""

    def __init__(self) -> None:
        self._images: dict[tuple[str, str], str] = {}

    def all(self, region: str) -> list[Machine]:
        """All instances."""
        return [
            Machine(
                id=one.id,
                type=one.type,
                zone=one.zone,
                subnet=one.subnet,
                address=one.address,
                image=one.image,
                state=one.state,
                user_data=one.user_data,
                profile=one.profile,
                group=one.tags.get("aws:autoscaling:groupName", ""),
                public=one.public,
            )
            for one in moto_instances.records(region)
        ]

    def image(self, region: str, image_id: str) -> str:
        """The name of an image."""
        key = region, image_id
        if key not in self._images:
            try:
                self._images[key] = moto_instances.image(region, image_id).name
            except AwsError:
                return ""
        return self._images[key]

    def know_image(self, region: str, image: Image) -> None:
        """Let EC2 know an EKS-optimized image."""
        about = f"EKS-optimized Kubernetes node based on {image.kind.os_image}, (k8s: {image.version})"
        moto_templates.know_image(region, image.id, image.name, image.architecture, about)

    def create_template(self, region: str, name: str, data: dict[str, Any], tags: dict[str, str]) -> str:
        """Make a launch template; its id."""
        return moto_templates.create(region, name, _coded(data), tags)

    def add_version(self, region: str, template: str, data: dict[str, Any]) -> str:
        """Add a version to a launch template; its number."""
        return moto_templates.add_version(region, template, _coded(data))

    def template(self, region: str, asked: dict[str, Any]) -> tuple[str, str, str, dict[str, Any]] | None:
        """A launch template's id, name, version and data."""
        spelled = {"id": "LaunchTemplateId", "name": "LaunchTemplateName", "version": "Version"}
        reference = {spelled[key]: value for key, value in asked.items() if value}
        try:
            found = moto_instances.template(region, reference)
        except AwsError:
            return None
        return found.id, found.name, str(found.version), dict(found.data)

    def delete_template(self, region: str, template: str) -> None:
        """Delete it."""
        moto_templates.delete(region, template)

    def note(self, region: str, machine: str, why: str) -> None:
        """Write it on the instance as a tag."""
        moto_instances.tag(region, machine, "embedded-cloud-agent", why)


def _coded(data: dict[str, Any]) -> dict[str, Any]:
    text = data.get("UserData", "")
    return {**data, "UserData": base64.b64encode(text.encode()).decode()} if text else data


class AutoScalingNeighbour:
    """Amazon EC2 Auto Scaling.

    Parameters
    ----------
    store : GroupStore
        Its groups.
    api : AutoScalingApi
        Its operations.
    """

    def __init__(self, store: GroupStore, api: AutoScalingApi) -> None:
        self._store = store
        self._api = api

    def create(self, region: str, name: str, template: str, size: tuple[int, int, int], subnets: Sequence[str],
               tags: dict[str, str]) -> None:  # fmt: skip
        """Make a group."""
        asked = {
            "AutoScalingGroupName": name,
            "LaunchTemplate": {"LaunchTemplateId": template, "Version": "1"},
            "VPCZoneIdentifier": ",".join(subnets),
            "HealthCheckType": "EC2",
            "HealthCheckGracePeriod": 15,
            "CapacityRebalance": True,
            "TerminationPolicies": ["AllocationStrategy", "OldestLaunchTemplate", "OldestInstance"],
            "Tags": [{"Key": key, "Value": value, "PropagateAtLaunch": True} for key, value in tags.items()],
            **_sizes(size),
        }
        self._api.create_auto_scaling_group(_call("CreateAutoScalingGroup", region), asked)

    def find(self, region: str, name: str) -> ScalingGroup | None:
        """A group, if it exists."""
        found = self._store.region(region).groups.get(name)
        if found is None:
            return None
        last = next((each for each in found.activities if "Launching" in each.description), None)
        members = tuple(
            Member(
                each.id,
                each.template.get("Version", ""),
                each.state == IN_SERVICE,
                each.state.startswith("Terminating"),
            )
            for each in found.members.values()
        )
        failure = last.message if last is not None and last.status == "Failed" else ""
        return ScalingGroup(name, found.least, found.most, found.desired, members, failure)

    def resize(self, region: str, name: str, size: tuple[int, int, int]) -> None:
        """Set least, most and desired."""
        asked = {"AutoScalingGroupName": name, **_sizes(size)}
        self._api.update_auto_scaling_group(_call("UpdateAutoScalingGroup", region), asked)

    def set_version(self, region: str, name: str, template: str, version: str) -> None:
        """Launch another version of the template from now on."""
        chosen = {"LaunchTemplateId": template, "Version": version}
        asked = {"AutoScalingGroupName": name, "LaunchTemplate": chosen}
        self._api.update_auto_scaling_group(_call("UpdateAutoScalingGroup", region), asked)

    def terminate(self, region: str, machine: str, *, fewer: bool) -> None:
        """Terminate an instance."""
        asked = {"InstanceId": machine, "ShouldDecrementDesiredCapacity": fewer}
        call = _call("TerminateInstanceInAutoScalingGroup", region)
        self._api.terminate_instance_in_auto_scaling_group(call, asked)

    def delete(self, region: str, name: str) -> None:
        """Delete a group, with what is left in it."""
        asked = {"AutoScalingGroupName": name, "ForceDelete": True}
        self._api.delete_auto_scaling_group(_call("DeleteAutoScalingGroup", region), asked)


def _call(operation: str, region: str) -> Call:
    return Call("autoscaling", operation, region)


def _sizes(size: tuple[int, int, int]) -> dict[str, int]:
    return dict(zip(("MinSize", "MaxSize", "DesiredCapacity"), size, strict=True))
