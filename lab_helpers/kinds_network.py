"""The things of load balancing, networks and EC2 that a lab makes."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from .inventory import Kind, Tags, Thing, Wait, batches, pages

IN_USE = {"DependencyViolation", "ResourceInUse"}
ECS_POLICIES = "ECSManagedAutoScalingPolicy-"
PATIENCE = 120.0  # real seconds in which AWS lets go of a network interface


def _tagged(elbv2: Any, tags: Tags, names: dict[str, str], kind: str) -> Iterator[Thing]:
    for arns in batches(names, 20):
        for one in elbv2.describe_tags(ResourceArns=arns)["TagDescriptions"]:
            lab = tags.lab(one["Tags"])
            if lab is not None:
                yield Thing(kind, names[one["ResourceArn"]], one["ResourceArn"], lab)


def _load_balancers(elbv2: Any, tags: Tags) -> Iterator[Thing]:
    found = pages(elbv2, "describe_load_balancers", "LoadBalancers")
    names = {one["LoadBalancerArn"]: one["LoadBalancerName"] for one in found}
    yield from _tagged(elbv2, tags, names, "load balancer")


def _delete_load_balancer(elbv2: Any, thing: Thing) -> None:
    elbv2.delete_load_balancer(LoadBalancerArn=thing.id)


def _load_balancers_gone(elbv2: Any, wait: Wait, things: Sequence[Thing]) -> None:
    for arns in batches((thing.id for thing in things), 20):
        wait(elbv2, "load_balancers_deleted", LoadBalancerArns=arns)


def _target_groups(elbv2: Any, tags: Tags) -> Iterator[Thing]:
    found = pages(elbv2, "describe_target_groups", "TargetGroups")
    names = {one["TargetGroupArn"]: one["TargetGroupName"] for one in found}
    yield from _tagged(elbv2, tags, names, "target group")


def _delete_target_group(elbv2: Any, thing: Thing) -> None:
    _until_free(lambda: elbv2.delete_target_group(TargetGroupArn=thing.id))


def _security_groups(ec2: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages(ec2, "describe_security_groups", "SecurityGroups", Filters=tags.filters()):
        yield Thing("security group", one["GroupName"], one["GroupId"], tags.lab(one["Tags"]) or 0)


def _delete_security_group(ec2: Any, thing: Thing) -> None:
    delete_group(ec2, thing.id)


def delete_group(ec2: Any, group_id: str) -> None:
    """Delete a security group, and the rules of others that let it in.

    Parameters
    ----------
    ec2 : boto3 client
        The account.
    group_id : str
        The group's id.
    """
    group = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]
    # Groups that admit each other could not be deleted one after the other.
    if group["IpPermissions"]:
        ec2.revoke_security_group_ingress(GroupId=group_id, IpPermissions=group["IpPermissions"])
    _no_longer_admitted(ec2, group_id)
    _until_free(lambda: ec2.delete_security_group(GroupId=group_id))


def _no_longer_admitted(ec2: Any, group_id: str) -> None:
    """Take away the rules of other groups that let this one in: they would hold it."""
    naming = [{"Name": "ip-permission.group-id", "Values": [group_id]}]
    for other in pages(ec2, "describe_security_groups", "SecurityGroups", Filters=naming):
        rules = [
            {**rule, "UserIdGroupPairs": pairs, "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": []}
            for rule in other["IpPermissions"]
            if (pairs := [pair for pair in rule["UserIdGroupPairs"] if pair.get("GroupId") == group_id])
        ]
        if rules:
            ec2.revoke_security_group_ingress(GroupId=other["GroupId"], IpPermissions=rules)


def _launch_templates(ec2: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages(ec2, "describe_launch_templates", "LaunchTemplates", Filters=tags.filters()):
        yield Thing("launch template", one["LaunchTemplateName"], one["LaunchTemplateId"], tags.lab(one["Tags"]) or 0)


def _delete_launch_template(ec2: Any, thing: Thing) -> None:
    ec2.delete_launch_template(LaunchTemplateId=thing.id)


def _auto_scaling_groups(autoscaling: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages(autoscaling, "describe_auto_scaling_groups", "AutoScalingGroups"):
        lab = tags.lab(one["Tags"])
        if lab is not None:
            bounds = f"{one['DesiredCapacity']} of {one['MinSize']} to {one['MaxSize']}"
            state = ", ".join([bounds, *_own_policies(autoscaling, one["AutoScalingGroupName"])])
            yield Thing("Auto Scaling group", one["AutoScalingGroupName"], one["AutoScalingGroupName"], lab, state)


def _own_policies(autoscaling: Any, group: str) -> list[str]:
    """The names of the group's scaling policies, but for those that ECS has made for managed scaling."""
    found = pages(autoscaling, "describe_policies", "ScalingPolicies", AutoScalingGroupName=group)
    names = sorted(one["PolicyName"] for one in found)
    return [name for name in names if not name.startswith(ECS_POLICIES)]


def _delete_auto_scaling_group(autoscaling: Any, thing: Thing) -> None:
    autoscaling.delete_auto_scaling_group(AutoScalingGroupName=thing.id, ForceDelete=True)


def _auto_scaling_groups_gone(autoscaling: Any, wait: Wait, things: Sequence[Thing]) -> None:
    names = [thing.id for thing in things]

    def gone() -> bool:
        return not autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=names)["AutoScalingGroups"]

    wait(gone, "the Auto Scaling groups to be gone", seconds=600)


def _until_free(delete: Any) -> None:
    """Delete what another thing may still hold for a moment."""
    from botocore.exceptions import ClientError

    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            delete()
            return
        except ClientError as error:
            if error.response["Error"]["Code"] not in IN_USE or time.monotonic() > deadline:
                raise
        time.sleep(0.2)


LOAD_BALANCERS = Kind("load balancer", "elbv2", _load_balancers, _delete_load_balancer, _load_balancers_gone)
TARGET_GROUPS = Kind("target group", "elbv2", _target_groups, _delete_target_group)
SECURITY_GROUPS = Kind("security group", "ec2", _security_groups, _delete_security_group)
LAUNCH_TEMPLATES = Kind("launch template", "ec2", _launch_templates, _delete_launch_template)
AUTO_SCALING_GROUPS = Kind(
    "Auto Scaling group", "autoscaling", _auto_scaling_groups, _delete_auto_scaling_group, _auto_scaling_groups_gone
)
