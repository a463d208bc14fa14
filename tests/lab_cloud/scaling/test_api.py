"""Application Auto Scaling through boto3: what AWS refuses, what it answers, and what really follows."""

import datetime
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.stage import Place, RunningCloud
from tests.waiting import until

DIMENSION = "ecs:service:DesiredCount"


class Scaled:
    """A service that can be scaled, and short ways to say so."""

    def __init__(self, cloud: RunningCloud, place: Place, count: int = 1) -> None:
        self.cloud, self.place = cloud, place
        self.api, self.watch = cloud.client("application-autoscaling"), cloud.client("cloudwatch")
        self.service = place.serve(place.definition(), count)
        place.until_steady(self.service)
        self.resource = f"service/{place.name}/{self.service}"
        self.where = {
            "ServiceNamespace": "ecs", "ResourceId": self.resource, "ScalableDimension": DIMENSION
        }  # fmt: skip

    def register(self, least: int = 1, most: int = 4, **more: Any) -> str:
        answer = self.api.register_scalable_target(**self.where, MinCapacity=least, MaxCapacity=most, **more)
        return str(answer["ScalableTargetARN"])

    def track(self, name: str = "cpu", target: float = 40, **more: Any) -> dict[str, Any]:
        metric = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
        configuration = {"TargetValue": target, "PredefinedMetricSpecification": metric, **more}
        answer: dict[str, Any] = self.api.put_scaling_policy(
            **self.where, PolicyName=name, PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=configuration,
        )  # fmt: skip
        return answer

    def step(self, *steps: dict[str, Any], name: str = "steps", kind: str = "ChangeInCapacity", **more: Any) -> str:
        configuration = {"AdjustmentType": kind, "StepAdjustments": list(steps), "Cooldown": 0, **more}
        answer = self.api.put_scaling_policy(
            **self.where, PolicyName=name, PolicyType="StepScaling", StepScalingPolicyConfiguration=configuration
        )
        return str(answer["PolicyARN"])

    def schedule(self, expression: str, name: str = "action", **more: Any) -> None:
        action = more.pop("action", {"MinCapacity": 2})
        self.api.put_scheduled_action(
            **self.where, ScheduledActionName=name, Schedule=expression, ScalableTargetAction=action, **more
        )

    def activities(self, **more: Any) -> list[dict[str, Any]]:
        where = {"ServiceNamespace": "ecs", "ResourceId": self.resource, **more}
        found: list[dict[str, Any]] = self.api.describe_scaling_activities(**where)["ScalingActivities"]
        return found

    def desired(self) -> int:
        return int(self.place.service(self.service)["desiredCount"])


@pytest.fixture(scope="module")
def shared(cloud: RunningCloud, place: Place) -> Scaled:
    made = Scaled(cloud, place)
    made.register()
    return made


@pytest.fixture
def fresh(cloud: RunningCloud, place: Place) -> Iterator[Scaled]:
    made = Scaled(cloud, place)
    yield made
    place.ecs.delete_service(cluster=place.name, service=made.service, force=True)


def refused(call: Any, *given: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call(*given, **params)
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


# -- targets ----------------------------------------------------------------------------------------------------------


def test_bounds_that_make_no_sense(shared: Scaled) -> None:
    code, words = refused(shared.register, 5, 2)
    assert (code, words) == ("ValidationException", "Maximum capacity cannot be less than minimum capacity")
    assert refused(shared.register, -1, 2)[0] == "ValidationException"


def test_a_service_that_is_not_there(shared: Scaled) -> None:
    where = {**shared.where, "ResourceId": f"service/{shared.place.name}/nowhere"}
    code, words = refused(shared.api.register_scalable_target, **where, MinCapacity=1, MaxCapacity=2)
    assert code == "ValidationException"
    assert words.startswith("ECS service doesn't exist")


@pytest.mark.parametrize("resource", ["web", "service/web", "service/a/b/c", "table/web"])
def test_resources_that_are_no_service(shared: Scaled, resource: str) -> None:
    where = {**shared.where, "ResourceId": resource}
    assert (
        refused(shared.api.register_scalable_target, **where, MinCapacity=1, MaxCapacity=2)[0] == "ValidationException"
    )


def test_the_first_registration_needs_both_bounds(fresh: Scaled) -> None:
    assert refused(fresh.api.register_scalable_target, **fresh.where, MinCapacity=1)[0] == "ValidationException"
    arn = fresh.register(1, 4)
    fresh.api.register_scalable_target(**fresh.where, MaxCapacity=6)
    (found,) = fresh.api.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[fresh.resource])[
        "ScalableTargets"
    ]
    assert (found["MinCapacity"], found["MaxCapacity"], found["ScalableTargetARN"]) == (1, 6, arn)
    assert found["RoleARN"].endswith("AWSServiceRoleForApplicationAutoScaling_ECSService")


