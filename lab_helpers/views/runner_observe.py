"""Reads how an App Runner service scales through the AWS APIs: its status, operations, and what was measured."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from lab_helpers.kinds_apprunner import pages_of
from lab_helpers.views.scaling_observe import HAPPENINGS_SHOWN, WINDOW
from lab_helpers.views.scaling_state import Count, Happening, Metric, Scaled

NAMESPACE = "AWS/AppRunner"
WORDS = {
    "CREATE_SERVICE": "Create the service.",
    "UPDATE_SERVICE": "Update the service.",
    "START_DEPLOYMENT": "Deploy.",
    "PAUSE_SERVICE": "Pause.",
    "RESUME_SERVICE": "Resume.",
    "DELETE_SERVICE": "Delete the service.",
}


class RunnerObserver:
    """Reads one service again and again.

    Parameters
    ----------
    clients : mapping of str to client
        boto3 clients of ``apprunner`` and ``cloudwatch``.
    service : str
        Its name.
    speed : float
        AWS minutes in a real one.

    Attributes
    ----------
    pace
        Seconds between two reads that suit this cloud.
    """

    cluster = ""

    def __init__(self, clients: Mapping[str, Any], service: str, speed: float) -> None:
        self.service = service
        self._client, self._watch = clients["apprunner"], clients["cloudwatch"]
        self._minute = 60.0 / speed
        # A real account counts calls, and its metrics move once a minute.
        self.pace = 15.0 if "amazonaws.com" in self._client.meta.endpoint_url else 0.5

    def read(self) -> Scaled:
        """The service as it is now.

        Raises
        ------
        botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError
            When the cloud does not answer, or refuses. A service that does not exist is no error: it is MISSING.
        """
        listed = pages_of(self._client, "list_services", "ServiceSummaryList")
        summary = next((one for one in listed if one["ServiceName"] == self.service), None)
        now = time.time()
        if summary is None or summary["Status"] == "DELETED":
            problem = "There is no App Runner service of this name."
            return Scaled(self.service, "", "MISSING", now, self._minute, problem=problem)
        service = self._client.describe_service(ServiceArn=summary["ServiceArn"])["Service"]
        named = service["AutoScalingConfigurationSummary"]
        found = self._client.describe_auto_scaling_configuration(
            AutoScalingConfigurationArn=named["AutoScalingConfigurationArn"]
        )["AutoScalingConfiguration"]
        concurrency, active = self._series(service, now)
        counts = tuple(_counts(active))
        running = counts[-1].running if counts else 0
        status = service["Status"]
        return Scaled(
            service=self.service,
            cluster="",
            status="ACTIVE" if status in ("RUNNING", "OPERATION_IN_PROGRESS") else status,
            at=now,
            minute=self._minute,
            desired=running,
            running=running,
            least=found["MinSize"],
            most=found["MaxSize"],
            counts=counts,
            metrics=(
                Metric(
                    policy=f"{named['AutoScalingConfigurationName']}:{named['AutoScalingConfigurationRevision']}",
                    name="Requests at once",
                    statistic="Concurrency, Maximum",
                    aim=found["MaxConcurrency"],
                    tracked=False,
                    points=concurrency,
                    word="one instance takes",
                ),
            ),
            happenings=tuple(self._operations(service["ServiceArn"])),
            unit="instances",
            doing="running" if status == "RUNNING" else status.lower().replace("_", " "),
        )

    def _series(self, service: Mapping[str, Any], now: float) -> tuple[tuple[tuple[float, float], ...], ...]:
        """Concurrency and active instances, oldest first."""
        dimensions = [
            {"Name": "ServiceName", "Value": service["ServiceName"]},
            {"Name": "ServiceID", "Value": service["ServiceId"]},
        ]
        queries = [
            {
                "Id": name.lower(),
                "MetricStat": {
                    "Metric": {"Namespace": NAMESPACE, "MetricName": name, "Dimensions": dimensions},
                    "Period": 60,
                    "Stat": "Maximum",
                },
            }
            for name in ("Concurrency", "ActiveInstances")
        ]
        answer = self._watch.get_metric_data(
            MetricDataQueries=queries,
            StartTime=datetime.fromtimestamp(now - WINDOW * self._minute, UTC),
            EndTime=datetime.fromtimestamp(now, UTC),
            ScanBy="TimestampAscending",
        )
        # a point stands for the minute that begins at its moment, and is known at its end
        return tuple(
            tuple(
                (moment.timestamp() + self._minute, value)
                for moment, value in zip(one["Timestamps"], one["Values"], strict=True)
            )
            for one in answer["MetricDataResults"]
        )

    def _operations(self, arn: str) -> Iterator[Happening]:
        found = self._client.list_operations(ServiceArn=arn, MaxResults=HAPPENINGS_SHOWN)["OperationSummaryList"]
        for one in found:
            what = WORDS.get(one["Type"], one["Type"])
            yield Happening(one["Id"], one["StartedAt"].timestamp(), what, "", one["Status"])


def _counts(active: tuple[tuple[float, float], ...]) -> Iterator[Count]:
    """Active instances as steps: only where they change, and the first and the last."""
    for place, (at, value) in enumerate(active):
        ends = place in (0, len(active) - 1)
        if ends or value != active[place - 1][1]:
            yield Count(at, round(value), round(value))
