"""Workers on a queue: a service that scales on its backlog per task, and a worker that is killed with a message."""

import os
import signal
from typing import Any

import psutil
import pytest

from tests.lab_cloud.events.test_delivery import events_role
from tests.stage import Place, RunningCloud
from tests.waiting import until

TAKES_ONE = """
import boto3, os, time
sqs = boto3.client("sqs")
while True:
    found = sqs.receive_message(QueueUrl=os.environ["WORK"], WaitTimeSeconds=20, VisibilityTimeout=3)
    for message in found.get("Messages", []):
        print("has", message["Body"], flush=True)
        if FIRST:
            time.sleep(600)
        sqs.send_message(QueueUrl=os.environ["DONE"], MessageBody=message["Body"])
        sqs.delete_message(QueueUrl=os.environ["WORK"], ReceiptHandle=message["ReceiptHandle"])
"""


def backlog_per_task(queue: str, place: Place, service: str) -> dict[str, Any]:
    """The metric of AWS's own guide, as metric math."""
    visible = {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": queue}],
    }
    running = {
        "Namespace": "ECS/ContainerInsights",
        "MetricName": "RunningTaskCount",
        "Dimensions": [{"Name": "ClusterName", "Value": place.name}, {"Name": "ServiceName", "Value": service}],
    }
    return {
        "TargetValue": 5.0,
        "CustomizedMetricSpecification": {
            "Metrics": [
                {"Id": "visible", "MetricStat": {"Metric": visible, "Stat": "Average"}, "ReturnData": False},
                {"Id": "running", "MetricStat": {"Metric": running, "Stat": "Average"}, "ReturnData": False},
                {"Id": "backlog", "Expression": "visible / running", "ReturnData": True},
            ]
        },
    }


@pytest.fixture
def scaling(cloud: RunningCloud) -> Any:
    return cloud.client("application-autoscaling")


def test_a_service_at_zero_is_woken_by_steps_follows_its_backlog_and_goes_back_to_zero(
    cloud: RunningCloud, place: Place, scaling: Any
) -> None:
    sqs, watch, queue = cloud.client("sqs"), cloud.client("cloudwatch"), cloud.name("backlog")
    url = sqs.create_queue(QueueName=queue)["QueueUrl"]
    place.ecs.update_cluster_settings(cluster=place.name, settings=[{"name": "containerInsights", "value": "enabled"}])
    service = place.serve(place.program("import time; time.sleep(600)"), 0)
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/{place.name}/{service}",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    scaling.register_scalable_target(MinCapacity=0, MaxCapacity=4, **target)
    scaling.put_scaling_policy(
        PolicyName="backlog", PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=backlog_per_task(queue, place, service), **target,
    )  # fmt: skip
    for number in range(4):
        entries = [{"Id": str(each), "MessageBody": str(number)} for each in range(10)]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    step = scaling.put_scaling_policy(
        PolicyName="wake", PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ExactCapacity",
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
        },
        **target,
    )["PolicyARN"]  # fmt: skip
    # with no task there is no backlog per task: 40 / 0 is no data, and tracking cannot wake the service
    idle = {"Id": "idle", "Expression": "IF(running < 1, visible, 0)", "ReturnData": True}
    metrics = backlog_per_task(queue, place, service)["CustomizedMetricSpecification"]["Metrics"][:2]
    for metric in metrics:
        metric["MetricStat"]["Period"] = 60
    watch.put_metric_alarm(
        AlarmName=queue, Metrics=[*metrics, idle], EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold", AlarmActions=[step],
    )  # fmt: skip
    until(lambda: place.service(service)["desiredCount"] == 4, 40)
    causes = [one["Cause"] for one in scaling.describe_scaling_activities(**target)["ScalingActivities"]]
    assert "policy wake" in causes[-1]
    assert "policy backlog" in causes[0]
    # without messages it goes back to zero, and there no policy that divides by it finds a number
    sqs.purge_queue(QueueUrl=url)
    until(lambda: place.service(service)["desiredCount"] == 0, 60)
    causes = [one["Cause"] for one in scaling.describe_scaling_activities(**target)["ScalingActivities"]]
    assert "policy backlog" in causes[0]
    scaling.deregister_scalable_target(**target)
    watch.delete_alarms(AlarmNames=[queue])
    place.ecs.delete_service(cluster=place.name, service=service, force=True)


def test_a_message_of_a_killed_worker_is_done_by_another(cloud: RunningCloud, place: Place) -> None:
    sqs = cloud.client("sqs")
    work = sqs.create_queue(QueueName=cloud.name("work"))["QueueUrl"]
    done = sqs.create_queue(QueueName=cloud.name("done"))["QueueUrl"]
    role = events_role(cloud, "ecs-tasks.amazonaws.com", "sqs:*")
    environment = [{"name": "WORK", "value": work}, {"name": "DONE", "value": done}]

    def worker(first: bool) -> str:
        made = place.ecs.register_task_definition(
            family=cloud.name("worker"), networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256",
            memory="512", taskRoleArn=role,
            containerDefinitions=[{
                "name": "web", "image": "python:3.12-alpine", "environment": environment,
                "command": ["python", "-c", f"FIRST = {first}\n{TAKES_ONE}"],
            }],
        )  # fmt: skip
        return str(place.run(made["taskDefinition"]["taskDefinitionArn"])["taskArn"])

    task = worker(True)
    place.until_task(task, "RUNNING")
    sqs.send_message(QueueUrl=work, MessageBody="hard")
    flying = "ApproximateNumberOfMessagesNotVisible"
    until(lambda: sqs.get_queue_attributes(QueueUrl=work, AttributeNames=[flying])["Attributes"][flying] == "1")
    for child in psutil.Process(cloud.state["pid"]).children(recursive=True):
        if any("FIRST = True" in word for word in child.cmdline()):
            os.kill(child.pid, signal.SIGKILL)
    stopped = place.until_task(task, "STOPPED")
    assert stopped["containers"][0]["exitCode"] == 137
    second = worker(False)
    answer = sqs.receive_message(QueueUrl=done, WaitTimeSeconds=20)
    assert [message["Body"] for message in answer["Messages"]] == ["hard"]
    place.ecs.stop_task(cluster=place.name, task=second)
