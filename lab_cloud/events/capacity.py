"""What EC2 and its Auto Scaling tell EventBridge: instances that change their state, groups that launch and terminate.

References
----------
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-instance-state-changes.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-event-reference.html
"""

from typing import Any

from ..autoscaling.group import Activity, Group
from ..autoscaling.store import GroupStore
from ..ecs.outside import Announcements
from ..wire import ACCOUNT, PARTITION, moto_instances, moto_lean, moto_load
from .event import millisecond


class CapacitySource:
    """The reconciler that notices instances and activities.

    Parameters
    ----------
    groups : GroupStore
        The Auto Scaling groups.
    events : Announcements
        EventBridge.
    """

    def __init__(self, groups: GroupStore, events: Announcements) -> None:
        self._groups = groups
        self._events = events
        self._states: dict[str, str] = {}
        self._told: dict[str, str] = {}
        self._listening: set[str] = set()

    def forget(self) -> None:
        """Begin anew, when everything is reset."""
        self._states.clear()
        self._told.clear()
        self._listening.clear()

    def tick(self, now: float) -> None:
        """Look for what has changed since the last tick; only where a rule could match."""
        for region in moto_lean.REGIONS:
            if self._events.wanted(region) and moto_load.loaded():
                self._look(region, quietly=region not in self._listening)
                self._listening.add(region)
            else:
                self._listening.discard(region)

    def _look(self, region: str, *, quietly: bool) -> None:
        """What is so already when the first rule is made is no change."""
        known = self._groups.regions.get(region)
        for group in known.groups.values() if known is not None else ():
            for activity in group.activities:
                if activity.ended is not None and self._told.get(activity.id) != activity.status:
                    self._told[activity.id] = activity.status
                    if not quietly:
                        self._activity(group, activity)
        for instance in moto_instances.records(region):
            if self._states.get(instance.id) != instance.state:
                self._states[instance.id] = instance.state
                if not quietly:
                    arn = f"arn:{PARTITION}:ec2:{region}:{ACCOUNT}:instance/{instance.id}"
                    detail = {"instance-id": instance.id, "state": instance.state}
                    kind = "EC2 Instance State-change Notification"
                    self._events.emit(region, "aws.ec2", kind, detail, [arn])

    def _activity(self, group: Group, activity: Activity) -> None:
        what = "Launch" if activity.description.startswith("Launching") else "Terminate"
        how = "Successful" if activity.status == "Successful" else "Unsuccessful"
        detail: dict[str, Any] = {
            "StatusCode": "InProgress" if activity.status == "Successful" else activity.status,
            "Description": activity.description,
            "AutoScalingGroupName": group.name,
            "ActivityId": activity.id,
            "RequestId": activity.id,
            "StatusMessage": activity.message,
            "StartTime": millisecond(activity.started),
            "EndTime": millisecond(activity.ended or activity.started),
            "EC2InstanceId": activity.instance,
            "Cause": activity.cause,
        }
        instance = f"arn:{PARTITION}:ec2:{group.region}:{ACCOUNT}:instance/{activity.instance}"
        kind = f"EC2 Instance {what} {how}"
        self._events.emit(group.region, "aws.autoscaling", kind, detail, [group.arn, instance])
