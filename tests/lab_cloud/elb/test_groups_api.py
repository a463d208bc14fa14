from typing import Any

from .small_cloud import SmallCloud, until
from .stage import Talk
from .test_api import refused
from .test_network import listener, network, serve, tcp_group


def two_pages(talk: Talk) -> None:
    """A target that is well on /good, and nowhere else."""
    while True:
        good = b"/good" in talk.head()
        talk.reply(status=b"200 OK" if good else b"500 Internal Server Error")


def test_changed_checks_count_at_once(cloud: SmallCloud) -> None:
    group = cloud.group(HealthCheckIntervalSeconds=300, HealthCheckPath="/good")
    cloud.listener(cloud.balancer([cloud.security_group()]), group)
    serve(cloud, group, cloud.security_group("inside"), two_pages)
    until(lambda: cloud.states(group) == ["healthy"])
    answer = cloud.elbv2.modify_target_group(
        TargetGroupArn=group, HealthCheckPath="/bad", HealthCheckIntervalSeconds=15, UnhealthyThresholdCount=2
    )
    made = answer["TargetGroups"][0]
    assert (made["HealthCheckPath"], made["HealthCheckIntervalSeconds"]) == ("/bad", 15)
    until(lambda: cloud.states(group) == ["unhealthy"])
    cloud.elbv2.modify_target_group(TargetGroupArn=group, Matcher={"HttpCode": "200-499"}, HealthyThresholdCount=2)
    described = cloud.elbv2.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]
    assert described["Matcher"] == {"HttpCode": "200-499"}
    cloud.elbv2.modify_target_group(TargetGroupArn=group, HealthCheckPath="/good")
    until(lambda: cloud.states(group) == ["healthy"])


def test_checks_of_a_tcp_group_may_change_to_http(cloud: SmallCloud) -> None:
    group = tcp_group(cloud)
    listener(cloud, network(cloud), group)
    made = cloud.elbv2.modify_target_group(TargetGroupArn=group, HealthCheckProtocol="HTTP")["TargetGroups"][0]
    assert (made["HealthCheckPath"], made["Matcher"]) == ("/", {"HttpCode": "200-399"})
    serve(cloud, group, cloud.security_group("inside"), two_pages)
    until(lambda: cloud.states(group) == ["unhealthy"])
    made = cloud.elbv2.modify_target_group(TargetGroupArn=group, HealthCheckProtocol="TCP")["TargetGroups"][0]
    assert "Matcher" not in made
    until(lambda: cloud.states(group) == ["healthy"])


def test_what_a_target_group_cannot_be(cloud: SmallCloud) -> None:
    def bad(**more: Any) -> str:
        return refused(cloud.group, **more)[0]

    assert bad(name="-x") == "ValidationError"
    assert bad(HealthCheckPath="x") == "ValidationError"
    assert bad(HealthCheckPort="70000") == "ValidationError"
    assert bad(HealthCheckEnabled=False) == "ValidationError"
    assert bad(HealthCheckProtocol="TCP") == "InvalidConfigurationRequest"
    assert bad(Matcher={"HttpCode": "200-500"}) == "ValidationError"
    assert bad(Matcher={"HttpCode": "2xx"}) == "ValidationError"
    assert bad(Matcher={"GrpcCode": "0"}) == "ValidationError"
    assert bad(ProtocolVersion="GRPC") == "UnsupportedOperation"
    assert bad(Protocol="TCP", Matcher={"HttpCode": "200"}) == "InvalidConfigurationRequest"
    assert bad(Protocol="TCP", HealthCheckProtocol="UDP") == "ValidationError"
    assert bad(TargetType="alb", Protocol="HTTP") == "InvalidConfigurationRequest"
    assert bad(HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=5) == "ValidationError"
    group = cloud.group()
    modify = cloud.elbv2.modify_target_group
    assert refused(modify, TargetGroupArn=group, HealthCheckTimeoutSeconds=31)[0] == "ValidationError"
    assert refused(modify, TargetGroupArn=group + "x", HealthCheckPath="/")[0] == "TargetGroupNotFound"


def test_deleting_target_groups(cloud: SmallCloud) -> None:
    group = cloud.group()
    cloud.listener(cloud.balancer([cloud.security_group()]), group)
    assert refused(cloud.elbv2.delete_target_group, TargetGroupArn=group)[0] == "ResourceInUse"
    other = cloud.group("other")
    cloud.elbv2.delete_target_group(TargetGroupArn=other)
    cloud.elbv2.delete_target_group(TargetGroupArn=other)
    assert [one["TargetGroupName"] for one in cloud.elbv2.describe_target_groups()["TargetGroups"]] == ["web"]
