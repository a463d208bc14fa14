"""A service and its deployments."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from . import names
from .canary import CLEAN_UP
from .scheduler import breaker_threshold
from .service_settings import described_only
from .tags import tag_list
from .task import Network
from .task_definition import TaskDefinition

EVENTS_KEPT = 100
DEPLOYMENTS_KEPT = 20
RULE = ":listener-rule/app/"
SERVICE_ROLE = "arn:aws:iam::123456789012:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"


@dataclass
class Deployment:
    """One deployment: a task definition on its way into the service.

    The same object answers as ``deployments[]`` of DescribeServices, as a service deployment, and as the service
    revision it makes.
    """

    definition: TaskDefinition
    created_at: float
    network: Network | None
    launch_type: str
    platform_version: str
    load_balancers: tuple[dict[str, Any], ...]
    strategy: tuple[dict[str, Any], ...] = ()
    deployed: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    id: str = field(default_factory=names.deployment_id)
    tail: str = field(default_factory=names.short_id)
    revision: str = field(default_factory=lambda: names.deployment_id().rpartition("/")[2])
    desired: int = 0
    rollout: str = "IN_PROGRESS"
    reason: str = ""
    failed_tasks: int = 0
    failures_in_row: int = 0
    retry_at: float = 0.0
    updated_at: float = 0.0
    finished_at: float | None = None
    ever_completed: bool = False
    source: "Deployment | None" = None
    rolled_back_to: "Deployment | None" = None
    rolled_back_at: float | None = None
    overtaken: bool = False
    broken: bool = False
    told_nowhere: str = ""
    zones: tuple[str, ...] = ()
    alternate: bool = False  # whether its tasks are in the alternate target group
    stage: str = ""
    stage_since: float = 0.0
    percent: float = 0.0  # of the production traffic
    served: bool = False  # a task of it has been healthy
    unwatched: bool = False  # an alarm rang when it began: alarms do not count
    ringing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.updated_at = self.updated_at or self.created_at
        self.reason = self.reason or f"ECS deployment {self.id} in progress."

    @property
    def targets(self) -> list[tuple[str, str, int]]:
        """The target groups in which its tasks are registered, with the container and its port."""
        return [(self._group(each), each["containerName"], each["containerPort"]) for each in self.load_balancers]

    def _group(self, balancer: dict[str, Any]) -> str:
        if self.alternate:
            return str(balancer["advancedConfiguration"]["alternateTargetGroupArn"])
        return str(balancer["targetGroupArn"])

    @property
    def shiftable(self) -> bool:
        """Whether each of its load balancers has two target groups, and a rule by which traffic can be shifted."""
        advanced = [each.get("advancedConfiguration") or {} for each in self.load_balancers]
        return bool(advanced) and all(
            each.get("alternateTargetGroupArn") and RULE in each.get("productionListenerRule", "") for each in advanced
        )


@dataclass
class Service:
    """One service."""

    name: str
    cluster: str
    region: str
    desired: int
    created_at: float
    deployments: list[Deployment]
    configuration: dict[str, Any]
    created_with: dict[str, Any]
    settings: dict[str, Any]
    grace_seconds: int = 0
    status: str = "ACTIVE"
    tags: dict[str, str] = field(default_factory=dict)
    events: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))
    history: list[Deployment] = field(default_factory=list)
    steady: bool = False
    stopped_at: float | None = None
    rebalancing: bool = False
    managed: bool = False  # by Express Mode
    weights: dict[str, dict[str, int]] = field(default_factory=dict)  # as the rules were set last, by rule

    @property
    def arn(self) -> str:
        """Its ARN."""
        return names.arn(self.region, f"service/{self.cluster}/{self.name}")

    @property
    def primary(self) -> Deployment:
        """The deployment that is wanted now."""
        return self.deployments[0]

    @property
    def minimum_percent(self) -> int:
        """``minimumHealthyPercent``."""
        return int(self.configuration.get("minimumHealthyPercent", 100))

    @property
    def maximum_percent(self) -> int:
        """``maximumPercent``."""
        return int(self.configuration.get("maximumPercent", 200))

    @property
    def breaker_threshold(self) -> int:
        """Failures at which the circuit breaker opens; 0 when it is off."""
        breaker = self.configuration.get("deploymentCircuitBreaker", {})
        if not breaker.get("enable"):
            return 0
        configured = breaker.get("thresholdConfiguration")
        if configured:
            return breaker_threshold(self.desired, configured["type"], int(configured["value"]))
        return breaker_threshold(self.desired)

    @property
    def canary(self) -> bool:
        """Whether its deployments shift traffic little by little."""
        return self.configuration.get("strategy") == "CANARY" and self.primary.shiftable

    @property
    def shifting_from(self) -> Deployment | None:
        """The deployment whose traffic is being shifted to the primary one; None when it is not."""
        primary, before = self.primary, self.last_good(besides=self.primary)
        moving = primary.rollout != "COMPLETED" and not primary.ever_completed and primary.stage != CLEAN_UP
        return before if moving and self.canary and before is not None and before.shiftable else None

    def task_tags(self, deployment: Deployment) -> dict[str, str]:
        """The tags of a deployment's tasks, by what is to be propagated."""
        found = {"SERVICE": self.tags, "TASK_DEFINITION": deployment.definition.tags}
        tags = dict(found.get(str(self.settings["propagateTags"]), {}))
        if self.settings["enableECSManagedTags"]:
            tags |= {"aws:ecs:clusterName": self.cluster, "aws:ecs:serviceName": self.name}
        return tags

    def tell(self, message: str, now: float, about: str = "") -> None:
        """Add a service event, newest first."""
        text = f"(service {self.name}{about}) {message}"
        event = {"id": names.hex_id(), "createdAt": names.moment(now), "message": text}
        self.events.appendleft(event)

    def deploy(self, deployment: Deployment) -> None:
        """Put a new deployment first; those before it step back."""
        if self.deployments:
            before = self.last_good()
            deployment.source = self.last_completed() or self.deployments[0]
            if self.configuration.get("strategy") == "CANARY" and deployment.shiftable:
                deployment.source = before or deployment.source
                moves = before is not None and before.shiftable
                deployment.alternate = moves != deployment.source.alternate
            for older in self.deployments:
                older.overtaken = older.overtaken or older.rollout == "IN_PROGRESS"
        self.deployments.insert(0, deployment)
        self.history.insert(0, deployment)
        del self.history[DEPLOYMENTS_KEPT:]
        self.steady = self.rebalancing = False
        only = described_only(self.configuration, deployment.deployed, shifts=self.canary)
        if only:
            deployment.note = f"Kept and shown, but not simulated: {'; '.join(only)}."
            self.tell(f"(deployment {deployment.id}) {deployment.note}", deployment.created_at)

    def roll_back(self, failed: Deployment, target: Deployment, reason: str, now: float) -> None:
        """Return from a deployment to one that was completed before."""
        failed.rolled_back_to, failed.rolled_back_at = target, now
        if target in self.deployments:
            self.deployments.remove(target)
        self.deployments.insert(0, target)
        target.rollout, target.overtaken = "IN_PROGRESS", False
        target.failures_in_row, target.retry_at = 0, 0.0
        target.reason = f"{reason}: rolling back to deploymentId {target.id}."
        target.updated_at, target.desired = now, self.desired
        self.steady = False
        self.tell(f"rolling back to deployment {target.id}.", now)

    def last_completed(self) -> Deployment | None:
        """The newest deployment that was completed once; where a roll-back goes."""
        return next((each for each in self.history if each.ever_completed), None)

    def last_good(self, besides: Deployment | None = None) -> Deployment | None:
        """The last completed deployment; before there is one, the first of which a task has been healthy."""
        served = (each for each in reversed(self.history) if each.served and each is not besides)
        return self.last_completed() or next(served, None)

    def counts(self, tasks: list[Any]) -> tuple[int, int]:
        """How many of these tasks run, and how many are on their way."""
        running = sum(task.status == "RUNNING" and task.desired == "RUNNING" for task in tasks)
        pending = sum(
            task.status in ("PROVISIONING", "PENDING", "ACTIVATING") and task.desired == "RUNNING" for task in tasks
        )
        return running, pending

    def describe(self, tasks: list[Any], *, with_tags: bool = False) -> dict[str, Any]:
        """As DescribeServices shows it.

        Parameters
        ----------
        tasks : list of Task
            The service's own tasks.
        with_tags : bool
            Whether the caller asked for tags.
        """
        running, pending = self.counts(tasks)
        primary = self.primary
        return {
            "serviceArn": self.arn,
            "serviceName": self.name,
            "clusterArn": names.arn(self.region, f"cluster/{self.cluster}"),
            "status": self.status,
            "desiredCount": self.desired,
            "runningCount": running,
            "pendingCount": pending,
            "launchType": None if primary.strategy else primary.launch_type,
            "capacityProviderStrategy": list(primary.strategy) or None,
            "platformVersion": primary.platform_version if primary.launch_type == "FARGATE" else None,
            "platformFamily": "Linux" if primary.launch_type == "FARGATE" else None,
            "taskDefinition": primary.definition.arn,
            "loadBalancers": list(primary.load_balancers),
            "serviceRegistries": primary.deployed.get("serviceRegistries", []),
            "deploymentConfiguration": self.configuration,
            "deployments": [self.describe_deployment(each, tasks) for each in self.deployments],
            "currentServiceDeployment": self.deployment_arn(primary) if primary.rollout == "IN_PROGRESS" else None,
            "currentServiceRevisions": self._current_revisions(tasks),
            "roleArn": self.created_with.get("role") or SERVICE_ROLE,
            "events": list(self.events),
            "createdAt": names.moment(self.created_at),
            "createdBy": "arn:aws:iam::123456789012:root",
            "networkConfiguration": primary.network.describe() if primary.network else None,
            "healthCheckGracePeriodSeconds": self.grace_seconds,
            "resourceManagementType": "ECS" if self.managed else "CUSTOMER",
            "tags": tag_list(self.tags) if with_tags else None,
            **self.settings,
        }

    def describe_deployment(self, deployment: Deployment, tasks: list[Any]) -> dict[str, Any]:
        """One entry of ``deployments``."""
        running, pending = self.counts([task for task in tasks if task.deployment == deployment.id])
        primary = deployment is self.primary
        return {
            "id": deployment.id,
            "status": "PRIMARY" if primary else "ACTIVE",
            "taskDefinition": deployment.definition.arn,
            "desiredCount": self.desired if primary else running + pending,
            "pendingCount": pending,
            "runningCount": running,
            "failedTasks": deployment.failed_tasks,
            "createdAt": names.moment(deployment.created_at),
            "updatedAt": names.moment(deployment.updated_at),
            "launchType": None if deployment.strategy else deployment.launch_type,
            "capacityProviderStrategy": list(deployment.strategy) or None,
            "platformVersion": deployment.platform_version if deployment.launch_type == "FARGATE" else None,
            "platformFamily": "Linux" if deployment.launch_type == "FARGATE" else None,
            "networkConfiguration": deployment.network.describe() if deployment.network else None,
            "rolloutState": deployment.rollout,
            "rolloutStateReason": f"{deployment.reason} {deployment.note}".strip(),
            "serviceConnectConfiguration": deployment.deployed.get("serviceConnectConfiguration"),
            "vpcLatticeConfigurations": deployment.deployed.get("vpcLatticeConfigurations"),
            "volumeConfigurations": deployment.deployed.get("volumeConfigurations"),
        }

    def deployment_arn(self, deployment: Deployment) -> str:
        """The ARN of the service deployment."""
        return names.arn(self.region, f"service-deployment/{self.cluster}/{self.name}/{deployment.tail}")

    def revision_arn(self, deployment: Deployment) -> str:
        """The ARN of the service revision that a deployment made."""
        return names.arn(self.region, f"service-revision/{self.cluster}/{self.name}/{deployment.revision}")

    def _current_revisions(self, tasks: list[Any]) -> list[dict[str, Any]]:
        return [self.revision_summary(each, tasks) for each in self.deployments]

    def revision_summary(self, deployment: Deployment, tasks: list[Any]) -> dict[str, Any]:
        """A revision with its counts."""
        running, pending = self.counts([task for task in tasks if task.deployment == deployment.id])
        shifting_from = self.shifting_from
        wanted = self.desired if deployment in (self.primary, shifting_from) else 0
        share = None
        if self.canary:
            share = self.primary.percent if shifting_from is not None else 100.0
            share = share if deployment is self.primary else 100.0 - share if deployment is shifting_from else 0.0
        return {
            "arn": self.revision_arn(deployment),
            "requestedTaskCount": wanted,
            "runningTaskCount": running,
            "pendingTaskCount": pending,
            "requestedProductionTrafficWeight": share,
        }
