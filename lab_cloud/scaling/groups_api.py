"""Auto Scaling operations that moto answers too kindly; moto answers the others.

Follows https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html and its neighbours.
"""

from typing import Any

from ..errors import AwsError
from ..wire import FORWARD, Answer, Call, moto_autoscaling
from ..wire.moto_autoscaling import Group


class GroupsApi:
    """The overrides, one method an operation; each refuses what AWS refuses and leaves the rest to moto."""

    def create_auto_scaling_group(self, call: Call, params: dict[str, Any]) -> Answer:
        """Refuse a name that is taken, and sizes that contradict each other."""
        name = params["AutoScalingGroupName"]
        if moto_autoscaling.group(call.region, name) is not None:
            text = f"AutoScalingGroup by this name already exists - A group with the name {name} already exists"
            raise AwsError("AlreadyExists", text)
        check_sizes(params["MinSize"], params["MaxSize"], params.get("DesiredCapacity"))
        return FORWARD

    def update_auto_scaling_group(self, call: Call, params: dict[str, Any]) -> Answer:
        """Refuse sizes that contradict each other, counting those that stay; a desired number outside moves in."""
        found = _group(call, params)
        least, most = params.get("MinSize", found.min_size), params.get("MaxSize", found.max_size)
        check_sizes(least, most, params.get("DesiredCapacity"))
        return FORWARD

    def set_desired_capacity(self, call: Call, params: dict[str, Any]) -> Answer:
        """Refuse a number outside the bounds."""
        found, wanted = _group(call, params), params["DesiredCapacity"]
        side = "above max" if wanted > found.max_size else "below min" if wanted < found.min_size else ""
        if side:
            bound = found.max_size if side == "above max" else found.min_size
            text = f"New SetDesiredCapacity value {wanted} is {side} value {bound} for the AutoScalingGroup."
            raise AwsError("ValidationError", text)
        return FORWARD

    def delete_auto_scaling_group(self, call: Call, params: dict[str, Any]) -> Answer:
        """Refuse while there are instances, unless it is forced."""
        found = moto_autoscaling.group(call.region, params["AutoScalingGroupName"])
        if found is not None and found.instances and not params.get("ForceDelete"):
            raise AwsError(
                "ResourceInUse",
                "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) "
                "still in the group.",
            )
        return FORWARD


def check_sizes(least: int, most: int, desired: int | None) -> None:
    """Whether the three numbers of a group go together.

    Parameters
    ----------
    least, most : int
        The bounds, in instances.
    desired : int or None
        How many are wanted; None when the call does not say.

    Raises
    ------
    AwsError
        ``ValidationError``.
    """
    if least > most:
        raise AwsError("ValidationError", f"Max bound, {most}, must be greater than or equal to min bound, {least}")
    if desired is not None and not least <= desired <= most:
        text = f"Desired capacity:{desired} must be between the specified min size:{least} and max size:{most}"
        raise AwsError("ValidationError", text)


def _group(call: Call, params: dict[str, Any]) -> Group:
    found = moto_autoscaling.group(call.region, params["AutoScalingGroupName"])
    if found is None:
        raise AwsError("ValidationError", "AutoScalingGroup name not found - null")
    return found
