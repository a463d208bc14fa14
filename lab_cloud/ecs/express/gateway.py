"""An Express service: what it was asked to be, and what was made for it."""

import datetime
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...wire import ACCOUNT
from .. import names

MANAGED = {"AmazonECSManaged": "true"}
"""The tag of everything that Express Mode makes."""
METRICS = {
    # the metric of Application Auto Scaling: that of Express Mode
    "AVERAGE_CPU": "ECSServiceAverageCPUUtilization",
    "AVERAGE_MEMORY": "ECSServiceAverageMemoryUtilization",
    "REQUEST_COUNT_PER_TARGET": "ALBRequestCountPerTarget",
}


@dataclass(frozen=True)
class Configuration:
    """What one service revision was asked to be.

    Parameters
    ----------
    definition : str
        The ARN of its task definition.
    own : bool
        Whether the caller brought the task definition.
    shown : dict
        ``cpu``, ``memory``, ``executionRoleArn`` and the like, as the API shows them.
    container : dict
        ``primaryContainer``; empty when the task definition is the caller's.
    port : int
        The port of the container Main.
    subnets, groups : tuple of str
        Where its tasks are; `groups` are the caller's, beside the one that is made.
    path : str
        ``healthCheckPath``.
    scaling : dict
        ``scalingTarget``.
    """

    definition: str
    own: bool
    shown: Mapping[str, Any]
    container: Mapping[str, Any]
    port: int
    subnets: tuple[str, ...]
    groups: tuple[str, ...]
    path: str
    scaling: Mapping[str, Any]


@dataclass
class Made:
    """What was made for a service, by ARN or id; `updated` is when each of it changed last, in epoch seconds."""

    balancer: str = ""
    balancer_group: str = ""
    listener: str = ""
    certificate: str = ""
    rule: str = ""
    target_groups: tuple[str, str] = ("", "")
    service_group: str = ""
    log_group: str = ""
    alarm: str = ""
    target: str = ""
    policy: str = ""
    policy_name: str = ""
    policy_group: str = ""  # the target group whose requests the policy counts
    updated: float = 0.0


def host_of(region: str, cluster: str, name: str) -> str:
    """The name under which a service is reached; always the same, so that its port on this machine stays the same."""
    digest = hashlib.sha256(f"{region}/{cluster}/{name}".encode()).hexdigest()[:32]
    prefix = "".join(letter for letter in name.lower() if letter.isalnum())[:2] or "ex"
    return f"{prefix}-{digest}.ecs.{region}.on.aws"


@dataclass
class Gateway:
    """One Express service.

    Parameters
    ----------
    cluster, name, region : str
        Which service of ECS it is.
    role : str
        The ARN of its infrastructure role.
    vpc : str
        Where it is.
    public : bool
        Whether clients on the internet reach it.
    """

    cluster: str
    name: str
    region: str
    role: str
    vpc: str
    public: bool
    created_at: float
    updated_at: float
    configuration: Configuration
    made: Made = field(default_factory=Made)
    by_revision: dict[str, Configuration] = field(default_factory=dict)
    gone: bool = False

    @property
    def host(self) -> str:
        """The name under which it is reached."""
        return host_of(self.region, self.cluster, self.name)

    @property
    def endpoint(self) -> str:
        """The URL on AWS."""
        return f"https://{self.host}"

    @property
    def access(self) -> str:
        """``PUBLIC`` or ``PRIVATE``."""
        return "PUBLIC" if self.public else "PRIVATE"

    @property
    def scheme(self) -> str:
        """The load balancer's."""
        return "internet-facing" if self.public else "internal"

    @property
    def alarm_name(self) -> str:
        """The alarm that rolls deployments back."""
        return f"{self.cluster}/{self.name}/RollbackAlarm"

    @property
    def resource(self) -> str:
        """The service, as Application Auto Scaling names it."""
        return f"service/{self.cluster}/{self.name}"

    def describe_revision(self, arn: str, configuration: Configuration, created: float) -> dict[str, Any]:
        """As ``activeConfigurations`` and ``targetConfiguration`` show it."""
        return {
            "serviceRevisionArn": arn,
            **configuration.shown,
            "taskDefinitionArn": configuration.definition,
            "networkConfiguration": {
                "securityGroups": [*configuration.groups, self.made.service_group],
                "subnets": list(configuration.subnets),
            },
            "healthCheckPath": configuration.path,
            "primaryContainer": dict(configuration.container) or None,
            "scalingTarget": dict(configuration.scaling),
            "ingressPaths": [{"accessType": self.access, "endpoint": self.endpoint}],
            "createdAt": names.moment(created),
        }

    def describe_resources(self, configuration: Configuration, *, active: bool) -> dict[str, Any]:
        """``ecsManagedResources`` of a service revision: all that was made, with where to find it."""
        made, status = self.made, "ACTIVE" if active else "DELETED"

        def each(arn: str, **more: Any) -> dict[str, Any]:
            return {"arn": arn, "status": status, "updatedAt": _moment(made.updated), **more}

        def group(identity: str) -> str:
            return f"arn:aws:ec2:{self.region}:{ACCOUNT}:security-group/{identity}"

        checked = {
            "healthCheckPath": configuration.path, "healthCheckPort": configuration.port, "port": configuration.port,
        }  # fmt: skip
        scaling = configuration.scaling
        return {
            "ingressPaths": [
                {
                    "accessType": self.access,
                    "endpoint": self.endpoint,
                    "loadBalancer": each(
                        made.balancer,
                        scheme=self.scheme,
                        subnetIds=list(configuration.subnets),
                        securityGroupIds=[made.balancer_group],
                    ),
                    "loadBalancerSecurityGroups": [each(group(made.balancer_group))],
                    "certificate": each(made.certificate, domainName=self.host),
                    "listener": each(made.listener),
                    "rule": each(made.rule),
                    "targetGroups": [each(arn, **checked) for arn in made.target_groups],
                }
            ],
            "autoScaling": {
                "scalableTarget": each(
                    made.target, minCapacity=scaling["minTaskCount"], maxCapacity=scaling["maxTaskCount"]
                ),
                "applicationAutoScalingPolicies": [
                    each(
                        made.policy,
                        policyType="TargetTrackingScaling",
                        targetValue=float(scaling["autoScalingTargetValue"]),
                        metric=METRICS[scaling["autoScalingMetric"]],
                    )
                ],
            },
            "metricAlarms": [each(made.alarm)],
            "serviceSecurityGroups": [each(group(made.service_group))],
            "logGroups": [
                each(
                    f"arn:aws:logs:{self.region}:{ACCOUNT}:log-group:{made.log_group}",
                    logGroupName=made.log_group,
                )
            ]
            if made.log_group
            else [],
        }


def _moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(round(seconds, 3), datetime.UTC)
