"""Operations on mount targets: one for each zone, each with a network interface of its own.

References
----------
https://docs.aws.amazon.com/efs/latest/ug/API_CreateMountTarget.html
https://docs.aws.amazon.com/efs/latest/ug/API_ModifyMountTargetSecurityGroups.html
"""

from ipaddress import IPv4Address, IPv4Network
from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..network.model import Subnet
from ..paging import page
from ..wire import Call, moto_ec2
from .file_system import DELETING, FileSystem, MountTarget
from .store import EfsStore, Region, bad, failure, new_id
from .systems_api import check_usable

PAGE = 10
MOST_GROUPS = 5


class TargetOperations:
    """Create, describe and delete mount targets; their security groups."""

    _store: EfsStore
    _clock: Clock

    def create_mount_target(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreateMountTarget: its network interface is there at once."""
        region = self._store.region(call.region)
        system = region.system(params["FileSystemId"])
        check_usable(system)
        if params.get("Ipv6Address") or params.get("IpAddressType", "IPV4_ONLY") != "IPV4_ONLY":
            raise bad("The embedded cloud gives mount targets IPv4 addresses only.")
        subnet = moto_ec2.subnet(call.region, params["SubnetId"])
        if subnet is None:
            raise failure("SubnetNotFound", f"The subnet ID '{params['SubnetId']}' does not exist")
        _check_place(region, system, subnet)
        groups = tuple(params.get("SecurityGroups") or ())
        _check_groups(call.region, subnet.vpc_id, groups)
        target = new_id("fsmt")
        made = self._attach(call, subnet, groups, params.get("IpAddress", ""), f"{system.id} ({target})")
        region.targets[target] = MountTarget(
            id=target,
            file_system=system.id,
            subnet=subnet.id,
            vpc=subnet.vpc_id,
            zone=subnet.zone,
            interface=made.id,
            address=made.private_ip,
            groups=made.groups,
            since=self._clock.now(),
        )
        return region.targets[target].describe()

    def _attach(self, call: Call, subnet: Subnet, groups: tuple[str, ...], address: str, name: str) -> Any:
        if address and IPv4Address(address) not in IPv4Network(subnet.cidr):
            raise bad(f"Address does not fall within the subnet's address range: {address}")
        if address and address in moto_ec2.network(call.region).members:
            raise failure("IpAddressInUse", f"The address {address} is in use.")
        try:
            return moto_ec2.create_eni(
                call.region, subnet.id, groups, description=f"EFS mount target for {name}", address=address
            )
        except AwsError as error:
            if error.code == "InsufficientFreeAddressesInSubnet":
                raise failure("NoFreeAddressesInSubnet", error.message) from None
            raise

    def describe_mount_targets(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeMountTargets: of a file system or an access point, or one."""
        region = self._store.region(call.region)
        named = [key for key in ("FileSystemId", "MountTargetId", "AccessPointId") if params.get(key)]
        if len(named) != 1:
            raise bad("You must specify exactly one of FileSystemId, MountTargetId and AccessPointId.")
        if named[0] == "MountTargetId":
            found = [region.target(params["MountTargetId"])]
        elif named[0] == "AccessPointId":
            found = region.targets_of(region.system(region.point(params["AccessPointId"]).file_system))
        else:
            found = region.targets_of(region.system(params["FileSystemId"]))
        shown = [each.describe() for each in found]
        some, marker = page(shown, params.get("Marker"), params.get("MaxItems") or PAGE, "BadRequest")
        return {"MountTargets": some, "Marker": params.get("Marker"), "NextMarker": marker}

    def delete_mount_target(self, call: Call, params: dict[str, Any]) -> None:
        """DeleteMountTarget; whoever has mounted through it loses the files on AWS, here until its task ends."""
        target = self._store.region(call.region).target(params["MountTargetId"])
        if target.state != DELETING:
            target.state, target.since = DELETING, self._clock.now()

    def describe_mount_target_security_groups(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeMountTargetSecurityGroups."""
        return {"SecurityGroups": list(self._changeable(call, params).groups)}

    def modify_mount_target_security_groups(self, call: Call, params: dict[str, Any]) -> None:
        """ModifyMountTargetSecurityGroups; none means the VPC's default group."""
        target = self._changeable(call, params)
        groups = tuple(params.get("SecurityGroups") or ())
        _check_groups(call.region, target.vpc, groups)
        default = moto_ec2.default_group(call.region, target.vpc)
        target.groups = groups or ((default,) if default else ())
        moto_ec2.set_eni_groups(call.region, target.interface, target.groups)

    def _changeable(self, call: Call, params: dict[str, Any]) -> MountTarget:
        target = self._store.region(call.region).target(params["MountTargetId"])
        if target.state == DELETING:
            raise failure("IncorrectMountTargetState", f"Mount target '{target.id}' is being deleted.")
        return target


def _check_place(region: Region, system: FileSystem, subnet: Subnet) -> None:
    if system.zone and system.zone != subnet.zone:
        text = f"The file system is of One Zone, {system.zone}; the subnet {subnet.id} is in {subnet.zone}."
        raise failure("AvailabilityZonesMismatch", text)
    for other in region.targets_of(system):
        if other.vpc != subnet.vpc_id:
            text = "requested subnet for new mount target is not in the same VPC as existing mount targets"
            raise failure("MountTargetConflict", text)
        if other.zone == subnet.zone:
            raise failure("MountTargetConflict", "mount target already exists in this AZ")


def _check_groups(region: str, vpc: str, groups: tuple[str, ...]) -> None:
    if len(groups) > MOST_GROUPS:
        raise failure("SecurityGroupLimitExceeded", f"A mount target has at most {MOST_GROUPS} security groups.")
    known = moto_ec2.security_groups(region)
    for group in groups:
        if group not in known or known[group].vpc_id != vpc:
            raise failure("SecurityGroupNotFound", f"The security group '{group}' does not exist in {vpc}")
