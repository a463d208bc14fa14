"""The overrides of ELBv2, and the errors that a real account gives."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .small_cloud import SmallCloud
from .stage import forever


def refused(call: Callable[..., Any], **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call(**params)
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def test_bad_load_balancers(cloud: SmallCloud) -> None:
    create, (first, second) = cloud.elbv2.create_load_balancer, cloud.subnets()
    two_zones = ("ValidationError", "At least two subnets in two different Availability Zones must be specified")
    assert refused(create, Name="demo", Subnets=[first]) == two_zones
    assert refused(create, Name="demo") == two_zones
    assert refused(create, Name="demo", Subnets=[first, "subnet-nowhere"])[0] == "SubnetNotFound"
    assert refused(create, Name="demo", Subnets=[first, second], SecurityGroups=["sg-0"])[0] == "InvalidSecurityGroup"
    for name in ("-demo", "demo-", "de_mo", "x" * 33, "internal-demo"):
        assert refused(create, Name=name, Subnets=[first, second])[0] == "ValidationError"
    vpc = cloud.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    own = [
        cloud.ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")
        for number, zone in enumerate("aab")
    ]
    same, other, zone_b = (one["Subnet"]["SubnetId"] for one in own)
    assert refused(create, Name="demo", Subnets=[same, other, zone_b])[0] == "InvalidConfigurationRequest"
    assert refused(create, Name="demo", Subnets=[first, zone_b])[0] == "InvalidConfigurationRequest"
    assert refused(create, Name="demo", Subnets=[same, zone_b]) == (
        "InvalidSubnet",
        f"VPC {vpc} has no internet gateway",
    )
    foreign = cloud.security_group()
    code, _ = refused(create, Name="demo", Subnets=[same, zone_b], SecurityGroups=[foreign], Scheme="internal")
    assert code == "InvalidConfigurationRequest"
    assert cloud.elbv2.describe_load_balancers()["LoadBalancers"] == []


def test_a_load_balancer_as_aws_describes_it(cloud: SmallCloud) -> None:
    subnets = cloud.subnets()
    made = cloud.elbv2.create_load_balancer(Name="demo", Subnets=subnets)["LoadBalancers"][0]
    default = cloud.ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]["GroupId"]
    assert made["SecurityGroups"] == [default]
    assert (made["Scheme"], made["Type"], made["State"]["Code"]) == ("internet-facing", "application", "provisioning")
    assert made["DNSName"] == "demo-1.us-east-1.elb.amazonaws.com"
    assert [zone["SubnetId"] for zone in made["AvailabilityZones"]] == subnets
    cloud.elbv2.get_waiter("load_balancer_available").wait(Names=["demo"])
    found = cloud.elbv2.describe_load_balancers(Names=["demo"])["LoadBalancers"][0]
    assert found == made | {"State": {"Code": "active"}}
    answer = cloud.elbv2.describe_load_balancer_attributes(LoadBalancerArn=made["LoadBalancerArn"])
    attributes = {one["Key"]: one["Value"] for one in answer["Attributes"]}
    assert attributes["idle_timeout.timeout_seconds"] == "60"


def test_creating_a_load_balancer_twice(cloud: SmallCloud) -> None:
    group = cloud.security_group()
    first = cloud.balancer([group])
    assert cloud.balancer([group]) == first
    code, message = refused(cloud.elbv2.create_load_balancer, Name="demo", Subnets=cloud.subnets())
    assert code == "DuplicateLoadBalancerName"
    assert "with different settings" in message


def test_deletion_protection(cloud: SmallCloud) -> None:
    balancer = cloud.balancer([cloud.security_group()])
    protect = {"Key": "deletion_protection.enabled", "Value": "true"}
    cloud.elbv2.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=[protect])
    assert refused(cloud.elbv2.delete_load_balancer, LoadBalancerArn=balancer)[0] == "OperationNotPermitted"
    cloud.elbv2.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=[protect | {"Value": "false"}])
    cloud.elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    cloud.elbv2.delete_load_balancer(LoadBalancerArn=balancer)  # again: no error, as on AWS


def test_bad_listeners(cloud: SmallCloud) -> None:
    balancer, group = cloud.balancer([cloud.security_group()]), cloud.group()
    cloud.listener(balancer, group)
    create = cloud.elbv2.create_listener
    fit = {"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 81}

    def forward(arn: str) -> list[dict[str, str]]:
        return [{"Type": "forward", "TargetGroupArn": arn}]

    assert refused(create, **fit | {"Port": 80}, DefaultActions=forward(group)) == (
        "DuplicateListener",
        f"A listener already exists on port 80 for this load balancer '{balancer}'",
    )
    gone = balancer[:-1] + "x"
    assert refused(create, **fit | {"LoadBalancerArn": gone}, DefaultActions=[])[0] == "LoadBalancerNotFound"
    assert refused(create, **fit, DefaultActions=forward(group + "x"))[0] == "TargetGroupNotFound"
    assert refused(create, **fit, DefaultActions=[{"Type": "forward"}])[0] == "ValidationError"
    assert refused(create, **fit | {"Protocol": "HTTPS"}, DefaultActions=forward(group))[0] == "ValidationError"
    tcp = cloud.group("tcp", Protocol="TCP")
    assert refused(create, **fit, DefaultActions=forward(tcp))[0] == "IncompatibleProtocols"
    other = cloud.balancer([cloud.security_group("other")], "other")
    code, _ = refused(create, **fit | {"LoadBalancerArn": other}, DefaultActions=forward(group))
    assert code == "TargetGroupAssociationLimit"
    code, _ = refused(cloud.elbv2.modify_listener, ListenerArn=f"{gone}/1", DefaultActions=forward(group))
    assert code == "ListenerNotFound"


def test_creating_a_target_group_twice(cloud: SmallCloud) -> None:
    assert cloud.group(HealthCheckPath="/x") == cloud.group(HealthCheckPath="/x")
    code, _ = refused(cloud.group, Port=8080)
    assert code == "DuplicateTargetGroupName"
    code, message = refused(cloud.elbv2.create_target_group, Name="none", Protocol="HTTP", Port=80, VpcId="vpc-0")
    assert (code, message) == ("ValidationError", "The VPC ID 'vpc-0' is not found")


def test_bad_targets(cloud: SmallCloud) -> None:
    group, instances = cloud.group(), cloud.group("instances", TargetType="instance")
    register = cloud.elbv2.register_targets

    def bad(arn: str, name: str, **more: Any) -> str:
        return refused(register, TargetGroupArn=arn, Targets=[{"Id": name} | more])[0]

    assert bad(group + "x", "172.31.0.9") == "TargetGroupNotFound"
    assert bad(group, "i-0123456789abcdef0") == "ValidationError"
    assert bad(group, "not-an-address") == "ValidationError"
    assert bad(group, "8.8.8.8") == "InvalidTarget"
    assert bad(group, "10.9.9.9") == "ValidationError"
    assert bad(group, "172.31.0.9", Port=70000) == "ValidationError"
    assert bad(instances, "172.31.0.9") == "ValidationError"
    assert bad(instances, "i-0123456789abcdef0") == "InvalidTarget"
    good_and_bad = [{"Id": "172.31.0.9"}, {"Id": "8.8.8.8"}]
    assert refused(register, TargetGroupArn=group, Targets=good_and_bad)[0] == "InvalidTarget"
    assert cloud.health(group) == []  # nothing half made
    register(TargetGroupArn=group, Targets=[{"Id": "10.9.9.9", "AvailabilityZone": "all"}])
    assert cloud.health(group)[0]["Target"] == {"Id": "10.9.9.9", "Port": 80, "AvailabilityZone": "all"}


def test_health_of_what_does_not_exist(cloud: SmallCloud) -> None:
    group = cloud.group()
    describe = cloud.elbv2.describe_target_health
    unknown = refused(describe, TargetGroupArn=group + "x")
    assert unknown == ("TargetGroupNotFound", "One or more target groups not found")
    asked = describe(TargetGroupArn=group, Targets=[{"Id": "172.31.0.9", "Port": 81}])["TargetHealthDescriptions"]
    assert asked[0]["TargetHealth"]["Reason"] == "Target.NotRegistered"
    assert asked[0]["HealthCheckPort"] == "81"
    cloud.elbv2.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "172.31.0.9"}])


def test_the_same_address_with_two_ports(cloud: SmallCloud) -> None:
    group = cloud.group()
    address = cloud.task(forever, [cloud.security_group()])
    targets = [{"Id": address, "Port": 80}, {"Id": address, "Port": 8080}]
    cloud.elbv2.register_targets(TargetGroupArn=group, Targets=targets)
    assert [one["Target"]["Port"] for one in cloud.health(group)] == [80, 8080]
    cloud.elbv2.deregister_targets(TargetGroupArn=group, Targets=targets[1:])
    assert [one["Target"]["Port"] for one in cloud.health(group)] == [80]


def test_anomaly_detection_when_asked_for(cloud: SmallCloud) -> None:
    group = cloud.group()
    cloud.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": "172.31.0.9"}])
    answer = cloud.elbv2.describe_target_health(TargetGroupArn=group, Include=["All"])
    assert answer["TargetHealthDescriptions"][0]["AnomalyDetection"]["Result"] == "normal"
