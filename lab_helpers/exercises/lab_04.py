"""Lab 04: bounds, a policy's cooldowns, opening hours, an alarm that has no data."""

import re
from typing import TYPE_CHECKING, Any

from lab_helpers.exercises import Done, Exercise, NotAttempted, NotYet

if TYPE_CHECKING:
    from lab_helpers.exercises import Outcome
    from lab_helpers.lab import Lab

CLUSTER = "DemoCluster"
SERVICE = "shop"
RESOURCE = f"service/{CLUSTER}/{SERVICE}"
POLICY = "cpu"
ALARM = "shop-repair"
ZONE = "Asia/Ho_Chi_Minh"
HOURS = {"open": ("07:30", 3), "close": ("19:00", 1)}
WEEKDAYS = {"MON-FRI", "2-6", "MON,TUE,WED,THU,FRI", "2,3,4,5,6"}
WHERE = {"ServiceNamespace": "ecs", "ResourceId": RESOURCE}


def room_to_grow(lab: "Lab") -> "Outcome":
    """The bounds are 2 and 8, and two tasks are wanted."""
    found = lab.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="ecs", ResourceIds=[RESOURCE]
    )["ScalableTargets"]
    if not found:
        return NotAttempted(f"{SERVICE} is no scalable target. Run the cells above first.")
    least, most = found[0]["MinCapacity"], found[0]["MaxCapacity"]
    if (least, most) == (1, 5):
        return NotAttempted("The bounds are still those from above: 1 and 5.")
    missing = []
    if least != 2:
        missing.append(f"a minimum of 2: it is {least}")
    if most != 8:
        missing.append(f"a maximum of 8: it is {most}")
    services = lab.client("ecs").describe_services(cluster=CLUSTER, services=[SERVICE])["services"]
    wanted = services[0]["desiredCount"] if services else 0
    if not missing and wanted < 2:
        missing.append(f"at least 2 tasks that are wanted: there are {wanted}")
    if missing:
        return NotYet(missing=missing)
    return Done("Nobody asked the service for a second task: a minimum above the desired count raises it.")


def quick_out_slow_in(lab: "Lab") -> "Outcome":
    """The policy has the target and the cooldowns that were asked for, and is still the only one."""
    found = lab.client("application-autoscaling").describe_scaling_policies(**WHERE)["ScalingPolicies"]
    tracking = [one for one in found if one["PolicyType"] == "TargetTrackingScaling"]
    ours = next((one for one in tracking if one["PolicyName"] == POLICY), None)
    if ours is None:
        return NotAttempted(f"There is no target tracking policy called {POLICY}. Run the cells above first.")
    given = ours["TargetTrackingScalingPolicyConfiguration"]
    target, out, back = given["TargetValue"], given.get("ScaleOutCooldown", 300), given.get("ScaleInCooldown", 300)
    if (target, out, back) == (40.0, 300, 300) and len(found) == 1:
        return NotAttempted(f"The policy {POLICY} is still as it was: target 40, cooldowns 300 and 300.")
    missing = []
    if target != 50:
        missing.append(f"the target 50: it is {target:g}")
    if out != 60:
        missing.append(f"60 seconds after a scale-out: it is {out}")
    if back != 600:
        missing.append(f"600 seconds after a scale-in: it is {back}")
    if "ECSServiceAverageCPUUtilization" not in str(given):
        missing.append("the same metric as before: the average CPU of the service")
    if len(found) > 1:
        others = ", ".join(sorted(one["PolicyName"] for one in found if one is not ours))
        missing.append(f"one policy only: there is also {others}")
    if missing:
        return NotYet(missing=missing)
    return Done("The policy is replaced as a whole, and its two alarms have moved with the target.")


def opening_hours(lab: "Lab") -> "Outcome":
    """Two scheduled actions, on weekdays, in the right time zone."""
    actions = lab.client("application-autoscaling").describe_scheduled_actions(**WHERE)["ScheduledActions"]
    named = {one["ScheduledActionName"]: one for one in actions}
    if not any(name in named for name in HOURS):
        return NotAttempted(f"{SERVICE} has no scheduled action called open or close yet.")
    missing = []
    for name, (time, least) in HOURS.items():
        action = named.get(name)
        if action is None:
            missing.append(f"a scheduled action called {name}")
            continue
        missing += [f"{name}: {words}" for words in _wrong(action, time, least)]
    if missing:
        return NotYet(missing=missing)
    return Done("On weekdays the shop has at least 3 tasks from 7:30 to 19:00, whatever the metrics say.")


def _wrong(action: dict[str, Any], time: str, least: int) -> list[str]:
    missing = []
    fields = re.fullmatch(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)", action["Schedule"].strip())
    if fields is None:
        missing.append(f"an expression of the form cron(...): it is {action['Schedule']}")
    else:
        minute, hour, _day, _month, weekday, _year = fields.groups()
        found = f"{hour:0>2}:{minute:0>2}"
        if found != time:
            missing.append(f"the time {time}: it fires at {found}")
        if weekday.upper() not in WEEKDAYS:
            missing.append(f"Monday to Friday in the field day of week: it says {weekday}")
    if action.get("Timezone") != ZONE:
        missing.append(f"the time zone {ZONE}: it is {action.get('Timezone') or 'UTC'}")
    if action["ScalableTargetAction"].get("MinCapacity") != least:
        missing.append(f"the minimum {least}: it is {action['ScalableTargetAction'].get('MinCapacity', 'not set')}")
    return missing


