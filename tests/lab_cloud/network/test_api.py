"""The network of an account through boto3, and the plain copies that decisions are made on."""

from ipaddress import IPv4Address, IPv4Network

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.errors import AwsError
from lab_cloud.network import reach
from lab_cloud.network.model import Rule
from lab_cloud.wire import moto_ec2
from tests.lab_cloud.elb.small_cloud import REGION, SmallCloud


def test_the_default_vpc_has_what_aws_gives_it(cloud: SmallCloud) -> None:
    gateways = cloud.ec2.describe_internet_gateways()["InternetGateways"]
    assert [one["Attachments"][0]["VpcId"] for one in gateways] == [cloud.vpc()]
    routes = cloud.ec2.describe_route_tables()["RouteTables"][0]["Routes"]
    assert any(route.get("GatewayId") == gateways[0]["InternetGatewayId"] for route in routes)
    default = cloud.ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]
    pairs = default["IpPermissions"][0]["UserIdGroupPairs"]
    assert [pair["GroupId"] for pair in pairs] == [default["GroupId"]]


def test_what_a_learner_removes_stays_removed(cloud: SmallCloud) -> None:
    gateway = cloud.ec2.describe_internet_gateways()["InternetGateways"][0]["InternetGatewayId"]
    cloud.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=cloud.vpc())
    cloud.ec2.delete_internet_gateway(InternetGatewayId=gateway)
    default = cloud.ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]
    cloud.ec2.revoke_security_group_ingress(GroupId=default["GroupId"], IpPermissions=default["IpPermissions"])
    assert cloud.ec2.describe_internet_gateways()["InternetGateways"] == []
    assert cloud.ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]["IpPermissions"] == []
    with cloud.world.lock:
        assert not moto_ec2.has_internet_gateway(REGION, cloud.vpc())


def test_a_security_group_in_use_cannot_be_deleted(cloud: SmallCloud) -> None:
    used, named = cloud.security_group("used"), cloud.security_group("named", None)
    pair = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": named}]}
    cloud.ec2.authorize_security_group_ingress(GroupId=used, IpPermissions=[pair])
    with cloud.world.lock:
        eni = moto_ec2.create_eni(REGION, cloud.subnets()[0], [used])
    for group in (used, named):
        with pytest.raises(ClientError, match="DependencyViolation"):
            cloud.ec2.delete_security_group(GroupId=group)
    default = cloud.ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]["GroupId"]
    with pytest.raises(ClientError, match="CannotDelete"):
        cloud.ec2.delete_security_group(GroupId=default)
    with cloud.world.lock:
        moto_ec2.delete_eni(REGION, eni.id)
    for group in (used, named):
        cloud.ec2.delete_security_group(GroupId=group)


def test_nothing_stays_of_a_nat_gateway_and_a_subnet_that_have_gone(cloud: SmallCloud) -> None:
    ec2 = cloud.ec2

    def there() -> tuple[int, set[str]]:
        acls = ec2.describe_network_acls()["NetworkAcls"]
        subnets = {one["SubnetId"] for acl in acls for one in acl["Associations"]}
        return len(ec2.describe_network_interfaces()["NetworkInterfaces"]), subnets

    before = there()
    subnet = ec2.create_subnet(VpcId=cloud.vpc(), CidrBlock="172.31.240.0/24")["Subnet"]["SubnetId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    assert there() == (before[0] + 1, before[1] | {subnet})
    ec2.delete_nat_gateway(NatGatewayId=made)
    assert "AssociationId" not in ec2.describe_addresses(AllocationIds=[address])["Addresses"][0]
    ec2.release_address(AllocationId=address)
    ec2.delete_subnet(SubnetId=subnet)
    assert there() == before


def test_the_tags_of_a_thing_end_with_it(cloud: SmallCloud) -> None:
    ec2, name = cloud.ec2, "tagged"

    def tagged() -> set[str]:
        filters = [{"Name": "key", "Values": ["ends"]}]
        return {one["ResourceId"] for one in ec2.describe_tags(Filters=filters)["Tags"]}

    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
    data = {"InstanceType": "t3.micro"}
    made = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    template = made["LaunchTemplate"]["LaunchTemplateId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    all_of_them = {vpc, subnet, group, template, address, volume}
    ec2.create_tags(Resources=[*all_of_them], Tags=[{"Key": "ends", "Value": "with it"}])
    assert tagged() == all_of_them
    ec2.delete_security_group(GroupId=group)
    ec2.delete_launch_template(LaunchTemplateId=template)
    assert tagged() == {vpc, subnet, address, volume}
    ec2.delete_volume(VolumeId=volume)
    ec2.release_address(AllocationId=address)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)
    assert tagged() == set()


def test_rules_as_plain_copies(cloud: SmallCloud) -> None:
    group = cloud.security_group("web", 80, "10.0.0.0/8")
    every = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}
    cloud.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[every])
    with cloud.world.lock:
        found = moto_ec2.security_groups(REGION)[group]
    assert found.name == "web"
    assert found.inbound == (Rule("tcp", 80, 80, "10.0.0.0/8"), Rule("-1", group=group))


