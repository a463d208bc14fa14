"""Operations on service deployments and service revisions: the history of a service."""

from typing import Any

from ..clock import Clock
from ..errors import AwsError
from ..wire import Call
from . import names
from .express.api import Express
from .paging import page
from .service import Deployment, Service
from .service_settings import DEFAULT_CONFIGURATION
from .store import Region, Store

MOST_DESCRIBED = 20


class DeploymentOperations:
    """Describe and list service deployments, and describe service revisions."""

    _store: Store
    _clock: Clock
    _express: Express

    def list_service_deployments(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListServiceDeployments, newest first."""
        region = self._store.region(call.region)
        cluster = region.find_cluster(params.get("cluster") or _cluster_in(params["service"]))
        service = region.find_service(cluster, params["service"])
        wanted = params.get("status", ())
        found = [
            _brief(service, each)
            for each in service.history
            if (not wanted or status_of(service, each) in wanted) and _within(each, params.get("createdAt", {}))
        ]
        briefs, token = page(found, params, default=20)
        return {"serviceDeployments": briefs, "nextToken": token}

    def describe_service_deployments(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeServiceDeployments."""
        region = self._store.region(call.region)
        found, failures = [], []
        for arn in _at_most_20(params["serviceDeploymentArns"]):
            known = region.find_deployment(arn)
            if known is None:
                failures.append({"arn": arn, "reason": "MISSING"})
            else:
                found.append(_describe(region, *known))
        return {"serviceDeployments": found, "failures": failures}

    def describe_service_revisions(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeServiceRevisions."""
        region = self._store.region(call.region)
        known = {
            service.revision_arn(each): (service, each)
            for service in region.services.values()
            for each in service.history
        }
        found, failures = [], []
        for arn in _at_most_20(params["serviceRevisionArns"]):
            if arn in known:
                service, deployment = known[arn]
                managed = self._express.resources(region, service, deployment)
                found.append({**_describe_revision(service, deployment), "ecsManagedResources": managed})
            else:
                failures.append({"arn": arn, "reason": "MISSING"})
        return {"serviceRevisions": found, "failures": failures}

    def stop_service_deployment(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """StopServiceDeployment: roll back to the revision before, whether or not the circuit breaker may."""
        region = self._store.region(call.region)
        arn = params["serviceDeploymentArn"]
        known = region.find_deployment(arn)
        if known is None:
            raise AwsError("ServiceDeploymentNotFoundException", "The service deployment was not found.")
        service, deployment = known
        if params.get("stopType", "ROLLBACK") != "ROLLBACK":
            raise AwsError("InvalidParameterException", "The stop type must be ROLLBACK.")
        if deployment is not service.primary or deployment.rollout != "IN_PROGRESS" or service.status != "ACTIVE":
            raise AwsError(
                "ConflictException",
                f"The service deployment is {status_of(service, deployment)}; only one that is IN_PROGRESS can be "
                "stopped.",
            )
        target = service.last_completed()
        if target is None or target is deployment:
            raise AwsError(
                "ConflictException",
                "The service has no earlier revision that was completed, so there is nothing to roll back to.",
            )
        now = self._clock.now()
        deployment.rollout, deployment.updated_at, deployment.finished_at = "FAILED", now, now
        deployment.reason = "ECS deployment was stopped by StopServiceDeployment."
        service.tell(f"(deployment {deployment.id}) deployment was stopped.", now)
        service.roll_back(deployment, target, "ECS deployment stopped", now)
        return {"serviceDeploymentArn": arn}


def status_of(service: Service, deployment: Deployment) -> str:
    """The status of a service deployment, from its rollout."""
    if deployment.rolled_back_to is not None:
        done = deployment.rolled_back_to.rollout == "COMPLETED" or deployment.rolled_back_to.overtaken
        return "ROLLBACK_SUCCESSFUL" if done else "ROLLBACK_IN_PROGRESS"
    if deployment.rollout == "COMPLETED" or deployment.ever_completed:
        return "SUCCESSFUL"
    if deployment.overtaken or deployment.rollout == "FAILED" or service.status != "ACTIVE":
        return "STOPPED"
    return "IN_PROGRESS"


def _at_most_20(arns: list[str]) -> list[str]:
    if not 1 <= len(arns) <= MOST_DESCRIBED:
        raise AwsError("InvalidParameterException", f"Name 1 to {MOST_DESCRIBED} ARNs.")
    return arns


def _within(deployment: Deployment, span: dict[str, Any]) -> bool:
    after, before = (names.epoch_of(span.get(key)) for key in ("after", "before"))
    late_enough = after is None or deployment.created_at > after
    return late_enough and (before is None or deployment.created_at < before)


def _cluster_in(reference: str) -> str | None:
    parts = reference.split("/")
    return parts[1] if reference.startswith("arn:") and len(parts) == 3 else None


def _brief(service: Service, deployment: Deployment) -> dict[str, Any]:
    return {
        "serviceDeploymentArn": service.deployment_arn(deployment),
        "serviceArn": service.arn,
        "clusterArn": names.arn(service.region, f"cluster/{service.cluster}"),
        "createdAt": names.moment(deployment.created_at),
        "startedAt": names.moment(deployment.created_at),
        "finishedAt": names.moment(deployment.finished_at),
        "targetServiceRevisionArn": service.revision_arn(deployment),
        "status": status_of(service, deployment),
        "statusReason": _reason(deployment),
    }


def _reason(deployment: Deployment) -> str | None:
    reason = deployment.reason if deployment.rollout == "FAILED" else ""
    return f"{reason} {deployment.note}".strip() or None


def _describe(region: Region, service: Service, deployment: Deployment) -> dict[str, Any]:
    tasks = region.tasks_of(service)
    breaker = service.configuration.get("deploymentCircuitBreaker", DEFAULT_CONFIGURATION["deploymentCircuitBreaker"])
    source = [service.revision_summary(deployment.source, tasks)] if deployment.source else []
    shown = _brief(service, deployment)
    del shown["targetServiceRevisionArn"]
    rollback = None
    if deployment.rolled_back_to is not None:
        rollback = {
            "reason": deployment.reason,
            "startedAt": names.moment(deployment.rolled_back_at),
            "serviceRevisionArn": service.revision_arn(deployment.rolled_back_to),
        }
    triggered = deployment.broken
    monitoring = "MONITORING" if deployment.rollout == "IN_PROGRESS" else "MONITORING_COMPLETE"
    state = "DISABLED" if not breaker["enable"] else "TRIGGERED" if triggered else monitoring
    alarms = service.configuration.get("alarms") or {}
    watched = bool(alarms.get("enable")) and service.canary and not deployment.unwatched
    return {
        **shown,
        "updatedAt": names.moment(deployment.updated_at),
        "sourceServiceRevisions": source,
        "targetServiceRevision": service.revision_summary(deployment, tasks),
        "deploymentConfiguration": service.configuration,
        "rollback": rollback,
        "deploymentCircuitBreaker": {
            "status": state,
            "failureCount": deployment.failures_in_row,
            "threshold": service.breaker_threshold,
        },
        "lifecycleStage": deployment.stage or None,
        "alarms": {
            "status": ("TRIGGERED" if deployment.ringing else monitoring) if watched else "DISABLED",
            "alarmNames": alarms.get("alarmNames"),
            "triggeredAlarmNames": list(deployment.ringing) or None,
        },
    }


def _describe_revision(service: Service, deployment: Deployment) -> dict[str, Any]:
    return {
        "serviceRevisionArn": service.revision_arn(deployment),
        "serviceArn": service.arn,
        "clusterArn": names.arn(service.region, f"cluster/{service.cluster}"),
        "taskDefinition": deployment.definition.arn,
        "launchType": None if deployment.strategy else deployment.launch_type,
        "capacityProviderStrategy": list(deployment.strategy) or None,
        "platformVersion": deployment.platform_version if deployment.launch_type == "FARGATE" else None,
        "platformFamily": "Linux" if deployment.launch_type == "FARGATE" else None,
        "loadBalancers": list(deployment.load_balancers),
        "networkConfiguration": deployment.network.describe() if deployment.network else None,
        **deployment.deployed,
        "containerImages": [
            {"containerName": each["name"], "image": each["image"]} for each in deployment.definition.containers
        ],
        "guardDutyEnabled": False,
        "createdAt": names.moment(deployment.created_at),
    }
