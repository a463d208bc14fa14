"""The CPU of an instance is what its tasks really use, against its vCPUs; clusters tell what tasks have reserved."""

import datetime
from typing import Any

from tests.fleet import Fleet
from tests.lab_cloud.ecs.test_placer import definition
from tests.stage import Place, RunningCloud
from tests.waiting import until


def measured(cloud: RunningCloud, namespace: str, name: str, **dimensions: str) -> list[float]:
    now = datetime.datetime.now(datetime.UTC)
    found: list[dict[str, Any]] = cloud.client("cloudwatch").get_metric_statistics(
        Namespace=namespace, MetricName=name, StartTime=now - datetime.timedelta(minutes=2), EndTime=now, Period=60,
        Statistics=["Maximum"], Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
    )["Datapoints"]  # fmt: skip
    return [one["Maximum"] for one in found]


def test_work_on_an_instance_is_seen_on_it_and_on_its_group(cloud: RunningCloud) -> None:
    place = Place(cloud)
    fleet = Fleet(place)
    fleet.create(desired=1)
    (one,) = fleet.until_joined(1)
    busy = definition(place, cpu=512, command=["python", "-c", "while True: pass"])
    place.ecs.run_task(cluster=place.name, taskDefinition=busy, launchType="EC2")
    host = one["ec2InstanceId"]
    assert until(lambda: max(measured(cloud, "AWS/EC2", "CPUUtilization", InstanceId=host), default=0) > 5, 20)
    group = {"AutoScalingGroupName": fleet.name}
    assert until(lambda: max(measured(cloud, "AWS/EC2", "CPUUtilization", **group), default=0) > 5, 20)
    assert until(lambda: 25.0 in measured(cloud, "AWS/ECS", "CPUReservation", ClusterName=place.name))
    fleet.delete()