def test_a_minimum_above_the_desired_count_raises_it(fresh: Scaled) -> None:
    fresh.register(2, 4)
    until(lambda: fresh.desired() == 2)
    until(lambda: fresh.activities()[0]["StatusCode"] == "Successful")
    newest = fresh.activities()[0]
    assert newest["Description"] == "Setting desired count to 2."
    assert newest["Cause"] == "minimum capacity was set to 2"
    assert newest["StatusMessage"] == "Successfully set desired count to 2. Change successfully fulfilled by ecs."


def test_tags_of_a_target(fresh: Scaled) -> None:
    arn = fresh.register(1, 2, Tags={"a": "1"})
    assert fresh.register(1, 3, Tags={"c": "3"}) == arn  # an old one keeps its own
    fresh.api.tag_resource(ResourceARN=arn, Tags={"b": "2"})
    fresh.api.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert fresh.api.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"b": "2"}
    assert refused(fresh.api.list_tags_for_resource, ResourceARN=f"{arn}x")[0] == "ResourceNotFoundException"


def test_deregistering_takes_policies_alarms_and_schedules_along(fresh: Scaled) -> None:
    fresh.register()
    alarms = [one["AlarmName"] for one in fresh.track()["Alarms"]]
    fresh.schedule("rate(1 day)")
    fresh.api.deregister_scalable_target(**fresh.where)
    assert fresh.watch.describe_alarms(AlarmNames=alarms)["MetricAlarms"] == []
    where = {"ServiceNamespace": "ecs", "ResourceId": fresh.resource}
    assert fresh.api.describe_scaling_policies(**where)["ScalingPolicies"] == []
    assert fresh.api.describe_scheduled_actions(**where)["ScheduledActions"] == []
    assert refused(fresh.track)[0] == "ObjectNotFoundException"
    assert refused(fresh.schedule, "rate(1 day)")[0] == "ObjectNotFoundException"
    assert refused(fresh.api.deregister_scalable_target, **fresh.where)[0] == "ObjectNotFoundException"


# -- policies ---------------------------------------------------------------------------------------------------------


def test_target_tracking_brings_its_two_alarms(shared: Scaled) -> None:
    answer = shared.track(target=40)
    names = [one["AlarmName"] for one in answer["Alarms"]]
    stem = f"TargetTracking-{shared.resource}-Alarm"
    assert [name.startswith(f"{stem}{kind}-") for name, kind in zip(names, ("High", "Low"), strict=True)] == [True] * 2
    high, low = shared.watch.describe_alarms(AlarmNames=names)["MetricAlarms"]
    assert (high["Threshold"], high["EvaluationPeriods"], high["ComparisonOperator"]) == (40, 3, "GreaterThanThreshold")
    assert (low["Threshold"], low["EvaluationPeriods"], low["ComparisonOperator"]) == (36, 15, "LessThanThreshold")
    assert {high["Period"], low["Period"]} == {60}
    assert high["AlarmActions"] == [answer["PolicyARN"]]
    (policy,) = shared.api.describe_scaling_policies(ServiceNamespace="ecs", PolicyNames=["cpu"])["ScalingPolicies"]
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 40
    again = shared.track(target=50)
    assert (again["PolicyARN"], again["Alarms"]) == (answer["PolicyARN"], answer["Alarms"])
    assert shared.watch.describe_alarms(AlarmNames=names[:1])["MetricAlarms"][0]["Threshold"] == 50
    assert len(shared.track(DisableScaleIn=True)["Alarms"]) == 1


@pytest.mark.parametrize("target", [0, -1])
def test_a_target_value_must_be_positive(shared: Scaled, target: float) -> None:
    code, words = refused(shared.track, target=target)
    assert code == "ValidationException"
    assert "TargetValue" in words


