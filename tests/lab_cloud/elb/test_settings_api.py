from .small_cloud import SmallCloud, until
from .test_api import refused
from .test_network import network


def test_other_security_groups_count_at_once(cloud: SmallCloud) -> None:
    closed, opened = cloud.security_group("closed", None), cloud.security_group("opened")
    balancer = cloud.balancer([closed])
    cloud.listener(balancer, cloud.group())
    assert "(closed) has no inbound rule" in cloud.elb.url("demo")[1]
    answer = cloud.elbv2.set_security_groups(LoadBalancerArn=balancer, SecurityGroups=[opened])
    assert answer["SecurityGroupIds"] == [opened]
    assert cloud.elb.url("demo")[1] == ""
    interfaces = cloud.ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [opened]}])
    assert len(interfaces["NetworkInterfaces"]) == 2


def test_security_groups_that_cannot_be(cloud: SmallCloud) -> None:
    balancer, net = cloud.balancer([cloud.security_group()]), network(cloud)
    group, change = cloud.security_group("other"), cloud.elbv2.set_security_groups
    assert refused(change, LoadBalancerArn=balancer, SecurityGroups=["sg-0"])[0] == "InvalidSecurityGroup"
    assert refused(change, LoadBalancerArn=balancer + "x", SecurityGroups=[group])[0] == "LoadBalancerNotFound"
    code, message = refused(change, LoadBalancerArn=net, SecurityGroups=[group])
    assert (code, "created without any" in message) == ("InvalidConfigurationRequest", True)


def test_other_subnets(cloud: SmallCloud) -> None:
    balancer = cloud.balancer([cloud.security_group()])
    cloud.listener(balancer, cloud.group())
    first, second, third = cloud.subnets(3)
    change = cloud.elbv2.set_subnets
    zones = change(LoadBalancerArn=balancer, Subnets=[second, third])["AvailabilityZones"]
    assert [one["SubnetId"] for one in zones] == [second, third]
    until(lambda: cloud.elb._fresh().load_balancers[0].subnets == (second, third))
    described = cloud.elbv2.describe_load_balancers()["LoadBalancers"][0]
    assert [one["SubnetId"] for one in described["AvailabilityZones"]] == [second, third]
    assert refused(change, LoadBalancerArn=balancer, Subnets=[first])[0] == "ValidationError"
    assert refused(change, LoadBalancerArn=balancer, Subnets=[first, "subnet-0"])[0] == "SubnetNotFound"
    mapped = [{"SubnetId": first}]
    assert refused(change, LoadBalancerArn=balancer, Subnets=[first], SubnetMappings=mapped)[0] == "ValidationError"


def test_types_of_addresses(cloud: SmallCloud) -> None:
    balancer, change = network(cloud), cloud.elbv2.set_ip_address_type
    assert change(LoadBalancerArn=balancer, IpAddressType="ipv4")["IpAddressType"] == "ipv4"
    assert refused(change, LoadBalancerArn=balancer, IpAddressType="dualstack")[0] == "InvalidConfigurationRequest"
    assert refused(change, LoadBalancerArn=balancer, IpAddressType="ipv5")[0] == "ValidationError"
