from .small_cloud import SmallCloud
from .test_api import refused
from .test_network import listener, network, tcp_group


def test_pages_and_filters(cloud: SmallCloud) -> None:
    arns = {name: network(cloud, name) for name in ("one", "two", "three")}
    for port in (80, 81, 82):
        listener(cloud, arns["one"], tcp_group(cloud, f"tcp-{port}"), port)

    def names(operation: str, list_name: str, key: str, **params: object) -> list[str]:
        pages = cloud.elbv2.get_paginator(operation).paginate(PaginationConfig={"PageSize": 2}, **params)
        return [one[key] for page in pages for one in page[list_name]]

    assert sorted(names("describe_load_balancers", "LoadBalancers", "LoadBalancerName")) == ["one", "three", "two"]
    ports = names("describe_listeners", "Listeners", "Port", LoadBalancerArn=arns["one"])
    assert ports == [80, 81, 82]
    assert names("describe_target_groups", "TargetGroups", "TargetGroupName") == ["tcp-80", "tcp-81", "tcp-82"]
    assert names("describe_target_groups", "TargetGroups", "TargetGroupName", LoadBalancerArn=arns["one"]) == [
        "tcp-80",
        "tcp-81",
        "tcp-82",
    ]
    code, _ = refused(cloud.elbv2.describe_target_groups, LoadBalancerArn=arns["two"])
    assert code == "TargetGroupNotFound"
    assert len(names("describe_account_limits", "Limits", "Name")) > 10
    assert "ELBSecurityPolicy-2016-08" in names("describe_ssl_policies", "SslPolicies", "Name")
    found = cloud.elbv2.describe_load_balancers(Names=["two"])["LoadBalancers"]
    assert [one["LoadBalancerArn"] for one in found] == [arns["two"]]
    assert cloud.elbv2.describe_load_balancers(LoadBalancerArns=[arns["three"]])["LoadBalancers"] != []


def test_filters_that_find_nothing_or_do_not_go_together(cloud: SmallCloud) -> None:
    elbv2, balancer = cloud.elbv2, network(cloud)
    arn = listener(cloud, balancer, tcp_group(cloud))
    assert refused(elbv2.describe_load_balancers, Names=["none"])[0] == "LoadBalancerNotFound"
    assert refused(elbv2.describe_load_balancers, Names=["x"], LoadBalancerArns=["y"])[0] == "ValidationError"
    assert refused(elbv2.describe_load_balancers, Marker="x")[0] == "ValidationError"
    assert refused(elbv2.describe_load_balancers, PageSize=401)[0] == "ValidationError"
    assert refused(elbv2.describe_listeners)[0] == "ValidationError"
    assert refused(elbv2.describe_listeners, LoadBalancerArn=balancer, ListenerArns=[arn])[0] == "ValidationError"
    assert refused(elbv2.describe_listeners, ListenerArns=[arn, arn + "x"])[0] == "ListenerNotFound"
    assert refused(elbv2.describe_listeners, LoadBalancerArn=balancer + "x")[0] == "LoadBalancerNotFound"
    assert refused(elbv2.describe_target_groups, Names=["none"])[0] == "TargetGroupNotFound"
    assert refused(elbv2.describe_target_groups, Names=["x"], LoadBalancerArn=balancer)[0] == "ValidationError"
    assert refused(elbv2.describe_ssl_policies, Names=["none"])[0] == "SSLPolicyNotFound"
    shown = elbv2.describe_listeners(ListenerArns=[arn])["Listeners"][0]
    assert (shown["Protocol"], shown["Port"], shown["LoadBalancerArn"]) == ("TCP", 80, balancer)
    assert "SslPolicy" not in shown