def test_interfaces(cloud: SmallCloud) -> None:
    group, subnet = cloud.security_group(), cloud.subnets()[0]
    with cloud.world.lock:
        eni = moto_ec2.create_eni(REGION, subnet, [group], public_ip=True, description="task")
        plain = moto_ec2.create_eni(REGION, subnet, [])
        where = moto_ec2.subnet(REGION, subnet)
        network = moto_ec2.network(REGION)
        assert where is not None
        assert IPv4Address(eni.private_ip) in IPv4Network(where.cidr)
        assert eni.private_dns == f"ip-{eni.private_ip.replace('.', '-')}.ec2.internal"
        assert (eni.public_ip is not None, plain.public_ip) == (True, None)
        assert network.members[eni.private_ip] == (group,)
        assert plain.groups == (moto_ec2.default_group(REGION, cloud.vpc()),)
    found = cloud.ec2.describe_network_interfaces(NetworkInterfaceIds=[eni.id])["NetworkInterfaces"][0]
    assert (found["PrivateIpAddress"], found["Description"], found["Status"]) == (eni.private_ip, "task", "in-use")
    with cloud.world.lock:
        moto_ec2.delete_eni(REGION, eni.id)
        moto_ec2.delete_eni(REGION, eni.id)
        assert eni.private_ip not in moto_ec2.network(REGION).members
        with pytest.raises(AwsError, match="does not exist"):
            moto_ec2.create_eni(REGION, "subnet-nowhere", [])
        with pytest.raises(AwsError, match="does not exist"):
            moto_ec2.create_eni(REGION, subnet, ["sg-nowhere"])


def test_a_full_subnet_says_so(cloud: SmallCloud) -> None:
    vpc = cloud.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = cloud.ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/28")["Subnet"]["SubnetId"]
    with cloud.world.lock:
        addresses = {moto_ec2.create_eni(REGION, subnet, []).private_ip for _ in range(11)}
        assert addresses == {f"10.1.0.{last}" for last in range(4, 15)}
        with pytest.raises(AwsError, match="free addresses"):
            moto_ec2.create_eni(REGION, subnet, [])


def test_where_a_subnets_packets_go(cloud: SmallCloud) -> None:
    vpc = cloud.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = cloud.ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]
    table = cloud.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]

    def route() -> str:
        with cloud.world.lock:
            found = moto_ec2.subnet(REGION, subnet)
        assert found is not None
        return found.default_route

    assert route() == "none"
    gateway = cloud.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    cloud.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    cloud.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    assert route() == "none"  # the table is not the subnet's yet
    cloud.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    assert route() == "internet-gateway"
    address = cloud.ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = cloud.ec2.create_nat_gateway(SubnetId=cloud.subnets()[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
    cloud.ec2.replace_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    assert route() == "nat"
    with cloud.world.lock:
        default = moto_ec2.subnet(REGION, cloud.subnets()[0])
    assert default is not None
    assert default.default_route == "internet-gateway"


def test_endpoints_that_let_a_private_subnet_pull(cloud: SmallCloud) -> None:
    vpc = cloud.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = cloud.ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]
    table = cloud.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]

    def can_pull() -> bool:
        with cloud.world.lock:
            found = moto_ec2.subnet(REGION, subnet)
        assert found is not None
        return reach.can_pull(found, assign_public_ip=False).allowed

    assert not can_pull()
    for name in ("ecr.api", "ecr.dkr"):
        cloud.ec2.create_vpc_endpoint(
            VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.{name}", VpcEndpointType="Interface", SubnetIds=[subnet]
        )
    assert not can_pull()
    cloud.ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=[table["RouteTableId"]]
    )
    assert can_pull()


@given(st.text(max_size=20))
def test_no_text_is_taken_for_a_block_that_it_is_not(text: str) -> None:
    assert reach.network(text) is None or "/" in text or text.count(".") == 3 or text.isdigit()
