"""Operations on scaling policies.

References
----------
https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html
"""

import math
import re
import uuid
from dataclasses import replace
from typing import Any, Protocol

from ..clock import Clock
from ..cloudwatch.alarm_store import AlarmStore
from ..cloudwatch.query import queries_of
from ..errors import AwsError
from ..wire import Call
from . import steps
from .policy import CONFIGURATIONS, PREDICTIVE, STEP, Policy
from .steps import Step, StepPolicy
from .store import ScalingStore
from .targets_api import checked, chosen, cut, invalid
from .tracking import HIGH_PERIODS, LOW_PART, LOW_PERIODS, TrackingPolicy

MOST_STEPS = 20
LABEL = re.compile(r"(app/[^/]+/[^/]+)/(targetgroup/[^/]+/[^/]+)")
OF_SERVICES = {
    "ECSServiceAverageCPUUtilization": "CPUUtilization",
    "ECSServiceAverageMemoryUtilization": "MemoryUtilization",
}
REQUESTS = "ALBRequestCountPerTarget"


class Watch(Protocol):
    """CloudWatch, as far as alarms are made and deleted."""

    def put_metric_alarm(self, call: Call, params: dict[str, Any]) -> None:
        """Make an alarm."""

    def delete_alarms(self, call: Call, params: dict[str, Any]) -> None:
        """Delete alarms."""