def test_a_policy_has_one_kind(shared: Scaled) -> None:
    metric = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    both = {
        "StepScalingPolicyConfiguration": {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": []},
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 1, "PredefinedMetricSpecification": metric},
    }
    put = shared.api.put_scaling_policy
    for kind in ("StepScaling", "TargetTrackingScaling"):
        assert refused(put, **shared.where, PolicyName="both", PolicyType=kind, **both)[0] == "ValidationException"
    assert refused(put, **shared.where, PolicyName="none", PolicyType="StepScaling")[0] == "ValidationException"
    shared.track("fixed")
    assert (
        "Delete it first"
        in refused(shared.step, {"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}, name="fixed")[1]
    )


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([(0, 10, 1), (5, None, 2)], "overlap"),
        ([(0, 10, 1), (15, None, 2)], "gaps"),
        ([(None, None, 1)], "null in the same"),
        ([(-10, 0, -1)], "null lower bound"),
        ([], "at least one"),
    ],
)
def test_steps_that_do_not_fit_together(shared: Scaled, steps: list[tuple[Any, Any, int]], words: str) -> None:
    given = []
    for low, high, adjustment in steps:
        bounds = {"MetricIntervalLowerBound": low, "MetricIntervalUpperBound": high}
        given.append(
            {"ScalingAdjustment": adjustment, **{key: each for key, each in bounds.items() if each is not None}}
        )
    code, found = refused(shared.step, *given)
    assert code == "ValidationException"
    assert words in found


def test_requests_per_target_need_their_label(shared: Scaled) -> None:
    def put(label: str | None) -> None:
        metric = {"PredefinedMetricType": "ALBRequestCountPerTarget", **({"ResourceLabel": label} if label else {})}
        shared.api.put_scaling_policy(
            **shared.where, PolicyName="requests", PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={"TargetValue": 100, "PredefinedMetricSpecification": metric},
        )  # fmt: skip

    for wrong in (None, "app/x", "targetgroup/a/1/app/b/2"):
        assert refused(put, wrong)[0] == "ValidationException"
    put("app/lb/0123456789abcdef/targetgroup/tg/0123456789abcdef")
    alarms = shared.watch.describe_alarms_for_metric(
        Namespace="AWS/ApplicationELB", MetricName="RequestCountPerTarget", Statistic="Sum",
        Dimensions=[
            {"Name": "LoadBalancer", "Value": "app/lb/0123456789abcdef"},
            {"Name": "TargetGroup", "Value": "targetgroup/tg/0123456789abcdef"},
        ],
    )["MetricAlarms"]  # fmt: skip
    assert len(alarms) == 2


def test_deleting_a_policy_that_is_not_there(shared: Scaled) -> None:
    assert refused(shared.api.delete_scaling_policy, **shared.where, PolicyName="x")[0] == "ObjectNotFoundException"


def test_predictive_scaling_is_kept_and_said_not_to_be_simulated(shared: Scaled) -> None:
    pair = {
        "PredefinedMetricPairSpecification": {"PredefinedMetricType": "ECSServiceCPUUtilization"},
        "TargetValue": 40,
    }
    shared.api.put_scaling_policy(
        **shared.where, PolicyName="forecast", PolicyType="PredictiveScaling",
        PredictiveScalingPolicyConfiguration={"MetricSpecifications": [pair]},
    )  # fmt: skip
    (found,) = shared.api.describe_scaling_policies(ServiceNamespace="ecs", PolicyNames=["forecast"])["ScalingPolicies"]
    assert (found["PolicyType"], found["Alarms"]) == ("PredictiveScaling", [])
    now = datetime.datetime.now(datetime.UTC)
    _code, words = refused(
        shared.api.get_predictive_scaling_forecast, **shared.where, PolicyName="forecast", StartTime=now, EndTime=now
    )
    assert "not simulated" in words


# -- scheduled actions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression",
    [
        *("at(2001-01-01T00:00:00)", "at(tomorrow)", "at(2099-13-01T00:00:00)", "rate(0 minutes)", "rate(1 minutes)"),
        *("rate(5 weeks)", "cron(0 6 * * *)", "cron(0 25 * * ? *)", "cron(0 6 * * * *)", "every day"),
    ],
)
def test_schedules_that_cannot_be_read_or_are_past(shared: Scaled, expression: str) -> None:
    assert refused(shared.schedule, expression)[0] == "ValidationException"


