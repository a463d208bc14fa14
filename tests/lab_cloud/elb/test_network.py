"""Network Load Balancers through boto3, down to the bytes."""

import socket
import ssl
from typing import Any

from .small_cloud import SmallCloud, until
from .stage import Talk, forever
from .test_api import refused


def network(cloud: SmallCloud, name: str = "flow", **more: Any) -> str:
    made = cloud.elbv2.create_load_balancer(Name=name, Type="network", Subnets=cloud.subnets(), **more)
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


def tcp_group(cloud: SmallCloud, name: str = "tcp", **more: Any) -> str:
    return cloud.group(name, **{"Protocol": "TCP"} | more)


def listener(cloud: SmallCloud, balancer: str, group: str, port: int = 80, protocol: str = "TCP") -> str:
    made = cloud.elbv2.create_listener(
        LoadBalancerArn=balancer, Protocol=protocol, Port=port,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )  # fmt: skip
    return str(made["Listeners"][0]["ListenerArn"])


def connect(cloud: SmallCloud, name: str = "flow") -> Talk:
    url, warning = cloud.elb.url(name)
    assert warning == ""
    return Talk(socket.create_connection(("127.0.0.1", int(url.rstrip("/").rpartition(":")[2])), timeout=10))


def hello(talk: Talk) -> None:
    talk.send(b"hello " + talk.until(b"\n"))


def serve(cloud: SmallCloud, group: str, security_group: str, script: Any = hello) -> str:
    address = cloud.task(script, [security_group])
    cloud.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": address, "Port": 80}])
    return address


def test_from_nothing_to_bytes(cloud: SmallCloud) -> None:
    balancer, group = network(cloud), tcp_group(cloud)
    described = cloud.elbv2.describe_load_balancers(Names=["flow"])["LoadBalancers"][0]
    assert described["Type"] == "network"
    assert described.get("SecurityGroups", []) == []
    made = cloud.elbv2.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]
    assert (made["HealthCheckProtocol"], made["HealthCheckTimeoutSeconds"]) == ("TCP", 10)
    listener(cloud, balancer, group)
    serve(cloud, group, cloud.security_group("inside", 80, "172.31.0.0/16"))
    until(lambda: cloud.states(group) == ["healthy"])
    with connect(cloud) as talk:
        talk.send(b"world\n")
        assert talk.rest() == b"hello world\n"
    counts = cloud.elb.flows()[balancer].snapshot()
    assert (counts["NewFlowCount"], counts["ProcessedBytes"]) == (1, 18)


