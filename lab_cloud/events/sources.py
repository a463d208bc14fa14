"""What ECR and CloudWatch alarms tell EventBridge.

References
----------
https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
"""

import json
from collections import Counter
from typing import Any

from ..cloudwatch.alarm import Alarm
from ..ecr.image import Image
from ..ecr.repository import Repository
from ..ecs.outside import Announcements
from .event import millisecond


class RegistrySource:
    """Images that are pushed, deleted and scanned.

    Parameters
    ----------
    events : Announcements
        EventBridge.
    """

    def __init__(self, events: Announcements) -> None:
        self._events = events

    def action(self, action: str, repository: Repository, digest: str, tag: str) -> None:
        """An image was pushed or deleted."""
        detail = {
            "result": "SUCCESS",
            "repository-name": repository.name,
            "image-digest": digest,
            "action-type": action,
            "image-tag": tag,
        }
        self._events.emit(repository.region, "aws.ecr", "ECR Image Action", detail, [])

    def scanned(self, repository: Repository, image: Image) -> None:
        """A scan is complete, or has failed."""
        scan = image.scan
        if scan is None:
            return
        counts = Counter(str(finding["severity"]) for finding in scan.findings)
        detail = {
            "scan-status": scan.status,
            "repository-name": repository.name,
            "finding-severity-counts": dict(counts),
            "image-digest": image.digest,
            "image-tags": list(image.tags),
        }
        self._events.emit(repository.region, "aws.ecr", "ECR Image Scan", detail, [repository.arn])


class AlarmSource:
    """Alarms that change their state.

    Parameters
    ----------
    events : Announcements
        EventBridge.
    """

    def __init__(self, events: Announcements) -> None:
        self._events = events

    def changed(self, alarm: Alarm, old: dict[str, Any], now: float) -> None:
        """An alarm has entered another state."""
        data = {"reasonData": alarm.reason_data} if alarm.reason_data else {}
        detail: dict[str, Any] = {
            "alarmName": alarm.name,
            "state": {"value": alarm.state, "reason": alarm.reason, **data, "timestamp": _moment(now)},
            "previousState": {"value": old["stateValue"], "reason": old["stateReason"], "timestamp": _moment(now)},
            "configuration": {"metrics": _metrics(alarm.settings)},
        }
        description = alarm.settings.get("AlarmDescription")
        if description:
            detail["configuration"]["description"] = description
        self._events.emit(alarm.region, "aws.cloudwatch", "CloudWatch Alarm State Change", detail, [alarm.arn])


def _metrics(settings: dict[str, Any]) -> list[dict[str, Any]]:
    if settings.get("Metrics"):
        shown: list[dict[str, Any]] = json.loads(json.dumps(settings["Metrics"], default=str))
        return [{name[:1].lower() + name[1:]: value for name, value in one.items()} for one in shown]
    metric = {
        "namespace": settings.get("Namespace"),
        "name": settings.get("MetricName"),
        "dimensions": {one["Name"]: one["Value"] for one in settings.get("Dimensions") or ()},
    }
    statistic = settings.get("Statistic") or settings.get("ExtendedStatistic")
    asked = {"metric": metric, "period": settings.get("Period"), "stat": statistic}
    return [{"id": "m1", "metricStat": asked, "returnData": True}]


def _moment(seconds: float) -> str:
    return millisecond(seconds).replace("Z", "+0000")
