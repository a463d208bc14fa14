"""Instances for tests: what lab 02 makes, and a group of any size."""

import base64
import json
from contextlib import suppress
from typing import Any

from tests.stage import Place, RunningCloud
from tests.waiting import until

RECOMMENDED = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
MANAGED = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"


def ecs_image(cloud: RunningCloud) -> str:
    """The ECS-optimized image that AWS recommends."""
    return str(cloud.client("ssm").get_parameter(Name=RECOMMENDED)["Parameter"]["Value"])


def instance_profile(cloud: RunningCloud, name: str = "ecsInstanceRole", policy: str = MANAGED) -> str:
    """The name of an instance profile with a role; without a policy the role may do nothing."""
    iam = cloud.client("iam")
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.create_instance_profile(InstanceProfileName=name)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
        if policy:
            iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    return name


class Fleet:
    """A launch template and an Auto Scaling group, in the cluster of a place."""

    def __init__(self, place: Place, kind: str = "t3.micro", cluster: str = "", **data: Any) -> None:
        self.place, self.cloud = place, place.cloud
        self.scaling, self.ecs = place.cloud.client("autoscaling"), place.ecs
        self.cluster, self.name = cluster or place.name, place.cloud.name("fleet")
        script = f"#!/bin/bash\necho ECS_CLUSTER={self.cluster} >> /etc/ecs/ecs.config\n"
        self.data = {
            "ImageId": ecs_image(place.cloud),
            "InstanceType": kind,
            "IamInstanceProfile": {"Name": instance_profile(place.cloud)},
            "SecurityGroupIds": [place.group],
            "UserData": base64.b64encode(script.encode()).decode(),
            **data,
        }
        place.ec2.create_launch_template(LaunchTemplateName=self.name, LaunchTemplateData=self.data)

    def create(self, desired: int = 0, most: int = 5, **settings: Any) -> None:
        """Make the group."""
        self.scaling.create_auto_scaling_group(
            **{
                "AutoScalingGroupName": self.name,
                "MinSize": 0,
                "MaxSize": most,
                "DesiredCapacity": desired,
                "LaunchTemplate": {"LaunchTemplateName": self.name, "Version": "$Latest"},
                "VPCZoneIdentifier": ",".join(self.place.subnets),
                **settings,
            }
        )

    def want(self, desired: int) -> None:
        """Set the desired capacity."""
        self.scaling.set_desired_capacity(AutoScalingGroupName=self.name, DesiredCapacity=desired)

    def delete(self) -> None:
        """Delete the group with its instances, and wait until it has gone."""
        self.scaling.delete_auto_scaling_group(AutoScalingGroupName=self.name, ForceDelete=True)
        assert until(lambda: not self.found())

    def found(self) -> list[dict[str, Any]]:
        """The group, in a list; empty when it has gone."""
        answer = self.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])
        return list(answer["AutoScalingGroups"])

    def group(self) -> dict[str, Any]:
        """The group as it is described."""
        return self.found()[0]

    def members(self, state: str = "InService") -> list[str]:
        """Ids of the instances in a state."""
        return [one["InstanceId"] for one in self.group()["Instances"] if one["LifecycleState"] == state]

    def until_serving(self, count: int, seconds: float = 20) -> list[str]:
        """Wait until exactly so many instances are there and in service; their ids."""

        def there() -> list[str] | None:
            serving = self.members()
            return serving if len(serving) == count == len(self.group()["Instances"]) else None

        found = until(there, seconds)
        assert found is not None, self.group()
        return found

    def activities(self) -> list[dict[str, Any]]:
        """Its scaling activities, newest first."""
        return list(self.scaling.describe_scaling_activities(AutoScalingGroupName=self.name)["Activities"])

    def joined(self) -> list[dict[str, Any]]:
        """The container instances of the cluster that are active, with their tasks."""
        arns = self.ecs.list_container_instances(cluster=self.cluster)["containerInstanceArns"]
        if not arns:
            return []
        answer = self.ecs.describe_container_instances(cluster=self.cluster, containerInstances=arns)
        return list(answer["containerInstances"])

    def until_joined(self, count: int, seconds: float = 20) -> list[dict[str, Any]]:
        """Wait until exactly so many instances are part of the cluster."""

        def there() -> list[dict[str, Any]] | None:
            known = self.joined()
            return known if len(known) == count else None

        found = until(there, seconds)
        assert found is not None
        return found
