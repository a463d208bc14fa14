"""An alarm tells a topic, and a queue that has subscribed gets the message; queues are measured."""

import datetime
import json
from typing import Any

from tests.stage import RunningCloud
from tests.waiting import until


def test_a_subscribed_queue_hears_of_an_alarm(cloud: RunningCloud) -> None:
    sns, sqs, watch = cloud.client("sns"), cloud.client("sqs"), cloud.client("cloudwatch")
    name = cloud.name("loud")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    watch.put_metric_alarm(
        AlarmName=name, AlarmDescription="too loud", Namespace="mine", MetricName=name, Statistic="Average", Period=60,
        EvaluationPeriods=1, Threshold=10, ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic],
        Dimensions=[{"Name": "Room", "Value": "1"}],
    )  # fmt: skip
    datum = {"MetricName": name, "Value": 50, "Dimensions": [{"Name": "Room", "Value": "1"}]}

    def received() -> list[Any]:
        watch.put_metric_data(Namespace="mine", MetricData=[datum])
        return list(sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []))

    (message,) = until(received, 15, 0.2)
    envelope = json.loads(message["Body"])
    assert (envelope["Type"], envelope["TopicArn"]) == ("Notification", topic)
    assert envelope["Subject"] == f'ALARM: "{name}" in US East (N. Virginia)'
    told = json.loads(envelope["Message"])
    assert (told["AlarmName"], told["AlarmDescription"], told["AWSAccountId"]) == (name, "too loud", "123456789012")
    assert (told["OldStateValue"], told["NewStateValue"]) == ("INSUFFICIENT_DATA", "ALARM")
    assert told["NewStateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoints [50")
    trigger = told["Trigger"]
    assert (trigger["MetricName"], trigger["Statistic"], trigger["Threshold"]) == (name, "AVERAGE", 10)
    assert trigger["Dimensions"] == [{"value": "1", "name": "Room"}]
    history = watch.describe_alarm_history(AlarmName=name, HistoryItemType="Action")["AlarmHistoryItems"]
    assert history[0]["HistorySummary"] == f"Successfully executed action {topic}"


def test_a_topic_that_is_not_there_is_noted_as_failed(cloud: RunningCloud) -> None:
    watch, name = cloud.client("cloudwatch"), cloud.name("nowhere")
    topic = f"arn:aws:sns:us-east-1:123456789012:{name}"
    watch.put_metric_alarm(
        AlarmName=name, Namespace="mine", MetricName=name, Statistic="Average", Period=60, EvaluationPeriods=1,
        Threshold=10, ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic],
    )  # fmt: skip
    watch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    history = watch.describe_alarm_history(AlarmName=name, HistoryItemType="Action")["AlarmHistoryItems"]
    assert history[0]["HistorySummary"] == f"Failed to execute action {topic}"


def test_the_depth_of_a_queue_is_measured(cloud: RunningCloud) -> None:
    sqs, watch = cloud.client("sqs"), cloud.client("cloudwatch")
    name = cloud.name("orders")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    for number in range(5):
        sqs.send_message(QueueUrl=queue, MessageBody=str(number))
    sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=2, VisibilityTimeout=600)

    def latest(metric: str) -> float | None:
        now = datetime.datetime.now(datetime.UTC)
        points = watch.get_metric_statistics(
            Namespace="AWS/SQS", MetricName=metric, Dimensions=[{"Name": "QueueName", "Value": name}],
            StartTime=now - datetime.timedelta(minutes=1), EndTime=now, Period=60, Statistics=["Maximum"],
        )["Datapoints"]  # fmt: skip
        return max(points, key=lambda one: one["Timestamp"])["Maximum"] if points else None

    until(lambda: latest("ApproximateNumberOfMessagesVisible") == 3)
    until(lambda: latest("ApproximateNumberOfMessagesNotVisible") == 2)
    assert latest("ApproximateNumberOfMessagesDelayed") == 0
    until(lambda: (latest("ApproximateAgeOfOldestMessage") or 0) > 0)