def test_what_a_scheduled_action_needs(shared: Scaled) -> None:
    assert refused(shared.schedule, "rate(1 day)", action={})[0] == "ValidationException"
    assert (
        refused(shared.schedule, "rate(1 day)", action={"MinCapacity": 3, "MaxCapacity": 2})[0] == "ValidationException"
    )
    assert refused(shared.schedule, "cron(0 6 * * ? *)", Timezone="Mars/Olympus")[0] == "ValidationException"
    now = datetime.datetime.now(datetime.UTC)
    assert refused(shared.schedule, "rate(1 day)", StartTime=now, EndTime=now)[0] == "ValidationException"
    assert refused(shared.api.delete_scheduled_action, **shared.where, ScheduledActionName="x")[0] == (
        "ObjectNotFoundException"
    )


def test_a_scheduled_action_is_kept_as_it_was_given(shared: Scaled) -> None:
    shared.schedule("cron(0 6 ? * MON-FRI *)", "weekdays", Timezone="Asia/Ho_Chi_Minh", action={"MinCapacity": 1})
    (found,) = shared.api.describe_scheduled_actions(
        ServiceNamespace="ecs", ScheduledActionNames=["weekdays"]
    )["ScheduledActions"]  # fmt: skip
    assert (found["Schedule"], found["Timezone"]) == ("cron(0 6 ? * MON-FRI *)", "Asia/Ho_Chi_Minh")
    assert found["ScalableTargetAction"] == {"MinCapacity": 1}
    shared.api.delete_scheduled_action(**shared.where, ScheduledActionName="weekdays")


def test_a_schedule_fires(fresh: Scaled) -> None:
    fresh.register(1, 4)
    calendar = datetime.datetime.fromisoformat(json.loads(fresh.cloud.command("status", "--json").stdout)["calendar"])
    soon = calendar + datetime.timedelta(minutes=4)
    fresh.schedule(f"at({soon:%Y-%m-%dT%H:%M:%S})", action={"MinCapacity": 2, "MaxCapacity": 3})
    until(lambda: fresh.desired() == 2, 20)
    causes = [one["Cause"] for one in fresh.activities()]
    assert causes == ["minimum capacity was set to 2", "scheduled action name action was triggered"]


# -- what follows from alarms -----------------------------------------------------------------------------------------


def alarm(scaled: Scaled, policy: str, metric: str) -> str:
    name = scaled.cloud.name("alarm")
    scaled.watch.put_metric_alarm(
        AlarmName=name, Namespace="mine", MetricName=metric, Statistic="Average", Period=60, EvaluationPeriods=1,
        Threshold=10, ComparisonOperator="GreaterThanOrEqualToThreshold", AlarmActions=[policy],
    )  # fmt: skip
    return name


def test_a_learners_own_metric_steps_a_service_up(fresh: Scaled) -> None:
    fresh.register(1, 3)
    arn = fresh.step(
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 2},
        Cooldown=3000,
    )
    metric = fresh.cloud.name("depth")
    name = alarm(fresh, arn, metric)
    data = [{"MetricName": metric, "Value": 25.0}]

    def scaled() -> bool:
        fresh.watch.put_metric_data(Namespace="mine", MetricData=data)
        return fresh.desired() == 3

    until(scaled, 15, 0.2)
    activity = fresh.activities()[-1]
    assert activity["Cause"] == f"monitor alarm {name} in state ALARM triggered policy steps"

    def refusals() -> list[dict[str, Any]]:
        fresh.watch.put_metric_data(Namespace="mine", MetricData=data)
        return [one for one in fresh.activities(IncludeNotScaledActivities=True) if "NotScaledReasons" in one]

    (reason,) = until(refusals, 15, 0.2)[0]["NotScaledReasons"]
    assert reason["Code"] in ("AlreadyAtMaxCapacity", "AlreadyAtDesiredCapacity")
    assert reason["CurrentCapacity"] == 3
    assert [one for one in fresh.activities() if "NotScaledReasons" in one] == []


def test_a_metric_that_never_comes_does_nothing(fresh: Scaled) -> None:
    fresh.register(1, 3)
    name = alarm(fresh, fresh.step({"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}), "never")
    probe = fresh.cloud.name("probe")  # another alarm that has been evaluated since says that time has passed
    fresh.watch.put_metric_data(Namespace="mine", MetricData=[{"MetricName": probe, "Value": 1.0}])
    watched = alarm(fresh, "arn:aws:sns:us-east-1:123456789012:none", probe)
    until(lambda: fresh.watch.describe_alarms(AlarmNames=[watched])["MetricAlarms"][0]["StateValue"] == "OK")
    assert fresh.watch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"] == "INSUFFICIENT_DATA"
    assert (fresh.desired(), fresh.activities()) == (1, [])
