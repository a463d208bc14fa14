"""Reads how a service scales through the AWS APIs: targets, policies, alarms, activities, and what was measured."""

import re
import time
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from lab_helpers.views.scaling_state import Count, Happening, Metric, Scaled, Watch, number

WINDOW = 45.0  # AWS minutes that the picture shows
SLOW = 1.0  # real seconds: policies and bounds change seldom, so they are read seldom
HAPPENINGS_SHOWN = 6
WORDS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": "≥",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "≤",
}
TRACKING = re.compile(r"TargetTracking-\S+-Alarm(High|Low)-\S+")


class ScalingObserver:
    """Reads one service again and again.

    Parameters
    ----------
    clients : mapping of str to client
        boto3 clients of ``ecs``, ``application-autoscaling`` and ``cloudwatch``.
    cluster, service : str
        Their names.
    speed : float
        AWS minutes in a real one.

    Attributes
    ----------
    pace
        Seconds between two reads that suit this cloud.
    """

    def __init__(self, clients: Mapping[str, Any], cluster: str, service: str, speed: float) -> None:
        self.cluster, self.service = cluster, service
        self._ecs, self._watch = clients["ecs"], clients["cloudwatch"]
        self._scaling = clients["application-autoscaling"]
        self._minute = 60.0 / speed
        # A real account counts calls, and its metrics move once a minute.
        self.pace = 15.0 if "amazonaws.com" in self._ecs.meta.endpoint_url else 0.4
        self._counts: deque[Count] = deque()
        self._slow: tuple[float, tuple[Any, list[Any]]] = (0.0, (None, []))

    def read(self) -> Scaled:
        """The service as it is now.

        Raises
        ------
        botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError
            When the cloud does not answer, or refuses. A service that does not exist is no error: it is MISSING.
        """
        found = self._described()
        now = time.time()
        if found is None:
            problem = "There is no service of this name in the cluster."
            return Scaled(self.service, self.cluster, "MISSING", now, self._minute, problem=problem)
        desired, running = found["desiredCount"], found["runningCount"]
        self._count(now, desired, running)
        target, policies = self._rules(now)
        alarms = self._alarms(policies)
        return Scaled(
            service=self.service,
            cluster=self.cluster,
            status=found["status"],
            at=now,
            minute=self._minute,
            desired=desired,
            running=running,
            least=target["MinCapacity"] if target else None,
            most=target["MaxCapacity"] if target else None,
            counts=tuple(self._counts),
            metrics=tuple(self._metrics(policies, alarms, now)),
            watches=tuple(_watch(alarm, policy) for policy, alarm in alarms),
            happenings=self._happenings() if target or policies else (),
            instances=self._instances(),
        )

    def _described(self) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError

        try:
            services = self._ecs.describe_services(cluster=self.cluster, services=[self.service])["services"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ClusterNotFoundException":
                return None
            raise
        return next((one for one in services if one["status"] != "INACTIVE"), None)

    def _count(self, now: float, desired: int, running: int) -> None:
        # A step is drawn from the moment at which it was seen: equal neighbours between two others say nothing more.
        if len(self._counts) > 1 and self._same(-1, desired, running) and self._same(-2, desired, running):
            self._counts.pop()
        self._counts.append(Count(now, desired, running))
        while len(self._counts) > 2 and self._counts[1].at < now - WINDOW * self._minute:
            self._counts.popleft()

    def _same(self, place: int, desired: int, running: int) -> bool:
        return (self._counts[place].desired, self._counts[place].running) == (desired, running)

    @property
    def _resource(self) -> dict[str, str]:
        return {"ServiceNamespace": "ecs", "ResourceId": f"service/{self.cluster}/{self.service}"}

    def _rules(self, now: float) -> tuple[Any, list[Any]]:
        """The scalable target and its policies."""
        if now - self._slow[0] > SLOW:
            where = {"ServiceNamespace": "ecs", "ResourceIds": [self._resource["ResourceId"]]}
            targets = self._scaling.describe_scalable_targets(**where)["ScalableTargets"]
            policies = self._scaling.describe_scaling_policies(**self._resource)["ScalingPolicies"]
            self._slow = now, (targets[0] if targets else None, policies)
        return self._slow[1]

    def _alarms(self, policies: list[Any]) -> list[tuple[str, dict[str, Any]]]:
        """Pairs of a policy's name and one of its alarms; the alarm that goes off at a high value first."""
        owners = {alarm["AlarmName"]: policy["PolicyName"] for policy in policies for alarm in policy.get("Alarms", [])}
        if not owners:
            return []
        found = self._watch.describe_alarms(AlarmNames=sorted(owners))["MetricAlarms"]
        order = [policy["PolicyName"] for policy in policies]
        found.sort(key=lambda one: (order.index(owners[one["AlarmName"]]), "Less" in one["ComparisonOperator"]))
        return [(owners[one["AlarmName"]], one) for one in found]

    def _metrics(self, policies: list[Any], alarms: list[tuple[str, dict[str, Any]]], now: float) -> Iterator[Metric]:
        targets = {
            one["PolicyName"]: one["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]
            for one in policies
            if "TargetTrackingScalingPolicyConfiguration" in one
        }
        seen: set[str] = set()
        for policy, alarm in alarms:
            if policy in seen:
                continue
            seen.add(policy)
            queries, shown = _queries(alarm)
            answer = self._watch.get_metric_data(
                MetricDataQueries=queries,
                StartTime=datetime.fromtimestamp(now - WINDOW * self._minute, UTC),
                EndTime=datetime.fromtimestamp(now, UTC),
                ScanBy="TimestampAscending",
            )
            series = next(one for one in answer["MetricDataResults"] if one["Id"] == shown["Id"])
            # a point stands for the minute that begins at its moment, and is known at its end
            moments = (moment.timestamp() + self._minute for moment in series["Timestamps"])
            yield Metric(
                policy=policy,
                name=shown["name"],
                statistic=shown["statistic"],
                aim=targets.get(policy, alarm["Threshold"]),
                tracked=policy in targets,
                points=tuple(zip(moments, series["Values"], strict=True)),
            )

    def _happenings(self) -> tuple[Happening, ...]:
        found = self._scaling.describe_scaling_activities(
            **self._resource, IncludeNotScaledActivities=True, MaxResults=HAPPENINGS_SHOWN
        )["ScalingActivities"]
        return tuple(_happening(one) for one in found)

    def _instances(self) -> tuple[tuple[str, int], ...]:
        arns = self._ecs.list_container_instances(cluster=self.cluster)["containerInstanceArns"]
        if not arns:
            return ()
        found = self._ecs.describe_container_instances(cluster=self.cluster, containerInstances=arns)
        return tuple(
            (one.get("ec2InstanceId") or one["containerInstanceArn"].rsplit("/", 1)[-1], one["runningTasksCount"])
            for one in found["containerInstances"]
        )


def _queries(alarm: Mapping[str, Any]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """What an alarm watches, as GetMetricData asks for it; and which of it is shown, with its names."""
    if alarm.get("Metrics"):
        shown = next(one for one in alarm["Metrics"] if one.get("ReturnData", True))
        name = shown.get("Label") or shown.get("Expression") or shown["MetricStat"]["Metric"]["MetricName"]
        return list(alarm["Metrics"]), {"Id": shown["Id"], "name": name, "statistic": "metric math"}
    metric = {name: alarm[name] for name in ("Namespace", "MetricName", "Dimensions")}
    statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
    query = {"Id": "m1", "MetricStat": {"Metric": metric, "Period": alarm["Period"], "Stat": statistic}}
    return [query], {"Id": "m1", "name": alarm["MetricName"], "statistic": statistic}


def _watch(alarm: Mapping[str, Any], policy: str) -> Watch:
    periods, period = alarm["EvaluationPeriods"], alarm.get("Period") or 60
    minutes = f"{periods * period / 60:g} min"
    rule = f"{WORDS.get(alarm['ComparisonOperator'], '?')} {number(alarm['Threshold'])} for {minutes}"
    kind = TRACKING.fullmatch(alarm["AlarmName"])
    name = f"Alarm{kind[1]}" if kind else alarm["AlarmName"]
    return Watch(name, policy, f"{name}: {rule}", alarm["StateValue"])


def _happening(raw: Mapping[str, Any]) -> Happening:
    cause = TRACKING.sub(lambda found: f"Alarm{found[1]}", raw["Cause"])
    why = f"{cause[:1].upper()}{cause[1:]}."
    reasons = [one["Code"] for one in raw.get("NotScaledReasons", [])]
    what = f"Not scaled: {', '.join(reasons)}." if reasons else raw["Description"]
    status = "NotScaled" if reasons else raw["StatusCode"]
    return Happening(raw["ActivityId"], raw["StartTime"].timestamp(), what, why, status)
