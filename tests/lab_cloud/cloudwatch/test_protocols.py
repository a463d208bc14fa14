"""CloudWatch in each protocol that its clients speak: real requests, signed, written and read by botocore."""

import datetime
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from tests.stage import RunningCloud
from tests.waiting import until

PROTOCOLS = ("smithy-rpc-v2-cbor", "json", "query")


def ask(cloud: RunningCloud, protocol: str, operation: str, **params: Any) -> tuple[int, dict[str, Any]]:
    """The status and the answer, in boto3's shape."""
    model = cloud.client("cloudwatch").meta.service_model.operation_model(operation)
    made = create_serializer(protocol).serialize_to_request(params, model)
    body = made["body"]
    if isinstance(body, dict):
        body = "&".join(f"{key}={urllib.request.quote(str(value), safe='')}" for key, value in body.items())
    data = body.encode() if isinstance(body, str) else body
    request = AWSRequest(made["method"], f"{cloud.endpoint}{made['url_path']}", made["headers"], data)
    keys = Credentials(cloud.state["access_key"], cloud.state["secret_key"])
    SigV4Auth(keys, "monitoring", "us-east-1").add_auth(request)
    ready = request.prepare()
    try:
        answer = urllib.request.urlopen(
            urllib.request.Request(ready.url, data, dict(ready.headers), method=made["method"]), timeout=20
        )
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        raw = {"status_code": answer.status, "headers": {k.lower(): v for k, v in answer.headers.items()}}
        raw["body"] = answer.read()
    parsed: dict[str, Any] = create_parser(protocol).parse(raw, model.output_shape)
    return int(raw["status_code"]), parsed


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_data_and_alarms(cloud: RunningCloud, protocol: str) -> None:
    name = cloud.name("depth")
    now = datetime.datetime.now(datetime.UTC)
    datum = {"MetricName": name, "Value": 2.5, "Unit": "Count", "Timestamp": now}
    status, _answer = ask(cloud, protocol, "PutMetricData", Namespace="mine", MetricData=[datum])
    assert status == 200
    stat = {"Metric": {"Namespace": "mine", "MetricName": name}, "Period": 60, "Stat": "Maximum"}
    span = datetime.timedelta(minutes=2)

    def values() -> list[float]:
        asked = {
            "MetricDataQueries": [{"Id": "m1", "MetricStat": stat}],
            "StartTime": now - span,
            "EndTime": now + span,
        }
        result = ask(cloud, protocol, "GetMetricData", **asked)[1]["MetricDataResults"][0]
        assert all(isinstance(one, datetime.datetime) for one in result["Timestamps"])
        return list(result["Values"])

    assert until(values) == [2.5]
    alarm = {
        "AlarmName": name, "Namespace": "mine", "MetricName": name, "Statistic": "Average", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 1.5, "ComparisonOperator": "GreaterThanThreshold",
    }  # fmt: skip
    assert ask(cloud, protocol, "PutMetricAlarm", **alarm)[0] == 200
    found = ask(cloud, protocol, "DescribeAlarms", AlarmNames=[name])[1]["MetricAlarms"]
    assert [(one["AlarmName"], one["Threshold"], one["Dimensions"]) for one in found] == [(name, 1.5, [])]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_errors_have_their_code(cloud: RunningCloud, protocol: str) -> None:
    status, answer = ask(cloud, protocol, "PutMetricData", Namespace="AWS/ECS", MetricData=[{"MetricName": "x"}])
    assert (status, answer["Error"]["Code"]) == (400, "InvalidParameterValue")
    status, answer = ask(cloud, protocol, "PutCompositeAlarm", AlarmName="both", AlarmRule="ALARM(a) AND ALARM(b)")
    assert answer["Error"]["Code"] == "UnsupportedOperation"
    assert "metric math" in answer["Error"]["Message"]
