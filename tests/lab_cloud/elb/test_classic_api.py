from collections.abc import Iterator
from typing import Any

import pytest

from lab_cloud.elb.classic_api import ClassicApi

from .small_cloud import SmallCloud
from .test_api import refused


@pytest.fixture
def elb(cloud: SmallCloud) -> Iterator[Any]:
    cloud.dispatcher.own("elb", ClassicApi())
    client = cloud.client("elb")
    yield client
    client.close()


def test_a_classic_load_balancer_is_refused_with_what_to_use_instead(elb: Any) -> None:
    listener = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}
    code, message = refused(elb.create_load_balancer, LoadBalancerName="old", Listeners=[listener])
    assert code == "UnsupportedOperation"
    assert "Application Load Balancer" in message
    assert "Network Load Balancer" in message
    elb.delete_load_balancer(LoadBalancerName="old")


def test_there_are_none(elb: Any) -> None:
    assert elb.describe_load_balancers()["LoadBalancerDescriptions"] == []
    assert elb.describe_load_balancer_policies()["PolicyDescriptions"] == []
    missing = ("LoadBalancerNotFound", "There is no ACTIVE Load Balancer named 'old'")
    assert refused(elb.describe_load_balancers, LoadBalancerNames=["old"]) == missing
    assert refused(elb.describe_instance_health, LoadBalancerName="old") == missing
    assert refused(elb.describe_tags, LoadBalancerNames=["old"]) == missing
    assert {one["Name"] for one in elb.describe_account_limits()["Limits"]} >= {"classic-load-balancers"}
