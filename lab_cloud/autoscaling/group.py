"""An Auto Scaling group, its instances and its activities."""

import datetime
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PENDING, IN_SERVICE, TERMINATING, WAITING = "Pending", "InService", "Terminating", "Terminating:Wait"
STANDBY = "Standby"
COUNTED = (PENDING, IN_SERVICE)
ACTIVITIES_KEPT = 500


@dataclass
class Member:
    """One instance of a group.

    Parameters
    ----------
    id, type, zone, image : str
        As EC2 describes it.
    launched : float
        Epoch seconds.
    template : dict
        The launch template's id, name and version; empty for a launch configuration.
    configuration : str
        The launch configuration's name.
    """

    id: str
    type: str
    zone: str
    image: str
    launched: float
    template: dict[str, str] = field(default_factory=dict)
    configuration: str = ""
    state: str = PENDING
    entered: float = 0.0
    healthy: bool = True
    told_unhealthy: bool = False
    protected: bool = False
    served_since: float | None = None

    def enter(self, state: str, now: float) -> None:
        """Move on to a lifecycle state."""
        self.state, self.entered = state, now
        if state == IN_SERVICE:
            self.served_since = now

    def describe(self) -> dict[str, Any]:
        """As ``Instances`` of DescribeAutoScalingGroups shows it."""
        return {
            "InstanceId": self.id,
            "InstanceType": self.type,
            "AvailabilityZone": self.zone,
            "LifecycleState": self.state,
            "HealthStatus": "Healthy" if self.healthy else "Unhealthy",
            "LaunchConfigurationName": self.configuration or None,
            "LaunchTemplate": self.template or None,
            "ImageId": self.image,
            "ProtectedFromScaleIn": self.protected,
        }


@dataclass
class Activity:
    """One scaling activity: a launch or a termination."""

    group: str
    description: str
    cause: str
    started: float
    details: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "InProgress"
    message: str = ""
    progress: int = 30
    ended: float | None = None
    instance: str = ""
    group_arn: str = ""

    def end(self, status: str, now: float, message: str = "") -> None:
        """Say how it went."""
        self.status, self.ended, self.message, self.progress = status, now, message, 100

    def describe(self) -> dict[str, Any]:
        """As DescribeScalingActivities shows it."""
        return {
            "ActivityId": self.id,
            "AutoScalingGroupName": self.group,
            "AutoScalingGroupARN": self.group_arn,
            "Description": self.description,
            "Cause": self.cause,
            "StartTime": moment(self.started),
            "EndTime": moment(self.ended),
            "StatusCode": self.status,
            "StatusMessage": self.message or None,
            "Progress": self.progress,
            "Details": self.details,
        }