class PolicyOperations:
    """Put, delete and describe scaling policies."""

    _clock: Clock
    _store: ScalingStore
    _alarms: AlarmStore
    _watch: Watch

    def put_scaling_policy(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Make a policy, or replace one; a target tracking policy brings its two alarms."""
        resource, dimension = checked(params)
        region = self._store.region(call.region)
        region.find(resource, dimension)
        key = (resource, dimension, params["PolicyName"])
        old = region.policies.get(key)
        kind = params.get("PolicyType") or (old.kind if old else STEP)
        if old is not None and old.kind != kind:
            raise invalid(f"The policy {old.name} is of the type {old.kind}. Delete it first to change its type.")
        given = [name for name in CONFIGURATIONS.values() if params.get(name) is not None]
        if given != [CONFIGURATIONS[kind]]:
            raise invalid(f"A policy of the type {kind} needs {CONFIGURATIONS[kind]}, and no other configuration.")
        configuration = params[CONFIGURATIONS[kind]]
        arn = old.arn if old else _arn(call, resource, params["PolicyName"])
        rule, alarms = _rule(kind, configuration, resource)
        policy = Policy(params["PolicyName"], arn, resource, dimension, kind, rule, configuration, self._clock.now())
        if old is not None:
            policy.created = old.created
        if alarms is not None:
            policy.high, policy.low = self._make_alarms(call, policy, alarms, old)
        region.policies[key] = policy
        return {"PolicyARN": arn, "Alarms": self._alarms_of(call, policy)}

    def _make_alarms(self, call: Call, policy: Policy, metric: dict[str, Any], old: Policy | None) -> tuple[str, str]:
        assert isinstance(policy.rule, TrackingPolicy)
        stem = f"TargetTracking-{policy.resource}"
        high = old.high if old is not None else f"{stem}-AlarmHigh-{uuid.uuid4()}"
        low = old.low if old is not None else f"{stem}-AlarmLow-{uuid.uuid4()}"
        common = {
            "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.arn}.",
            "AlarmActions": [policy.arn],
            **metric,
        }
        target = policy.rule.target
        above = {"Threshold": target, "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": HIGH_PERIODS}
        below = {
            "Threshold": target * LOW_PART,
            "ComparisonOperator": "LessThanThreshold",
            "EvaluationPeriods": LOW_PERIODS,
        }
        self._watch.put_metric_alarm(call, {"AlarmName": high, **common, **above})
        if policy.rule.scale_in:
            self._watch.put_metric_alarm(call, {"AlarmName": low, **common, **below})
        else:
            self._watch.delete_alarms(call, {"AlarmNames": [low]})
        return high, low

    def _alarms_of(self, call: Call, policy: Policy) -> list[dict[str, str]]:
        alarms = self._alarms.region(call.region).values()
        found = [alarm for alarm in alarms if policy.arn in alarm.settings["AlarmActions"]]
        return [{"AlarmName": alarm.name, "AlarmARN": alarm.arn} for alarm in sorted(found, key=lambda one: one.name)]

    def delete_scaling_policy(self, call: Call, params: dict[str, Any]) -> None:
        """Delete a policy, with the alarms that it brought."""
        resource, dimension = checked(params)
        name = params["PolicyName"]
        policy = self._store.region(call.region).policies.get((resource, dimension, name))
        if policy is None:
            raise AwsError(
                "ObjectNotFoundException",
                f"No scaling policy found for service namespace: ecs, resource ID: {resource}, scalable dimension: "
                f"{dimension}, policy name: {name}",
            )
        self._delete_policy(call, policy)

    def _delete_policy(self, call: Call, policy: Policy) -> None:
        if policy.high:
            self._watch.delete_alarms(call, {"AlarmNames": [policy.high, policy.low]})
        del self._store.region(call.region).policies[policy.key]

    def describe_scaling_policies(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The policies of a namespace."""
        names = params.get("PolicyNames")
        found = [
            policy
            for policy in self._store.region(call.region).policies.values()
            if chosen(params, policy.resource, policy.dimension) and (not names or policy.name in names)
        ]
        shown, token = cut(found, params, 10)
        described = [policy.describe(self._alarms_of(call, policy)) for policy in shown]
        return {"ScalingPolicies": described, "NextToken": token}

    def get_predictive_scaling_forecast(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Forecasts are not simulated."""
        raise invalid("Predictive scaling is stored but not simulated by the embedded cloud: there is no forecast.")


def _arn(call: Call, resource: str, name: str) -> str:
    where = f"arn:aws:autoscaling:{call.region}:{call.account}:scalingPolicy:{uuid.uuid4()}"
    return f"{where}:resource/ecs/{resource}:policyName/{name}"


Rule = StepPolicy | TrackingPolicy | None


def _rule(kind: str, given: dict[str, Any], resource: str) -> tuple[Rule, dict[str, Any] | None]:
    """What a policy does; for target tracking also the metric of its alarms."""
    if kind == PREDICTIVE:
        return None, None
    if kind == STEP:
        return _steps(given), None
    target = given["TargetValue"]
    if not math.isfinite(target) or target <= 0:
        raise invalid(f"TargetValue must be greater than 0, not {target:g}.")
    out, back = (float(given.get(name, 300)) for name in ("ScaleOutCooldown", "ScaleInCooldown"))
    if min(out, back) < 0:
        raise invalid("A cooldown must not be negative.")
    rule = TrackingPolicy(float(target), out, back, not given.get("DisableScaleIn", False))
    return rule, _metric(given, resource)


def _steps(given: dict[str, Any]) -> StepPolicy:
    kind = given.get("AdjustmentType")
    if kind is None:
        raise invalid("AdjustmentType is required for a step scaling policy.")
    found = [
        Step(
            one.get("MetricIntervalLowerBound", -math.inf),
            one.get("MetricIntervalUpperBound", math.inf),
            one["ScalingAdjustment"],
        )
        for one in given.get("StepAdjustments") or ()
    ]
    if len(found) > MOST_STEPS:
        raise AwsError(
            "LimitExceededException", f"A step scaling policy can have {MOST_STEPS} step adjustments at most."
        )
    wrong = steps.problem(found, kind)
    if wrong:
        raise invalid(wrong)
    magnitude = given.get("MinAdjustmentMagnitude", 0)
    if magnitude and kind != steps.PERCENT:
        raise invalid("MinAdjustmentMagnitude goes with PercentChangeInCapacity only.")
    ordered = tuple(sorted(found, key=lambda step: step.lower))
    made = StepPolicy(kind, ordered, float(given.get("Cooldown", 300)), magnitude)
    return replace(made, aggregation=given.get("MetricAggregationType") or "Average")


def _metric(given: dict[str, Any], resource: str) -> dict[str, Any]:
    predefined, custom = given.get("PredefinedMetricSpecification"), given.get("CustomizedMetricSpecification")
    if (predefined is None) == (custom is None):
        raise invalid("Give either PredefinedMetricSpecification or CustomizedMetricSpecification, and not both.")
    if predefined is not None:
        return _predefined(predefined, resource)
    assert custom is not None
    if custom.get("Metrics"):
        metrics = [_with_period(one) for one in custom["Metrics"]]
        queries_of(metrics, "ValidationException")
        if sum(one.get("ReturnData", True) for one in metrics) != 1:
            raise invalid("Exactly one element of Metrics must have ReturnData set to true.")
        return {"Metrics": metrics}
    for name in ("MetricName", "Namespace", "Statistic"):
        if not custom.get(name):
            raise invalid(f"CustomizedMetricSpecification needs {name}, unless it has Metrics.")
    return {
        "MetricName": custom["MetricName"],
        "Namespace": custom["Namespace"],
        "Dimensions": custom.get("Dimensions") or [],
        "Statistic": custom["Statistic"],
        "Period": 60,
    }


def _with_period(given: dict[str, Any]) -> dict[str, Any]:
    """A query of a policy as an alarm has it: policies leave the period out, which is a minute."""
    if "MetricStat" not in given:
        return dict(given)
    return {**given, "MetricStat": {"Period": 60, **given["MetricStat"]}}


def _predefined(given: dict[str, Any], resource: str) -> dict[str, Any]:
    kind, label = given["PredefinedMetricType"], given.get("ResourceLabel")
    _service, cluster, name = resource.split("/")
    if kind in OF_SERVICES:
        if label:
            raise invalid(f"ResourceLabel must not be given for {kind}.")
        dimensions = {"ClusterName": cluster, "ServiceName": name}
        return _of("AWS/ECS", OF_SERVICES[kind], dimensions, "Average")
    if kind != REQUESTS:
        known = ", ".join([*OF_SERVICES, REQUESTS])
        raise invalid(f"The metric {kind} is not one of an ECS service that the embedded cloud measures: {known}.")
    found = LABEL.fullmatch(label or "")
    if found is None:
        raise invalid(
            f"{kind} needs a ResourceLabel of the form "
            "app/<load-balancer-name>/<id>/targetgroup/<target-group-name>/<id>."
        )
    dimensions = {"LoadBalancer": found[1], "TargetGroup": found[2]}
    return _of("AWS/ApplicationELB", "RequestCountPerTarget", dimensions, "Sum")


def _of(namespace: str, name: str, dimensions: dict[str, str], statistic: str) -> dict[str, Any]:
    return {
        "MetricName": name,
        "Namespace": namespace,
        "Dimensions": [{"Name": key, "Value": value} for key, value in sorted(dimensions.items())],
        "Statistic": statistic,
        "Period": 60,
    }
