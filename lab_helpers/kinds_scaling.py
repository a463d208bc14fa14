"""The things of Application Auto Scaling and CloudWatch that a lab makes."""

from collections.abc import Iterator
from typing import Any

from .inventory import Kind, Tags, Thing, pages


def _scalable_targets(scaling: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages(scaling, "describe_scalable_targets", "ScalableTargets", ServiceNamespace="ecs"):
        lab = tags.lab(scaling.list_tags_for_resource(ResourceARN=one["ScalableTargetARN"])["Tags"])
        if lab is not None:
            state = f"{one['MinCapacity']} to {one['MaxCapacity']}"
            yield Thing("scalable target", one["ResourceId"].partition("/")[2], one["ResourceId"], lab, state)


def _deregister(scaling: Any, thing: Thing) -> None:
    """Policies, their alarms and scheduled actions go with it."""
    scaling.deregister_scalable_target(
        ServiceNamespace="ecs", ResourceId=thing.id, ScalableDimension="ecs:service:DesiredCount"
    )


def _alarms(watch: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages(watch, "describe_alarms", "MetricAlarms", AlarmTypes=["MetricAlarm"]):
        lab = tags.lab(watch.list_tags_for_resource(ResourceARN=one["AlarmArn"])["Tags"])
        if lab is not None:
            yield Thing("alarm", one["AlarmName"], one["AlarmName"], lab)


def _delete_alarm(watch: Any, thing: Thing) -> None:
    watch.delete_alarms(AlarmNames=[thing.id])


SCALABLE_TARGETS = Kind("scalable target", "application-autoscaling", _scalable_targets, _deregister)
ALARMS = Kind("alarm", "cloudwatch", _alarms, _delete_alarm)