@dataclass
class Group:
    """One Auto Scaling group.

    Parameters
    ----------
    name, arn, region : str
        Which one.
    settings : dict
        What CreateAutoScalingGroup and UpdateAutoScalingGroup have set, as they spell it.
    least, most, desired : int
        In instances.
    zones : tuple of str
        Its Availability Zones.
    subnets : dict
        The subnets of each zone.
    """

    name: str
    arn: str
    region: str
    settings: dict[str, Any]
    least: int
    most: int
    desired: int
    zones: tuple[str, ...]
    subnets: dict[str, list[str]]
    created: float
    tags: dict[str, tuple[str, bool]] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    activities: deque[Activity] = field(default_factory=lambda: deque(maxlen=ACTIVITIES_KEPT))
    suspended: dict[str, str] = field(default_factory=dict)
    enabled_metrics: set[str] = field(default_factory=set)
    target_groups: list[str] = field(default_factory=list)
    why: str = ""
    leaving: dict[str, str] = field(default_factory=dict)
    retry_at: float = 0.0
    failures: int = 0
    cooling_until: float = 0.0
    deleting: bool = False

    @property
    def counted(self) -> list[Member]:
        """The instances that count towards the desired capacity."""
        return [member for member in self.members.values() if member.state in COUNTED]

    def want(self, desired: int, cause: str) -> None:
        """Want another capacity.

        Parameters
        ----------
        desired : int
            In instances.
        cause : str
            What asked for it, as activities word it; the change is added.
        """
        if desired == self.desired:
            return
        self.why = f"{cause} changing the desired capacity from {self.desired} to {desired}."
        self.desired, self.retry_at, self.failures = desired, 0.0, 0

    def begin(self, description: str, cause: str, now: float, member: Member | None = None) -> Activity:
        """Note a new activity, newest first."""
        details = ""
        if member is not None:
            subnet = (self.subnets.get(member.zone) or [""])[0]
            details = f'{{"Subnet ID":"{subnet}","Availability Zone":"{member.zone}"}}'
        made = Activity(self.name, description, cause, now, details, group_arn=self.arn)
        made.instance = member.id if member is not None else ""
        self.activities.appendleft(made)
        return made

    def underway(self, instance: str) -> Activity | None:
        """The activity of an instance that has not ended."""
        return next((one for one in self.activities if one.instance == instance and one.ended is None), None)

    def describe(self) -> dict[str, Any]:
        """As DescribeAutoScalingGroups shows it."""
        settings = self.settings
        return {
            "AutoScalingGroupName": self.name,
            "AutoScalingGroupARN": self.arn,
            "LaunchConfigurationName": settings.get("LaunchConfigurationName"),
            "LaunchTemplate": settings.get("LaunchTemplate"),
            "MinSize": self.least,
            "MaxSize": self.most,
            "DesiredCapacity": self.desired,
            "DefaultCooldown": settings.get("DefaultCooldown", 300),
            "AvailabilityZones": list(self.zones),
            "LoadBalancerNames": [],
            "TargetGroupARNs": list(self.target_groups),
            "HealthCheckType": settings.get("HealthCheckType", "EC2"),
            "HealthCheckGracePeriod": settings.get("HealthCheckGracePeriod", 0),
            "Instances": [member.describe() for member in self.members.values()],
            "CreatedTime": moment(self.created),
            "SuspendedProcesses": [
                {"ProcessName": name, "SuspensionReason": why} for name, why in sorted(self.suspended.items())
            ],
            "VPCZoneIdentifier": settings.get("VPCZoneIdentifier", ""),
            "EnabledMetrics": [{"Metric": name, "Granularity": "1Minute"} for name in sorted(self.enabled_metrics)],
            "Status": "Delete in progress" if self.deleting else None,
            "Tags": describe_tags(self.name, self.tags),
            "TerminationPolicies": settings.get("TerminationPolicies") or ["Default"],
            "NewInstancesProtectedFromScaleIn": settings.get("NewInstancesProtectedFromScaleIn", False),
            "ServiceLinkedRoleARN": "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/"
            "AWSServiceRoleForAutoScaling",
            "MaxInstanceLifetime": settings.get("MaxInstanceLifetime"),
            "CapacityRebalance": settings.get("CapacityRebalance"),
            "DefaultInstanceWarmup": settings.get("DefaultInstanceWarmup"),
            "TrafficSources": [{"Identifier": arn, "Type": "elbv2"} for arn in self.target_groups],
        }


def describe_tags(group: str, tags: Mapping[str, tuple[str, bool]]) -> list[dict[str, Any]]:
    """Tags of a group as its API shows them."""
    return [
        {
            "ResourceId": group,
            "ResourceType": "auto-scaling-group",
            "Key": key,
            "Value": value,
            "PropagateAtLaunch": propagate,
        }
        for key, (value, propagate) in sorted(tags.items())
    ]


def moment(seconds: float | None) -> datetime.datetime | None:
    """A time as the API gives it."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC) if seconds is not None else None


def stamp(seconds: float) -> str:
    """A time as the causes of activities have it."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