def test_the_security_groups_of_a_network_load_balancer(cloud: SmallCloud) -> None:
    outside, inside = cloud.security_group("outside", None), cloud.security_group("inside", None)
    balancer, group = network(cloud, SecurityGroups=[outside]), tcp_group(cloud)
    listener(cloud, balancer, group)
    _url, warning = cloud.elb.url("flow")
    assert "(outside) has no inbound rule that lets TCP port 80 in from your address" in warning
    pair = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
    cloud.ec2.authorize_security_group_ingress(
        GroupId=outside, IpPermissions=[pair | {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    )
    cloud.ec2.authorize_security_group_ingress(
        GroupId=inside, IpPermissions=[pair | {"UserIdGroupPairs": [{"GroupId": outside}]}]
    )
    serve(cloud, group, inside)
    until(lambda: cloud.states(group) == ["healthy"])
    with connect(cloud) as talk:
        talk.send(b"x\n")
        assert talk.rest() == b"hello x\n"


def test_a_preserved_client_address_is_the_one_to_admit(cloud: SmallCloud) -> None:
    balancer, group = network(cloud), tcp_group(cloud)
    listener(cloud, balancer, group)
    address = serve(cloud, group, cloud.security_group("inside", 80, "172.31.0.0/16"))
    until(lambda: cloud.states(group) == ["healthy"])
    target = cloud.elb.targets.group(group).targets[address, 80]
    assert target.barrier == ""
    preserve = [{"Key": "preserve_client_ip.enabled", "Value": "true"}]
    cloud.elbv2.modify_target_group_attributes(TargetGroupArn=group, Attributes=preserve)
    until(lambda: "from your address" in target.barrier)
    assert target.check_barrier == ""
    assert cloud.states(group) == ["healthy"]  # checks come from the load balancer's own addresses


def test_what_is_not_carried_says_so(cloud: SmallCloud) -> None:
    balancer, group = network(cloud), tcp_group(cloud, Protocol="UDP")
    listener(cloud, balancer, group, 53, "UDP")
    _url, warning = cloud.elb.url("flow")
    assert "speaks UDP; the embedded cloud carries TCP and TLS only" in warning


def test_http_checks_of_a_tcp_group(cloud: SmallCloud) -> None:
    group = tcp_group(cloud, HealthCheckProtocol="HTTP", HealthCheckPath="/health")
    listener(cloud, network(cloud), group)
    serve(cloud, group, cloud.security_group("inside"), forever)
    until(lambda: cloud.states(group) == ["healthy"])


def test_targets_by_instance(cloud: SmallCloud) -> None:
    balancer, group = network(cloud), tcp_group(cloud, TargetType="instance")
    listener(cloud, balancer, group)
    inside = cloud.security_group("inside")
    image = cloud.ec2.describe_images()["Images"][0]["ImageId"]
    instance = cloud.ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, SubnetId=cloud.subnets()[0], SecurityGroupIds=[inside]
    )["Instances"][0]
    address = cloud.task(hello, [inside])  # a container in host mode: found by its host's id and address
    loopback = cloud.book.lookup(address, 80)
    assert loopback is not None
    cloud.book.add(instance["PrivateIpAddress"], 32768, loopback)
    cloud.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": instance["InstanceId"], "Port": 32768}])
    rule = {"IpProtocol": "tcp", "FromPort": 32768, "ToPort": 61000, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    cloud.ec2.authorize_security_group_ingress(GroupId=inside, IpPermissions=[rule])
    until(lambda: cloud.states(group) == ["healthy"])
    assert cloud.health(group)[0]["Target"] == {"Id": instance["InstanceId"], "Port": 32768}
    with connect(cloud) as talk:
        talk.send(b"x\n")
        assert talk.rest() == b"hello x\n"
    cloud.ec2.stop_instances(InstanceIds=[instance["InstanceId"]])
    until(lambda: cloud.states(group) == ["unused"])
    stopped = {"State": "unused", "Reason": "Target.InvalidState", "Description": "Target is in the stopped state"}
    assert cloud.health(group)[0]["TargetHealth"] == stopped
    cloud.ec2.start_instances(InstanceIds=[instance["InstanceId"]])
    until(lambda: cloud.states(group) == ["healthy"])
    cloud.ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    until(lambda: cloud.states(group) == ["draining"])


def test_a_tls_listener_ends_tls_and_carries_bytes(cloud: SmallCloud) -> None:
    balancer, group = network(cloud), tcp_group(cloud)
    acm = cloud.client("acm")
    certificate = acm.request_certificate(DomainName="secure.example.com")["CertificateArn"]
    until(lambda: acm.describe_certificate(CertificateArn=certificate)["Certificate"]["Status"] == "ISSUED")
    acm.close()
    cloud.elbv2.create_listener(
        LoadBalancerArn=balancer, Protocol="TLS", Port=443, Certificates=[{"CertificateArn": certificate}],
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )  # fmt: skip
    serve(cloud, group, cloud.security_group("inside"))
    until(lambda: cloud.states(group) == ["healthy"])
    trust = ssl.create_default_context(cafile=str(cloud.elb.authority.ca_file))
    url, warning = cloud.elb.url("flow:443")
    assert (url.partition(":")[0], warning) == ("https", "")
    plain = socket.create_connection(("127.0.0.1", int(url.rstrip("/").rpartition(":")[2])), timeout=10)
    with Talk(trust.wrap_socket(plain, server_hostname="secure.example.com")) as talk:
        talk.send(b"x\n")
        assert talk.rest() == b"hello x\n"


def test_a_listener_changes_from_udp_to_tcp(cloud: SmallCloud) -> None:
    balancer, udp = network(cloud), tcp_group(cloud, "udp", Protocol="UDP")
    arn, group = listener(cloud, balancer, udp, 53, "UDP"), tcp_group(cloud)
    change = cloud.elbv2.modify_listener
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    assert refused(change, ListenerArn=arn, Protocol="UDP", DefaultActions=forward)[0] == "IncompatibleProtocols"
    assert refused(change, ListenerArn=arn, Protocol="TCP")[0] == "IncompatibleProtocols"
    made = change(ListenerArn=arn, Protocol="TCP", Port=80, DefaultActions=forward)["Listeners"][0]
    assert (made["Protocol"], made["Port"]) == ("TCP", 80)
    serve(cloud, group, cloud.security_group("inside"))
    until(lambda: cloud.states(group) == ["healthy"])
    with connect(cloud) as talk:
        talk.send(b"x\n")
        assert talk.rest() == b"hello x\n"


def test_an_application_load_balancer_as_the_target(cloud: SmallCloud) -> None:
    inner = cloud.balancer([cloud.security_group("inner")], "inner", Scheme="internal")
    web = cloud.group()
    cloud.listener(inner, web)
    address = cloud.task(forever, [cloud.security_group("inside")])
    cloud.elbv2.register_targets(TargetGroupArn=web, Targets=[{"Id": address}])
    group = tcp_group(cloud, TargetType="alb", HealthCheckPath="/health")
    listener(cloud, network(cloud), group)
    cloud.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": inner}])
    until(lambda: cloud.states(group) == ["healthy"])
    assert b"GET /hello HTTP/1.1" in cloud.get("flow", "/hello")
    assert "internal" in cloud.elb.url("inner")[1]  # from outside it stays closed
    cloud.elbv2.deregister_targets(TargetGroupArn=group, Targets=[{"Id": inner}])
    until(lambda: cloud.states(group) == [] and cloud.book.lookup(inner, 80) is None, seconds=15)


def test_targets_that_are_no_application_load_balancer(cloud: SmallCloud) -> None:
    balancer, group = network(cloud), tcp_group(cloud, TargetType="alb")
    register = cloud.elbv2.register_targets
    assert refused(register, TargetGroupArn=group, Targets=[{"Id": balancer}])[0] == "InvalidTarget"
    lone = cloud.balancer([cloud.security_group()])
    code, message = refused(register, TargetGroupArn=group, Targets=[{"Id": lone}])
    assert (code, "must have a listener on" in message) == ("InvalidTarget", True)
    functions = cloud.elbv2.create_target_group(Name="functions", TargetType="lambda")["TargetGroups"][0]
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    code, message = refused(register, TargetGroupArn=functions["TargetGroupArn"], Targets=[{"Id": arn}])
    assert (code, "no Lambda functions" in message) == ("InvalidTarget", True)


def test_listeners_that_a_network_load_balancer_cannot_have(cloud: SmallCloud) -> None:
    balancer, group = network(cloud), tcp_group(cloud)
    udp, web = tcp_group(cloud, "udp", Protocol="UDP"), cloud.group()

    def bad(to: str, port: int | None = 80, protocol: str | None = "TCP") -> str:
        given = {"LoadBalancerArn": balancer, "Port": port, "Protocol": protocol}
        actions = [{"Type": "forward", "TargetGroupArn": to}]
        present = {name: value for name, value in given.items() if value is not None}
        return refused(cloud.elbv2.create_listener, DefaultActions=actions, **present)[0]

    assert bad(group, None) == "ValidationError"
    assert bad(group, 80, None) == "ValidationError"
    assert bad(group, 80, "HTTP") == "ValidationError"
    assert bad(group, 80, "QUIC") == "UnsupportedProtocol"
    assert bad(udp) == "IncompatibleProtocols"
    assert bad(web) == "IncompatibleProtocols"
    first, second = listener(cloud, balancer, group), listener(cloud, balancer, tcp_group(cloud, "two"), 81)
    assert bad(group) == "DuplicateListener"
    assert refused(cloud.elbv2.modify_listener, ListenerArn=second, Port=80)[0] == "DuplicateListener"
    cloud.elbv2.modify_listener(ListenerArn=first, Port=82)
    ports = [one["Port"] for one in cloud.elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"]]
    assert ports == [82, 81]
