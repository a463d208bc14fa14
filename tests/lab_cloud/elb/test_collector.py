"""What load balancers report, measured: real requests through real listeners, read back through CloudWatch."""

import datetime
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.stage import Place, RunningCloud
from tests.waiting import until


class Metrics:
    """A service behind a load balancer, and what CloudWatch knows of it."""

    def __init__(self, cloud: RunningCloud, place: Place) -> None:
        self.watch = cloud.client("cloudwatch")
        self.name, self.group = place.balancer()
        service = place.serve(place.definition(), 2, self.group)
        place.until_steady(service)
        self.url = cloud.url(self.name)
        arn = place.elb.describe_load_balancers(Names=[self.name])["LoadBalancers"][0]["LoadBalancerArn"]
        self.balancer = arn.partition(":loadbalancer/")[2]
        self.target_group = self.group.rpartition(":")[2]
        until(lambda: self.values("HealthyHostCount", "Maximum", group=True)[-1:] == [2.0])

    def ask(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"{self.url.rstrip('/')}{path}", timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def values(self, name: str, statistic: str, *, group: bool = False, zone: str = "") -> list[float]:
        dimensions = [{"Name": "LoadBalancer", "Value": self.balancer}]
        if group:
            dimensions.append({"Name": "TargetGroup", "Value": self.target_group})
        if zone:
            dimensions.append({"Name": "AvailabilityZone", "Value": zone})
        metric = {"Namespace": "AWS/ApplicationELB", "MetricName": name, "Dimensions": dimensions}
        now = datetime.datetime.now(datetime.UTC)
        answer = self.watch.get_metric_data(
            MetricDataQueries=[{"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": statistic}}],
            StartTime=now - datetime.timedelta(minutes=5),
            EndTime=now + datetime.timedelta(seconds=2),
            ScanBy="TimestampAscending",
        )
        found: list[float] = answer["MetricDataResults"][0]["Values"]
        return found

    def requests(self, name: str, **where: Any) -> float:
        """How many were really counted: a rate of 60 seconds stands for one real second at speed 60."""
        return sum(self.values(name, "Sum", **where)) / 60


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    running = RunningCloud(tmp_path_factory.mktemp("cloud") / "lab")
    running.command("up")
    yield Place(running)
    running.command("down")


@pytest.fixture(scope="module")
def metrics(place: Place) -> Metrics:
    made = Metrics(place.cloud, place)
    assert [made.ask("/json") for _ in range(12)] == [200] * 12
    assert [made.ask("/burn?ms=x") for _ in range(3)] == [400] * 3
    until(lambda: round(made.requests("RequestCount")) >= 15)
    return made


@pytest.mark.parametrize("group", [False, True])
def test_requests_and_answers_are_counted_at_their_rate(metrics: Metrics, group: bool) -> None:
    assert metrics.requests("RequestCount", group=group) == pytest.approx(15, rel=0.2)
    until(lambda: metrics.requests("HTTPCode_Target_2XX_Count", group=group) == pytest.approx(12, rel=0.2))
    assert metrics.requests("HTTPCode_Target_4XX_Count", group=group) == pytest.approx(3, rel=0.2)
    assert metrics.values("HTTPCode_Target_5XX_Count", "Sum", group=group) == []


def test_requests_per_target_are_divided_by_the_healthy_ones_and_go_on_at_zero(metrics: Metrics) -> None:
    assert metrics.requests("RequestCountPerTarget", group=True) == pytest.approx(7.5, rel=0.2)
    until(lambda: metrics.values("RequestCountPerTarget", "Sum", group=True)[-1] == 0)


def test_response_times_have_percentiles(metrics: Metrics) -> None:
    for statistic in ("Average", "p50", "p99"):
        found = metrics.values("TargetResponseTime", statistic, group=True)
        assert found
        assert all(0 < one < 5 for one in found)


def test_healthy_hosts_are_counted_also_by_zone(metrics: Metrics) -> None:
    listed = metrics.watch.list_metrics(
        Namespace="AWS/ApplicationELB",
        MetricName="HealthyHostCount",
        Dimensions=[{"Name": "LoadBalancer", "Value": metrics.balancer}, {"Name": "AvailabilityZone"}],
    )["Metrics"]
    zones = {one["Value"] for metric in listed for one in metric["Dimensions"] if one["Name"] == "AvailabilityZone"}
    assert zones
    assert sum(metrics.values("HealthyHostCount", "Maximum", group=True, zone=zone)[-1] for zone in zones) == 2
    assert metrics.values("UnHealthyHostCount", "Maximum", group=True)[-1] == 0


def test_connections_and_bytes(metrics: Metrics) -> None:
    assert metrics.requests("NewConnectionCount") == pytest.approx(15, rel=0.2)
    assert metrics.requests("ProcessedBytes") > 15 * 100


def test_answers_of_the_load_balancer_itself(metrics: Metrics, place: Place) -> None:
    name = place.cloud.name("lb")
    made = place.elb.create_load_balancer(Name=name, Subnets=place.subnets, SecurityGroups=[place.group])
    arn = made["LoadBalancers"][0]["LoadBalancerArn"]
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503", "ContentType": "text/plain"}}
    place.elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=[fixed])
    other = Metrics.__new__(Metrics)
    other.watch, other.balancer = metrics.watch, arn.partition(":loadbalancer/")[2]
    other.url = place.cloud.url(name)
    assert other.ask("/") == 503
    until(lambda: other.requests("HTTP_Fixed_Response_Count") == pytest.approx(1, rel=0.2))
    assert sum(other.values("RequestCount", "Sum")) == 0  # no target was chosen


def test_flows_of_a_network_load_balancer(metrics: Metrics, place: Place) -> None:
    name = place.cloud.name("nlb")
    made = place.elb.create_load_balancer(
        Name=name, Type="network", Subnets=place.subnets, SecurityGroups=[place.group]
    )
    arn = made["LoadBalancers"][0]["LoadBalancerArn"]
    group = place.elb.create_target_group(Name=name, Protocol="TCP", Port=80, VpcId=place.vpc, TargetType="ip")
    group_arn = group["TargetGroups"][0]["TargetGroupArn"]
    forward = [{"Type": "forward", "TargetGroupArn": group_arn}]
    place.elb.create_listener(LoadBalancerArn=arn, Protocol="TCP", Port=80, DefaultActions=forward)
    place.until_steady(place.serve(place.definition(), 1, group_arn))
    dimensions = [{"Name": "LoadBalancer", "Value": arn.partition(":loadbalancer/")[2]}]

    def total(metric: str, statistic: str = "Sum", more: tuple[dict[str, str], ...] = ()) -> float:
        now = datetime.datetime.now(datetime.UTC)
        points = metrics.watch.get_metric_statistics(
            Namespace="AWS/NetworkELB", MetricName=metric, Dimensions=[*dimensions, *more], Period=60,
            StartTime=now - datetime.timedelta(minutes=5), EndTime=now, Statistics=[statistic],
        )["Datapoints"]  # fmt: skip
        return sum(float(one[statistic]) for one in points)

    in_group = ({"Name": "TargetGroup", "Value": group_arn.rpartition(":")[2]},)
    until(lambda: total("HealthyHostCount", "Maximum", in_group) >= 1, 20)
    for _ in range(4):
        with urllib.request.urlopen(place.cloud.url(name), timeout=10) as answer:
            assert answer.status == 200
    until(lambda: total("NewFlowCount") / 60 == pytest.approx(4, rel=0.2))
    assert total("ProcessedBytes") / 60 > 4 * 100
