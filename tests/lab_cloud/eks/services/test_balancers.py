"""Load balancers of Services, as Elastic Load Balancing has them."""

from typing import Any

from lab_cloud.eks.services.load_balancer import PREFIX
from tests.lab_cloud.eks.place import EksPlace
from tests.waiting import until


def made(eks: EksPlace, core: Any, **annotations: str) -> str:
    name = eks.cloud.name("balanced")
    notes = {f"{PREFIX}{key.replace('_', '-')}": value for key, value in annotations.items()}
    spec = {"type": "LoadBalancer", "ports": [{"name": "http", "port": 80}, {"name": "more", "port": 81}]}
    core.create_namespaced_service("default", {"metadata": {"name": name, "annotations": notes}, "spec": spec})
    return name


def balancer(eks: EksPlace, core: Any, name: str) -> dict[str, Any]:
    """The load balancer of a Service, once it has one."""

    def host() -> str:
        found = core.read_namespaced_service(name, "default").status.load_balancer.ingress
        return found[0].hostname if found else ""

    until(host)
    listed = eks.cloud.client("elbv2").describe_load_balancers()["LoadBalancers"]
    found: dict[str, Any] = next(each for each in listed if each["DNSName"] == host())
    return found


def ports(eks: EksPlace, found: dict[str, Any]) -> set[int]:
    listed = eks.cloud.client("elbv2").describe_listeners(LoadBalancerArn=found["LoadBalancerArn"])["Listeners"]
    return {each["Port"] for each in listed}


def test_a_load_balancer_follows_its_service(eks: EksPlace) -> None:
    core, api = eks.core(eks.shared), eks.cloud.client("elbv2")
    name = made(eks, core, scheme="internal", subnets=eks.subnets[0], additional_resource_tags="lab=containers-on-aws")
    found = balancer(eks, core, name)
    assert found["Scheme"] == "internal"
    assert [each["SubnetId"] for each in found["AvailabilityZones"]] == [eks.subnets[0]]
    described = api.describe_tags(ResourceArns=[found["LoadBalancerArn"]])["TagDescriptions"][0]["Tags"]
    tags = {each["Key"]: each["Value"] for each in described}
    assert tags["lab"] == "containers-on-aws"
    assert tags["kubernetes.io/service-name"] == f"default/{name}"
    until(lambda: ports(eks, found) == {80, 81})
    core.patch_namespaced_service(
        name, "default", {"spec": {"ports": [{"name": "more", "port": 81, "$patch": "delete"}]}}
    )
    until(lambda: ports(eks, found) == {80})
    groups = api.describe_target_groups()["TargetGroups"]
    own = [each for each in groups if each["TargetGroupName"].startswith(f"k8s-default-{name[:8].strip('-')}-")]
    assert len(own) == 1
    core.delete_namespaced_service(name, "default")
    until(lambda: found["DNSName"] not in str(api.describe_load_balancers()["LoadBalancers"]))
    assert own[0]["TargetGroupArn"] not in str(api.describe_target_groups()["TargetGroups"])


def test_what_aws_refuses_is_told(eks: EksPlace) -> None:
    core = eks.core(eks.shared)
    name = made(eks, core, subnets="subnet-none")

    def told() -> list[str]:
        events = core.list_namespaced_event("default", field_selector=f"involvedObject.name={name}").items
        return [each.message for each in events if each.reason == "SyncLoadBalancerFailed"]

    until(told)
    assert "SubnetNotFound: The subnet ID 'subnet-none' does not exist" in told()[0]
    core.delete_namespaced_service(name, "default")
