from typing import Any

from .small_cloud import SmallCloud, until
from .test_api import refused
from .test_network import listener, network, tcp_group


def pairs(**values: str) -> list[dict[str, str]]:
    return [{"Key": key.replace("__", "."), "Value": value} for key, value in values.items()]


def by_key(answer: dict[str, Any]) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in answer["Attributes"]}


def test_attributes_of_load_balancers(cloud: SmallCloud) -> None:
    application, net = cloud.balancer([cloud.security_group()]), network(cloud)
    describe, modify = cloud.elbv2.describe_load_balancer_attributes, cloud.elbv2.modify_load_balancer_attributes
    assert by_key(describe(LoadBalancerArn=application))["routing.http2.enabled"] == "true"
    assert "idle_timeout.timeout_seconds" not in by_key(describe(LoadBalancerArn=net))
    after = by_key(modify(LoadBalancerArn=application, Attributes=pairs(idle_timeout__timeout_seconds="90")))
    assert after == by_key(describe(LoadBalancerArn=application))
    until(lambda: cloud.elb._fresh().load_balancers[0].idle_timeout == 90)

    def bad(arn: str, **values: str) -> str:
        return refused(modify, LoadBalancerArn=arn, Attributes=pairs(**values))[0]

    assert bad(application, idle_timeout__timeout_seconds="0") == "ValidationError"
    assert bad(application, access_logs__s3__enabled="true") == "InvalidConfigurationRequest"
    assert bad(application, load_balancing__cross_zone__enabled="false") == "ValidationError"
    assert bad(net, client_keep_alive__seconds="60") == "InvalidConfigurationRequest"
    assert bad(net + "x", deletion_protection__enabled="true") == "LoadBalancerNotFound"
    assert refused(describe, LoadBalancerArn=net + "x")[0] == "LoadBalancerNotFound"


def test_attributes_of_target_groups(cloud: SmallCloud) -> None:
    web, tcp = cloud.group(), tcp_group(cloud)
    describe, modify = cloud.elbv2.describe_target_group_attributes, cloud.elbv2.modify_target_group_attributes
    assert by_key(describe(TargetGroupArn=web))["stickiness.type"] == "lb_cookie"
    assert by_key(describe(TargetGroupArn=tcp))["preserve_client_ip.enabled"] == "false"
    by_instance = tcp_group(cloud, "hosts", TargetType="instance")
    assert by_key(describe(TargetGroupArn=by_instance))["preserve_client_ip.enabled"] == "true"
    after = by_key(modify(TargetGroupArn=web, Attributes=pairs(deregistration_delay__timeout_seconds="3600")))
    assert after["deregistration_delay.timeout_seconds"] == "3600"
    assert after == by_key(describe(TargetGroupArn=web))

    def bad(arn: str, **values: str) -> tuple[str, str]:
        return refused(modify, TargetGroupArn=arn, Attributes=pairs(**values))

    assert bad(web, deregistration_delay__timeout_seconds="3601") == (
        "ValidationError",
        "'deregistration_delay.timeout_seconds' value '3601' must be between '0-3600' inclusive",
    )
    assert bad(web, slow_start__duration_seconds="29")[0] == "ValidationError"
    assert bad(tcp, slow_start__duration_seconds="30")[0] == "InvalidConfigurationRequest"
    assert bad(tcp, stickiness__type="lb_cookie")[0] == "InvalidConfigurationRequest"
    assert bad(web, stickiness__type="source_ip")[0] == "InvalidConfigurationRequest"
    assert bad(web, stickiness__type="app_cookie")[0] == "InvalidConfigurationRequest"
    assert bad(web, proxy_protocol_v2__enabled="true")[0] == "InvalidConfigurationRequest"
    assert bad(web, load_balancing__algorithm__anomaly_mitigation="on")[0] == "InvalidConfigurationRequest"
    mixed = {"slow_start__duration_seconds": "30", "load_balancing__algorithm__type": "weighted_random"}
    assert bad(web, **mixed)[0] == "InvalidConfigurationRequest"
    assert bad(web + "x", stickiness__enabled="true")[0] == "TargetGroupNotFound"


def test_attributes_of_listeners(cloud: SmallCloud) -> None:
    tcp = listener(cloud, network(cloud), tcp_group(cloud))
    http = cloud.listener(cloud.balancer([cloud.security_group()]), cloud.group())
    describe, modify = cloud.elbv2.describe_listener_attributes, cloud.elbv2.modify_listener_attributes
    assert by_key(describe(ListenerArn=tcp)) == {"tcp.idle_timeout.seconds": "350"}
    assert by_key(describe(ListenerArn=http))["routing.http.response.server.enabled"] == "true"
    modify(ListenerArn=tcp, Attributes=pairs(tcp__idle_timeout__seconds="60"))
    until(lambda: [door.listening.idle_timeout for door in cloud.elb._doors.values() if door.listening.flows] == [60])
    bad = refused(modify, ListenerArn=tcp, Attributes=pairs(tcp__idle_timeout__seconds="59"))
    assert bad == ("ValidationError", "'tcp.idle_timeout.seconds' value '59' must be between '60-6000' inclusive")
    code, _ = refused(modify, ListenerArn=http, Attributes=pairs(tcp__idle_timeout__seconds="60"))
    assert code == "InvalidConfigurationRequest"
    assert refused(describe, ListenerArn=http + "x")[0] == "ListenerNotFound"
    policy = "routing.http.response.content_security_policy.header_value"
    for value in ("a\r\nSet-Cookie: b", "ö", "x" * 1025):
        code, _ = refused(modify, ListenerArn=http, Attributes=[{"Key": policy, "Value": value}])
        assert code == "ValidationError"