def mended_alarm(lab: "Lab") -> "Outcome":
    """The alarm watches the metric that ECS reports, and has data."""
    found = lab.client("cloudwatch").describe_alarms(AlarmNames=[ALARM])["MetricAlarms"]
    if not found:
        return NotAttempted(f"There is no alarm {ALARM}. Run the cell above that makes it.")
    alarm = found[0]
    dimensions = {one["Name"]: one["Value"] for one in alarm.get("Dimensions", [])}
    if dimensions == {"ClusterName": CLUSTER, "ServiceName": f"{CLUSTER}/{SERVICE}"}:
        return NotAttempted("The alarm still watches the metric that nobody reports.")
    missing = []
    if (alarm.get("Namespace"), alarm.get("MetricName")) != ("AWS/ECS", "CPUUtilization"):
        missing.append("the metric CPUUtilization of AWS/ECS")
    if dimensions != {"ClusterName": CLUSTER, "ServiceName": SERVICE}:
        missing.append(f"the dimensions of the service {SERVICE}: list_metrics shows which names and values there are")
    if (alarm["Threshold"], alarm["EvaluationPeriods"], alarm.get("Period")) != (80, 3, 60):
        missing.append("the threshold and the minutes as they were: above 80 for 3 minutes")
    if not missing and alarm["StateValue"] == "INSUFFICIENT_DATA":
        missing.append("data: the alarm is right now, but has not been evaluated yet; check again in a moment")
    if missing:
        return NotYet(missing=missing)
    return Done(f"The alarm has data and is in the state {alarm['StateValue']}.")


ROOM = """\
lab.client("application-autoscaling").register_scalable_target(
    ServiceNamespace="ecs",
    ResourceId="service/DemoCluster/shop",
    ScalableDimension="ecs:service:DesiredCount",
    MinCapacity=2,
    MaxCapacity=8,
)
"""

COOLDOWNS = """\
lab.client("application-autoscaling").put_scaling_policy(
    ServiceNamespace="ecs",
    ResourceId="service/DemoCluster/shop",
    ScalableDimension="ecs:service:DesiredCount",
    PolicyName="cpu",
    PolicyType="TargetTrackingScaling",
    TargetTrackingScalingPolicyConfiguration={
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
        "TargetValue": 50.0,
        "ScaleOutCooldown": 60,
        "ScaleInCooldown": 600,
    },
)
"""

OPENING = """\
for title, expression, least in (
    ("open", "cron(30 7 ? * MON-FRI *)", 3),
    ("close", "cron(0 19 ? * MON-FRI *)", 1),
):
    lab.client("application-autoscaling").put_scheduled_action(
        ServiceNamespace="ecs",
        ResourceId="service/DemoCluster/shop",
        ScalableDimension="ecs:service:DesiredCount",
        ScheduledActionName=title,
        Schedule=expression,
        Timezone="Asia/Ho_Chi_Minh",
        ScalableTargetAction={"MinCapacity": least},
    )
"""

MENDED = """\
watch = lab.client("cloudwatch")
for one in watch.list_metrics(Namespace="AWS/ECS", MetricName="CPUUtilization")["Metrics"]:
    print(one["Dimensions"])  # ServiceName is the name alone, without the cluster

watch.put_metric_alarm(
    AlarmName="shop-repair",
    Namespace="AWS/ECS",
    MetricName="CPUUtilization",
    Dimensions=[{"Name": "ClusterName", "Value": "DemoCluster"}, {"Name": "ServiceName", "Value": "shop"}],
    Statistic="Average",
    Period=60,
    EvaluationPeriods=3,
    Threshold=80,
    ComparisonOperator="GreaterThanThreshold",
)


def has_data():
    (mended,) = watch.describe_alarms(AlarmNames=["shop-repair"])["MetricAlarms"]
    return mended["StateValue"] != "INSUFFICIENT_DATA"


lab.wait(has_data, "the alarm to see data", seconds=600)
"""

EXERCISES: dict[str, Exercise] = {
    "04a": Exercise(
        id="04a",
        title="Change the bounds",
        check=room_to_grow,
        hints=(
            "The bounds belong to the scalable target, not to the service and not to the policy.",
            "The call that made the scalable target also changes it. It needs the same three names as before.",
            "register_scalable_target takes MinCapacity and MaxCapacity. The desired count follows by itself.",
        ),
        solution=ROOM,
    ),
    "04b": Exercise(
        id="04b",
        title="Quick out, slow in",
        check=quick_out_slow_in,
        hints=(
            "A policy is changed by putting it again under the same name.",
            "put_scaling_policy replaces the whole configuration: the metric, the target and both cooldowns.",
            "The two cooldowns are called ScaleOutCooldown and ScaleInCooldown, in seconds.",
        ),
        solution=COOLDOWNS,
    ),
    "04c": Exercise(
        id="04c",
        title="Opening hours",
        check=opening_hours,
        hints=(
            "Two calls of put_scheduled_action, each with a cron expression of six fields. The first is the minute.",
            "Either the day of month or the day of week is a question mark, since both cannot be given at once.",
            "Leave the hours as they are in Ho Chi Minh City and name the zone in the parameter Timezone.",
        ),
        solution=OPENING,
    ),
    "04d": Exercise(
        id="04d",
        title="Mend an alarm without data",
        check=mended_alarm,
        hints=(
            "Compare what the alarm watches with what ECS reports. A metric is found by its exact name and labels.",
            "list_metrics shows each metric with its dimensions. Look at the value of ServiceName.",
            "put_metric_alarm under the same name replaces the alarm. Give all its parameters again.",
        ),
        solution=MENDED,
    ),
}
