"""What a group launches: its launch template or configuration, resolved and checked.

References
----------
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-launch-template.html
"""

from collections.abc import Mapping
from typing import Any

from ..errors import AwsError
from ..instance_types import instance_types
from ..wire import moto_instances
from ..wire.moto_instances import Order, Template


def resolve(region: str, settings: Mapping[str, Any]) -> Template | None:
    """The launch template's version that a group uses now; None when it has a launch configuration.

    Raises
    ------
    AwsError
        When there is no such template or version.
    """
    reference = settings.get("LaunchTemplate")
    return moto_instances.template(region, reference) if reference else None


def order_of(data: Mapping[str, Any], subnet: str, tags: Mapping[str, str]) -> Order:
    """What to launch, by the data of a launch template or configuration."""
    interfaces = data.get("NetworkInterfaces") or [{}]
    groups = data.get("SecurityGroupIds") or data.get("SecurityGroups") or interfaces[0].get("Groups") or ()
    profile = data.get("IamInstanceProfile") or {}
    if isinstance(profile, str):
        profile = {"Arn" if profile.startswith("arn:") else "Name": profile}
    public = data.get("AssociatePublicIpAddress", interfaces[0].get("AssociatePublicIpAddress"))
    own = {
        tag["Key"]: tag["Value"]
        for specification in data.get("TagSpecifications") or ()
        if specification.get("ResourceType") == "instance"
        for tag in specification.get("Tags", ())
    }
    return Order(
        image=data.get("ImageId", ""),
        type=data.get("InstanceType", ""),
        subnet=subnet,
        groups=tuple(groups),
        user_data=str(data.get("UserData") or ""),
        profile=profile.get("Arn") or profile.get("Name") or "",
        public=public if public is None else str(public).lower() == "true",
        key=data.get("KeyName", ""),
        tags={**own, **tags},
        spot=(data.get("InstanceMarketOptions") or {}).get("MarketType") == "spot",
    )


def problem(region: str, data: Mapping[str, Any]) -> str:
    """Why nothing can be launched with this data, in EC2's words; empty when it can.

    Parameters
    ----------
    region : str
        Where.
    data : dict
        Of a launch template or configuration.
    """
    kind = data.get("InstanceType", "")
    if not data.get("ImageId"):
        return "You must use a valid fully-formed launch template. The request must contain the parameter ImageId"
    try:
        found = moto_instances.image(region, data["ImageId"])
    except AwsError as error:
        return error.message
    if not kind:
        return "The request must contain the parameter InstanceType"
    known = instance_types().get(kind)
    if known is None:
        return (
            f"Invalid value '{kind}' for InstanceType. The embedded cloud launches the types of "
            "data/instance_types.csv, for example t3.micro, t3.small and m5.large."
        )
    if known.architecture != found.architecture:
        return (
            f"The architecture '{known.architecture}' of the specified instance type does not match the architecture "
            f"'{found.architecture}' of the specified AMI. Specify an instance type and an AMI that have matching "
            "architectures, and try again."
        )
    return moto_instances.missing_profile(order_of(data, "", {}).profile)
