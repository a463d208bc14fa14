"""What Container Insights adds up, without a cloud; then the add-on and the control plane's logs on a real one."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kubernetes.client import V1Namespace, V1ObjectMeta

from lab_cloud.eks.insights import Node, Pod, totals
from tests.lab_cloud.eks.place import EksPlace
from tests.waiting import until

ADDON = "amazon-cloudwatch-observability"


def pod(name: str, node: str, cpu: float, **more: Any) -> Pod:
    return Pod(name, "demo", "web", node, {"app": "web"}, **{"running": True, "cpu": cpu, "memory": 2**30, **more})


def test_metrics_have_the_dimensions_of_aws() -> None:
    nodes = [Node("one", "i-1", True, 2.0, 2.0**32), Node("two", "i-2", False, 2.0, 2.0**32)]
    pods = [pod("a", "one", 0.5), pod("b", "one", 0.1), pod("c", "two", 0.0, running=False)]
    service = {"metadata": {"namespace": "demo", "name": "web"}, "spec": {"selector": {"app": "web"}}}
    nowhere = {"metadata": {"namespace": "demo", "name": "none"}, "spec": {}}
    found = {
        (name, tuple(value for _key, value in dimensions)): values
        for (name, dimensions), values in totals("DemoEKS", nodes, pods, [service, nowhere]).items()
    }
    assert found["cluster_node_count", ("DemoEKS",)] == [2]
    assert found["cluster_failed_node_count", ("DemoEKS",)] == [1]
    assert found["node_cpu_utilization", ("DemoEKS",)] == pytest.approx([30, 0])
    assert found["node_cpu_utilization", ("DemoEKS", "i-1", "one")] == pytest.approx([30])
    assert found["node_memory_utilization", ("DemoEKS", "i-1", "one")] == pytest.approx([50])
    assert found["pod_cpu_utilization", ("DemoEKS", "demo", "web")] == pytest.approx([25, 5, 0])
    assert found["namespace_number_of_running_pods", ("DemoEKS", "demo")] == [2]
    assert found["service_number_of_running_pods", ("DemoEKS", "demo", "web")] == [2]
    assert not any("none" in dimensions for _name, dimensions in found)


def lines(eks: EksPlace, group: str) -> list[str]:
    logs = eks.cloud.client("logs")
    known = [one["logGroupName"] for one in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]]
    return [one["message"] for each in known for one in logs.filter_log_events(logGroupName=each)["events"]]


def test_the_add_on_measures_real_processes_and_brings_their_lines(eks: EksPlace) -> None:
    name = eks.make(
        accessConfig={"authenticationMode": "API"},
        logging={"clusterLogging": [{"types": ["api", "audit"], "enabled": True}]},
    )
    eks.active(name)
    role = eks.node_role()
    group = {"clusterName": name, "nodegroupName": "workers"}
    sizes = {"minSize": 0, "maxSize": 1, "desiredSize": 1}
    eks.api.create_nodegroup(**group, subnets=eks.subnets, nodeRole=role, scalingConfig=sizes)
    core = eks.core(name)
    busy = "print('working', flush=True)\nwhile True: sum(range(1000))"
    container = {"name": "main", "image": "python:3.12-alpine", "command": ["python", "-c", busy]}
    core.create_namespaced_pod("default", {"metadata": {"name": "busy"}, "spec": {"containers": [container]}})
    until(lambda: core.read_namespaced_pod("busy", "default").status.phase == "Running", 30)
    watch = eks.cloud.client("cloudwatch")
    assert watch.list_metrics(Namespace="ContainerInsights")["Metrics"] == []
    eks.api.create_addon(clusterName=name, addonName=ADDON)
    until(lambda: eks.api.describe_addon(clusterName=name, addonName=ADDON)["addon"]["status"] == "DEGRADED")
    policy = "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"
    eks.iam.attach_role_policy(RoleName=role.rpartition("/")[2], PolicyArn=policy)
    until(lambda: eks.api.describe_addon(clusterName=name, addonName=ADDON)["addon"]["status"] == "ACTIVE")

    def cpu() -> float:
        dimensions = {"ClusterName": name, "Namespace": "default", "PodName": "busy"}
        now = datetime.now(UTC)
        found = watch.get_metric_statistics(
            Namespace="ContainerInsights", MetricName="pod_cpu_utilization", Period=60, Statistics=["Maximum"],
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now - timedelta(minutes=30), EndTime=now + timedelta(minutes=1),
        )  # fmt: skip
        return max((each["Maximum"] for each in found["Datapoints"]), default=0.0)

    until(lambda: cpu() > 1, 20)
    until(lambda: any('"log": "working"' in line for line in lines(eks, f"/aws/containerinsights/{name}/application")))
    assert any("node_cpu_utilization" in line for line in lines(eks, f"/aws/containerinsights/{name}/performance"))

    core.create_namespace(V1Namespace(metadata=V1ObjectMeta(name="audited")))
    until(lambda: any('"requestURI": "/api/v1/namespaces"' in line for line in lines(eks, f"/aws/eks/{name}/cluster")))
    told = [json.loads(line) for line in lines(eks, f"/aws/eks/{name}/cluster") if line.startswith("{")]
    made = next(one for one in told if one["requestURI"] == "/api/v1/namespaces")
    assert (made["verb"], made["responseStatus"]["code"]) == ("create", 201)
    assert made["user"]["username"].startswith("arn:aws:iam::")
    eks.api.delete_nodegroup(**group)
