"""Load balancers through boto3, down to the page."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab_cloud.errors import CloudError

from .small_cloud import REGION, SmallCloud, get, until
from .stage import Talk, forever


def allow(cloud: SmallCloud, group: str, source: str, port: int = 80) -> None:
    pair = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [{"GroupId": source}]}
    cloud.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[pair])


def served(cloud: SmallCloud, script: Any = forever) -> tuple[str, str, str]:
    """A load balancer with one healthy target: its ARN, the target group's, the target's address."""
    outside, inside = cloud.security_group("outside"), cloud.security_group("inside", None)
    allow(cloud, inside, outside)
    balancer, group = cloud.balancer([outside]), cloud.group()
    cloud.listener(balancer, group)
    address = cloud.task(script, [inside])
    cloud.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": address, "Port": 80}])
    until(lambda: cloud.states(group) == ["healthy"])
    return balancer, group, address


def test_from_nothing_to_a_page_and_back(cloud: SmallCloud) -> None:
    outside, inside = cloud.security_group("outside"), cloud.security_group("inside", None)
    allow(cloud, inside, outside)
    balancer, group = cloud.balancer([outside]), cloud.group()
    listener = cloud.listener(balancer, group)
    assert b"503 Service" in cloud.get("demo")
    address = cloud.task(forever, [inside])
    cloud.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": address, "Port": 80}])
    until(lambda: cloud.states(group) == ["healthy"])
    assert b"200 OK" in cloud.get("demo", "/hello")
    assert cloud.elb.counters()[balancer].snapshot()["target_2xx"] == 1
    cloud.elbv2.deregister_targets(TargetGroupArn=group, Targets=[{"Id": address, "Port": 80}])
    assert cloud.states(group) == ["draining"]
    url, _warning = cloud.elb.url("demo")
    assert b"503 Service" in get(url)
    cloud.elbv2.delete_listener(ListenerArn=listener)
    until(lambda: unreachable(url))
    with pytest.raises(CloudError, match="no listener"):
        cloud.elb.url("demo")


def unreachable(url: str) -> bool:
    try:
        get(url)
    except OSError:
        return True
    return False


def test_a_listener_whose_group_lets_nobody_in(cloud: SmallCloud) -> None:
    closed = cloud.security_group("closed", None)
    balancer = cloud.balancer([closed])
    cloud.listener(balancer, cloud.group())
    url, warning = cloud.elb.url("demo")
    assert "(closed) has no inbound rule that lets TCP port 80 in from your address" in warning
    until(lambda: unreachable(url) or get(url) == b"")
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    cloud.ec2.authorize_security_group_ingress(GroupId=closed, IpPermissions=[rule])
    assert cloud.elb.url("demo") == (url, "")
    assert b"503 Service" in get(url)


def test_a_task_whose_group_does_not_admit_the_load_balancer(cloud: SmallCloud) -> None:
    outside, inside = cloud.security_group("outside"), cloud.security_group("inside", None)
    balancer = cloud.balancer([outside])
    group = cloud.group(HealthCheckTimeoutSeconds=2, HealthCheckIntervalSeconds=5)
    cloud.listener(balancer, group)
    address = cloud.task(forever, [inside])
    cloud.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": address, "Port": 80}])
    until(lambda: cloud.states(group) == ["unhealthy"], seconds=15)
    health = cloud.health(group)[0]["TargetHealth"]
    assert health["Reason"] == "Target.Timeout"
    assert health["Description"].startswith("Request timed out (Security group")
    assert "from the load balancer demo" in health["Description"]
    allow(cloud, inside, outside)
    until(lambda: cloud.states(group) == ["healthy"])


def test_an_unused_group_checks_nothing_until_a_listener_uses_it(cloud: SmallCloud) -> None:
    group = cloud.group()
    address = cloud.task(forever, [cloud.security_group("open")])
    cloud.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": address}])
    assert cloud.health(group) == [
        {
            "Target": {"Id": address, "Port": 80},
            "HealthCheckPort": "80",
            "TargetHealth": {
                "State": "unused",
                "Reason": "Target.NotInUse",
                "Description": "Target group is not configured to receive traffic from the load balancer",
            },
        }
    ]
    cloud.listener(cloud.balancer([cloud.security_group("balancer")]), group)
    until(lambda: cloud.states(group) == ["healthy"])


def test_draining_ends_after_the_delay_divided_by_the_speed(cloud: SmallCloud) -> None:
    _balancer, group, address = served(cloud)
    cloud.elbv2.modify_target_group_attributes(
        TargetGroupArn=group, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "120"}]
    )
    until(lambda: cloud.elb.targets.group(group).config.deregistration_delay == 120)
    cloud.elbv2.deregister_targets(TargetGroupArn=group, Targets=[{"Id": address}])
    assert cloud.states(group) == ["draining"]
    until(lambda: cloud.states(group) == [])
    asked = cloud.elbv2.describe_target_health(TargetGroupArn=group, Targets=[{"Id": address}])
    assert asked["TargetHealthDescriptions"][0]["TargetHealth"] == {
        "State": "unused",
        "Reason": "Target.NotRegistered",
        "Description": "Target is not registered to the target group",
    }


def test_changed_health_checks_count_from_then_on(cloud: SmallCloud) -> None:
    def target(talk: Talk) -> None:
        good = b"/good" in talk.head()
        talk.reply(b"", b"200 OK" if good else b"404 Not Found")

    outside = cloud.security_group("outside")
    group = cloud.group(HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2, HealthyThresholdCount=2)
    cloud.listener(cloud.balancer([outside]), group)
    address = cloud.task(target, [outside])
    cloud.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": address}])
    until(lambda: cloud.states(group) == ["unhealthy"])
    assert "[404]" in cloud.health(group)[0]["TargetHealth"]["Description"]
    cloud.elbv2.modify_target_group(TargetGroupArn=group, Matcher={"HttpCode": "200-404"})
    until(lambda: cloud.states(group) == ["healthy"])
    cloud.elbv2.modify_target_group(TargetGroupArn=group, Matcher={"HttpCode": "200"})
    until(lambda: cloud.states(group) == ["unhealthy"])
    cloud.elbv2.modify_target_group(TargetGroupArn=group, HealthCheckPath="/good")
    until(lambda: cloud.states(group) == ["healthy"])


def test_fixed_response_and_a_second_listener(cloud: SmallCloud) -> None:
    balancer = cloud.balancer([cloud.security_group("both", 8080)])
    cloud.ec2.authorize_security_group_ingress(
        GroupId=cloud.ec2.describe_security_groups(GroupNames=["both"])["SecurityGroups"][0]["GroupId"],
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    )
    for port, text in ((8080, "other"), (80, "first")):
        action = {"StatusCode": "200", "ContentType": "text/plain", "MessageBody": text}
        cloud.elbv2.create_listener(
            LoadBalancerArn=balancer, Protocol="HTTP", Port=port,
            DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": action}],
        )  # fmt: skip
    assert cloud.get("demo").endswith(b"first")
    assert cloud.get("demo:8080").endswith(b"other")
    dns = cloud.elbv2.describe_load_balancers()["LoadBalancers"][0]["DNSName"]
    assert cloud.elb.url(f"http://{dns}/x")[0] == cloud.elb.url("demo")[0]
    assert cloud.elb.url(balancer)[0] == cloud.elb.url("demo")[0]
    assert cloud.elb.urls() == {"demo": cloud.elb.url("demo")[0]}


def test_weights(cloud: SmallCloud) -> None:
    web = cloud.security_group("web")
    balancer, blue, green = cloud.balancer([web]), cloud.group("blue"), cloud.group("green")
    for group, body in ((blue, b"blue"), (green, b"green")):
        address = cloud.task(lambda talk, body=body: talk.head() and talk.reply(body), [web])
        cloud.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": address}])
    weights = [{"TargetGroupArn": blue, "Weight": 0}, {"TargetGroupArn": green, "Weight": 1}]
    cloud.elbv2.create_listener(
        LoadBalancerArn=balancer, Protocol="HTTP", Port=80,
        DefaultActions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}],
    )  # fmt: skip
    until(lambda: cloud.states(blue) == cloud.states(green) == ["healthy"])
    assert {cloud.get("demo")[-5:] for _ in range(10)} == {b"green"}


def test_a_port_is_kept_across_restarts(cloud: SmallCloud, tmp_path: Path) -> None:
    cloud.listener(cloud.balancer([cloud.security_group()]), cloud.group())
    url, _ = cloud.elb.url("demo")
    remembered = json.loads((tmp_path / "elb-ports.json").read_text())
    assert url == f"http://127.0.0.1:{remembered[f'{REGION}/demo/80']}/"
    cloud.close()
    again = SmallCloud(tmp_path)
    try:
        again.listener(again.balancer([again.security_group()]), again.group())
        assert again.elb.url("demo")[0] == url
    finally:
        again.close()


def test_an_unknown_name_says_which_there_are(cloud: SmallCloud) -> None:
    cloud.listener(cloud.balancer([cloud.security_group()]), cloud.group())
    with pytest.raises(CloudError) as raised:
        cloud.elb.url("other")
    assert raised.value.remedy == "Load balancers here: demo."
    with pytest.raises(CloudError, match="no listener on port 81"):
        cloud.elb.url("demo:81")


def test_internal_load_balancers_and_other_kinds_say_why_they_are_closed(cloud: SmallCloud) -> None:
    web = cloud.security_group()
    cloud.listener(cloud.balancer([web], "inner", Scheme="internal"), cloud.group("one"))
    assert "internal" in cloud.elb.url("inner")[1]
    network = cloud.elbv2.create_load_balancer(Name="net", Type="network", Subnets=cloud.subnets(1), Scheme="internal")
    cloud.elbv2.create_listener(
        LoadBalancerArn=network["LoadBalancers"][0]["LoadBalancerArn"], Protocol="TCP", Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": cloud.group("two", Protocol="TCP")}],
    )  # fmt: skip
    assert "internal" in cloud.elb.url("net")[1]


def test_deleting_a_load_balancer_frees_all_that_it_held(cloud: SmallCloud) -> None:
    balancer, group, _address = served(cloud)
    url, _ = cloud.elb.url("demo")
    balancers = "ELB app/demo/*"
    found = cloud.ec2.describe_network_interfaces(Filters=[{"Name": "description", "Values": [balancers]}])
    assert len(found["NetworkInterfaces"]) == 2
    with pytest.raises(ClientError, match="ResourceInUse"):
        cloud.elbv2.delete_target_group(TargetGroupArn=group)
    outside = cloud.ec2.describe_security_groups(GroupNames=["outside"])["SecurityGroups"][0]["GroupId"]
    with pytest.raises(ClientError, match="DependencyViolation"):
        cloud.ec2.delete_security_group(GroupId=outside)
    cloud.elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    found = cloud.ec2.describe_network_interfaces(Filters=[{"Name": "description", "Values": [balancers]}])
    assert found["NetworkInterfaces"] == []
    until(lambda: unreachable(url))
    assert cloud.elbv2.describe_target_groups()["TargetGroups"][0]["LoadBalancerArns"] == []
    until(lambda: cloud.states(group) == ["unused"])
    cloud.elbv2.delete_target_group(TargetGroupArn=group)
    with pytest.raises(ClientError, match="TargetGroupNotFound"):
        cloud.states(group)


def test_a_reset_of_the_account_closes_everything(cloud: SmallCloud) -> None:
    _balancer, group, address = served(cloud)
    url, _ = cloud.elb.url("demo")
    cloud.forget()
    cloud.world.wake()
    until(lambda: unreachable(url))
    until(lambda: cloud.elb.targets.health(group, address, 80) is None)


def test_a_tick_without_a_change_does_nothing_to_the_data_plane(cloud: SmallCloud) -> None:
    served(cloud)
    with cloud.world.lock:
        cloud.elb.tick(0.0)
        doors = {key: door.listening for key, door in cloud.elb._doors.items()}
        cloud.elb.tick(0.0)
        assert all(cloud.elb._doors[key].listening is listening for key, listening in doors.items())
