"""What there is in the account that costs something, found through the AWS APIs.

What is paid by use alone (requests, capacity units of load balancers, transferred data) is not among it.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from .cleanup import ABSENT
from .costs import Costs, Item
from .inventory import Client, batches, pages
from .kinds_apprunner import NOT_IMPLEMENTED, pages_of
from .prices import price, prices

GIB = 1 << 30
BY_USE = (
    "What is paid by use comes on top: capacity units of load balancers, transferred data, lines taken in by logs, "
    "requests to queues and events. Pods that EKS runs on Fargate are not counted."
)


def existing(client: Client) -> Costs:
    """What the account holds now.

    Parameters
    ----------
    client : callable
        Gives the boto3 client of a service.
    """
    from botocore.exceptions import ClientError, EndpointConnectionError

    items: list[Item] = []
    unpriced: list[str] = []
    unseen: list[str] = []
    for name, find in FINDERS.items():
        found: list[Item] = []
        try:
            for each in find(client):
                if isinstance(each, Item):
                    found.append(each)
                else:
                    unpriced.append(each)
        except EndpointConnectionError:  # the region does not have the service
            continue
        except ClientError as error:
            absent = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == NOT_IMPLEMENTED
            if not absent and error.response["Error"]["Code"] not in ABSENT:
                unseen.append(name)
            continue
        items += found
    return Costs(
        tuple(items),
        "What is there now",
        region=str(client("ec2").meta.region_name),
        unpriced=tuple(unpriced),
        unseen=tuple(unseen),
        notes=(BY_USE,),
    )


Found = Iterator[Item | str]


def _tasks(client: Client) -> Found:
    ecs = client("ecs")
    totals: defaultdict[tuple[str, str], float] = defaultdict(float)
    numbers: Counter[str] = Counter()
    for cluster in pages(ecs, "list_clusters", "clusterArns"):
        for arns in batches(pages(ecs, "list_tasks", "taskArns", cluster=cluster), 100):
            for one in ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]:
                if one.get("launchType") != "FARGATE" or one["lastStatus"] in ("STOPPED", "PROVISIONING"):
                    continue
                group = one.get("group", "")
                of = group.removeprefix("service:")
                what = "tasks by themselves" if of == group else f"tasks of {of}"
                kind = _kind(one)
                numbers[what] += 1
                totals[what, f"{kind}.vcpu"] += float(one["cpu"]) / 1024
                totals[what, f"{kind}.gb"] += float(one["memory"]) / 1024
                disk = one.get("ephemeralStorage", {}).get("sizeInGiB", 20) - 20
                if disk > 0:
                    totals[what, "fargate.disk"] += disk
    for (what, name), amount in totals.items():
        yield Item(f"{numbers[what]} {what}", amount, price(name))


def _kind(task: dict[str, Any]) -> str:
    if task.get("capacityProviderName") == "FARGATE_SPOT":
        return "fargate-spot"
    attributes = {one["name"]: one.get("value") for one in task.get("attributes", [])}
    return "fargate-arm" if attributes.get("ecs.cpu-architecture") == "arm64" else "fargate"


def _instances(client: Client) -> Found:
    ec2 = client("ec2")
    states = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    counted: Counter[str] = Counter()
    for reservation in pages(ec2, "describe_instances", "Reservations", Filters=states):
        for one in reservation["Instances"]:
            counted[one["InstanceType"]] += 1
    for kind, number in sorted(counted.items()):
        if f"ec2.{kind}" in prices():
            yield Item("EC2 instances", number, price(f"ec2.{kind}"))
        else:
            yield f"{number} × EC2 {kind}"


def _volumes(client: Client) -> Found:
    counted: Counter[str] = Counter()
    for one in pages(client("ec2"), "describe_volumes", "Volumes"):
        counted[one.get("VolumeType", "standard")] += one["Size"]
    for kind, size in sorted(counted.items()):
        if f"ebs.{kind}" in prices():
            yield Item("EBS volumes", size, price(f"ebs.{kind}"))
        else:
            yield f"{size} GB of EBS {kind}"


def _balancers(client: Client) -> Found:
    kinds = {"application": "alb", "network": "nlb"}
    for one in pages(client("elbv2"), "describe_load_balancers", "LoadBalancers"):
        if one["Type"] in kinds:
            yield Item(f"load balancer {one['LoadBalancerName']}", 1, price(kinds[one["Type"]]))
        else:
            yield f"load balancer {one['LoadBalancerName']} ({one['Type']})"


def _addresses(client: Client) -> Found:
    """Public addresses of network interfaces; those of load balancers where no interface shows them."""
    interfaces = list(pages(client("ec2"), "describe_network_interfaces", "NetworkInterfaces"))
    public = [one for one in interfaces if one.get("Association", {}).get("PublicIp")]
    shown = " ".join(one.get("Description", "") for one in public)
    number = len(public)
    for one in pages(client("elbv2"), "describe_load_balancers", "LoadBalancers"):
        hidden = one["LoadBalancerArn"].partition("loadbalancer/")[2] not in shown
        if one["Scheme"] == "internet-facing" and hidden:
            number += len(one["AvailabilityZones"])
    if number:
        yield Item("public addresses", number, price("ipv4"))


def _gateways(client: Client) -> Found:
    states = [{"Name": "state", "Values": ["pending", "available"]}]
    number = len(list(pages(client("ec2"), "describe_nat_gateways", "NatGateways", Filters=states)))
    if number:
        yield Item("NAT gateways", number, price("nat"))


def _app_runner(client: Client) -> Found:
    """Memory of all instances, and CPU of the active ones: those that have answered a request in the last minute."""
    apprunner = client("apprunner")
    for summary in pages_of(apprunner, "list_services", "ServiceSummaryList"):
        if summary["Status"] not in ("RUNNING", "OPERATION_IN_PROGRESS"):
            continue  # a paused service costs nothing
        service = apprunner.describe_service(ServiceArn=summary["ServiceArn"])["Service"]
        arn = service["AutoScalingConfigurationSummary"]["AutoScalingConfigurationArn"]
        scaling = apprunner.describe_auto_scaling_configuration(AutoScalingConfigurationArn=arn)
        least = scaling["AutoScalingConfiguration"]["MinSize"]
        active = _active(client("cloudwatch"), summary["ServiceName"], summary["ServiceId"])
        cpu = float(service["InstanceConfiguration"]["Cpu"]) / 1024
        memory = float(service["InstanceConfiguration"]["Memory"]) / 1024
        name, all_of_them = f"service {summary['ServiceName']}", max(least, active)
        yield Item(f"{name}: memory of {all_of_them:g}, active or idle", all_of_them * memory, price("apprunner.gb"))
        yield Item(f"{name}: CPU of {active:g} active", active * cpu, price("apprunner.active-vcpu"))
        if service["SourceConfiguration"].get("AutoDeploymentsEnabled"):
            yield Item(f"{name}: automatic deployments", 1, price("apprunner.automatic"))


def _active(cloudwatch: Any, name: str, service: str) -> float:
    """How many instances have been active in the latest minute that is known."""
    now = datetime.now(UTC)
    dimensions = [{"Name": "ServiceName", "Value": name}, {"Name": "ServiceID", "Value": service}]
    metric = {"Namespace": "AWS/AppRunner", "MetricName": "ActiveInstances", "Dimensions": dimensions}
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[{"Id": "active", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}],
        StartTime=now - timedelta(minutes=10),
        EndTime=now,
        ScanBy="TimestampDescending",
    )
    values = answer["MetricDataResults"][0]["Values"]
    return float(values[0]) if values else 0.0


def _clusters(client: Client) -> Found:
    eks = client("eks")
    names = list(pages(eks, "list_clusters", "clusters"))
    if not names:
        return
    versions = eks.describe_cluster_versions()["clusterVersions"]
    extended = {one["clusterVersion"] for one in versions if "EXTENDED" in str(one.get("versionStatus", "")).upper()}
    for name in names:
        version = eks.describe_cluster(name=name)["cluster"]["version"]
        yield Item(f"cluster {name}", 1, price("eks.extended" if version in extended else "eks.standard"))


def _file_systems(client: Client) -> Found:
    for one in pages(client("efs"), "describe_file_systems", "FileSystems"):
        name = one.get("Name", one["FileSystemId"])
        yield Item(f"file system {name}", _gb(one["SizeInBytes"]["Value"]), price("efs.gb"))


def _repositories(client: Client) -> Found:
    ecr = client("ecr")
    for one in pages(ecr, "describe_repositories", "repositories"):
        images = pages(ecr, "describe_images", "imageDetails", repositoryName=one["repositoryName"])
        size = sum(image.get("imageSizeInBytes", 0) for image in images)
        if size:
            yield Item(f"repository {one['repositoryName']}", _gb(size), price("ecr.gb"))


def _logs(client: Client) -> Found:
    size = sum(one.get("storedBytes", 0) for one in pages(client("logs"), "describe_log_groups", "logGroups"))
    if size:
        yield Item("logs", _gb(size), price("logs.kept-gb"))


def _alarms(client: Client) -> Found:
    number = 0
    for one in pages(client("cloudwatch"), "describe_alarms", "MetricAlarms"):
        number += max(1, sum("MetricStat" in each for each in one.get("Metrics", ())))
    if number:
        yield Item("alarms", number, price("alarm"))


def _secrets(client: Client) -> Found:
    number = len(list(pages(client("secretsmanager"), "list_secrets", "SecretList")))
    if number:
        yield Item("secrets", number, price("secret"))


def _gb(size: float) -> float:
    return size / GIB


FINDERS: dict[str, Callable[[Client], Found]] = {
    "tasks": _tasks,
    "App Runner": _app_runner,
    "EKS clusters": _clusters,
    "instances": _instances,
    "load balancers": _balancers,
    "NAT gateways": _gateways,
    "public addresses": _addresses,
    "volumes": _volumes,
    "file systems": _file_systems,
    "repositories": _repositories,
    "logs": _logs,
    "alarms": _alarms,
    "secrets": _secrets,
}
