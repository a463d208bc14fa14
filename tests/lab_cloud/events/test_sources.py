"""AWS's own services tell EventBridge what happens: ECS, S3."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab_cloud.events.test_delivery import open_queue
from tests.stage import Place, RunningCloud
from tests.waiting import until


class Heard:
    """All events that a rule lets through, by way of a queue."""

    def __init__(self, cloud: RunningCloud, pattern: dict[str, Any]) -> None:
        self._cloud, self.rule = cloud, cloud.name("heard")
        self._url, arn = open_queue(cloud, cloud.name("heard"))
        events = cloud.client("events")
        events.put_rule(Name=self.rule, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=self.rule, Targets=[{"Id": "a", "Arn": arn}])
        self.events: list[dict[str, Any]] = []

    def listen(self) -> list[dict[str, Any]]:
        sqs = self._cloud.client("sqs")
        for message in sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages", ()):
            self.events.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return self.events

    def until(self, kind: str, **detail: Any) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            return next(
                (
                    event
                    for event in self.listen()
                    if event["detail-type"] == kind and detail.items() <= event["detail"].items()
                ),
                None,
            )

        event = until(found, 20)
        assert event is not None
        return event

    def close(self) -> None:
        self._cloud.client("events").remove_targets(Rule=self.rule, Ids=["a"])
        self._cloud.client("events").delete_rule(Name=self.rule)


@pytest.fixture(scope="module")
def heard(cloud: RunningCloud) -> Iterator[Heard]:
    made = Heard(cloud, {"source": ["aws.ecs"]})
    yield made
    made.close()


def test_a_task_that_stops_is_told_in_each_of_its_states(cloud: RunningCloud, place: Place, heard: Heard) -> None:
    task = place.run(place.program("raise SystemExit(3)"))["taskArn"]
    stopped = heard.until("ECS Task State Change", taskArn=task, lastStatus="STOPPED")
    detail = stopped["detail"]
    assert (stopped["source"], stopped["resources"]) == ("aws.ecs", [task])
    assert (detail["stopCode"], detail["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert detail["containers"][0]["exitCode"] == 3
    assert (detail["launchType"], detail["desiredStatus"]) == ("FARGATE", "STOPPED")
    assert detail["attachments"][0]["type"] == "eni"
    assert detail["stoppedAt"].endswith("Z")
    seen = [event["detail"] for event in heard.events if event["detail"].get("taskArn") == task]
    order = list(dict.fromkeys(one["lastStatus"] for one in sorted(seen, key=lambda one: one["version"])))
    assert (order[:2], order[-2:]) == (["PROVISIONING", "PENDING"], ["DEPROVISIONING", "STOPPED"])


def test_a_service_tells_of_its_deployment_and_of_its_rest(cloud: RunningCloud, place: Place, heard: Heard) -> None:
    name = place.serve(place.program("import time; time.sleep(600)"))
    arn = place.service(name)["serviceArn"]
    done = heard.until("ECS Deployment State Change", eventName="SERVICE_DEPLOYMENT_COMPLETED")
    assert done["resources"] == [arn]
    assert done["detail"]["deploymentId"].startswith("ecs-svc/")
    steady = heard.until("ECS Service Action", eventName="SERVICE_STEADY_STATE")
    assert (steady["detail"]["eventType"], steady["resources"]) == ("INFO", [arn])
    place.ecs.update_service(cluster=place.name, service=name, desiredCount=0)
    changed = heard.until("ECS Service Action", eventName="SERVICE_DESIRED_COUNT_UPDATED")
    assert changed["detail"]["desiredCount"] == 0
    place.ecs.delete_service(cluster=place.name, service=name, force=True)


def test_a_bucket_tells_of_objects_only_when_eventbridge_is_on(cloud: RunningCloud) -> None:
    s3, bucket = cloud.client("s3"), cloud.name("bucket")
    heard = Heard(cloud, {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}})
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="too-early.txt", Body=b"x")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    s3.put_object(Bucket=bucket, Key="in/a b.txt", Body=b"hello")
    made = heard.until("Object Created")
    assert made["detail"]["object"]["key"] == "in/a b.txt"
    assert made["detail"]["object"]["size"] == 5
    assert made["detail"]["object"]["etag"] == "5d41402abc4b2a76b9719d911017c592"
    assert (made["detail"]["reason"], made["resources"]) == ("PutObject", [f"arn:aws:s3:::{bucket}"])
    s3.delete_object(Bucket=bucket, Key="in/a b.txt")
    gone = heard.until("Object Deleted")
    assert gone["detail"]["object"]["key"] == "in/a b.txt"
    assert [event["detail-type"] for event in heard.events] == ["Object Created", "Object Deleted"]
    heard.close()


def test_a_registry_tells_of_images_and_an_alarm_of_its_state(cloud: RunningCloud) -> None:
    ecr, watch, name = cloud.client("ecr"), cloud.client("cloudwatch"), cloud.name("source")
    heard = Heard(cloud, {"source": ["aws.ecr", "aws.cloudwatch"]})
    ecr.create_repository(repositoryName=name, imageScanningConfiguration={"scanOnPush": True})
    manifest = upload(ecr, name)
    digest = ecr.put_image(repositoryName=name, imageManifest=manifest, imageTag="v1")["image"]["imageId"][
        "imageDigest"
    ]
    pushed = heard.until("ECR Image Action", **{"action-type": "PUSH", "image-tag": "v1"})
    assert pushed["detail"] == {
        "result": "SUCCESS",
        "repository-name": name,
        "image-digest": digest,
        "action-type": "PUSH",
        "image-tag": "v1",
    }
    heard.until("ECR Image Scan", **{"image-digest": digest, "image-tags": ["v1"]})
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "v1"}])
    heard.until("ECR Image Action", **{"action-type": "DELETE", "image-digest": digest})
    watch.put_metric_alarm(
        AlarmName=name, Namespace="n", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    watch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="by hand")
    changed = heard.until("CloudWatch Alarm State Change", alarmName=name)["detail"]
    assert (changed["state"]["value"], changed["previousState"]["value"]) == ("ALARM", "INSUFFICIENT_DATA")
    assert changed["configuration"]["metrics"][0]["metricStat"]["metric"]["name"] == "m"
    watch.delete_alarms(AlarmNames=[name])
    heard.close()


def upload(ecr: Any, repository: str) -> str:
    """One small layer and a config; the manifest that names them."""
    named = []
    for blob in (gzip.compress(b"\0" * 1024, mtime=0), b'{"architecture":"amd64","os":"linux"}'):
        digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
        begun = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
        ecr.upload_layer_part(
            repositoryName=repository, uploadId=begun, partFirstByte=0, partLastByte=len(blob) - 1, layerPartBlob=blob
        )
        ecr.complete_layer_upload(repositoryName=repository, uploadId=begun, layerDigests=[digest])
        named.append({"digest": digest, "size": len(blob)})
    layer, config = named
    kind = "application/vnd.docker"
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": f"{kind}.distribution.manifest.v2+json",
            "config": {"mediaType": f"{kind}.container.image.v1+json", **config},
            "layers": [{"mediaType": f"{kind}.image.rootfs.diff.tar.gzip", **layer}],
        }
    )


def test_a_group_tells_of_its_instances(cloud: RunningCloud, place: Place) -> None:
    ec2, groups, name = cloud.client("ec2"), cloud.client("autoscaling"), cloud.name("group")
    heard = Heard(cloud, {"source": ["aws.ec2", "aws.autoscaling"]})
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    ec2.create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro"}
    )
    groups.create_auto_scaling_group(
        AutoScalingGroupName=name, LaunchTemplate={"LaunchTemplateName": name}, MinSize=1, MaxSize=1,
        VPCZoneIdentifier=place.subnets[0],
    )  # fmt: skip
    launched = heard.until("EC2 Instance Launch Successful", AutoScalingGroupName=name)["detail"]["EC2InstanceId"]
    heard.until("EC2 Instance State-change Notification", **{"instance-id": launched, "state": "running"})
    groups.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    heard.until("EC2 Instance State-change Notification", **{"instance-id": launched, "state": "terminated"})
    heard.close()
