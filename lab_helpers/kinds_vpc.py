"""The things of a VPC that a lab makes: NAT gateways, subnets, route tables, public addresses."""

from collections.abc import Iterator, Sequence
from typing import Any

from .inventory import Kind, Tags, Thing, Wait, pages

STATES = {"Name": "state", "Values": ["pending", "available"]}


def _gateways(ec2: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages(ec2, "describe_nat_gateways", "NatGateways", Filters=[*tags.filters(), STATES]):
        yield Thing("NAT gateway", one["NatGatewayId"], one["NatGatewayId"], tags.lab(one["Tags"]) or 0)


def _delete_gateway(ec2: Any, thing: Thing) -> None:
    ec2.delete_nat_gateway(NatGatewayId=thing.id)


def _gateways_gone(ec2: Any, wait: Wait, things: Sequence[Thing]) -> None:
    """A subnet and an address are held until their gateway has gone."""
    wait(ec2, "nat_gateway_deleted", NatGatewayIds=[thing.id for thing in things])


def _subnets(ec2: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages(ec2, "describe_subnets", "Subnets", Filters=tags.filters()):
        yield Thing("subnet", one["CidrBlock"], one["SubnetId"], tags.lab(one["Tags"]) or 0)


def _delete_subnet(ec2: Any, thing: Thing) -> None:
    ec2.delete_subnet(SubnetId=thing.id)


def _route_tables(ec2: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages(ec2, "describe_route_tables", "RouteTables", Filters=tags.filters()):
        yield Thing("route table", one["RouteTableId"], one["RouteTableId"], tags.lab(one["Tags"]) or 0)


def _delete_route_table(ec2: Any, thing: Thing) -> None:
    table = ec2.describe_route_tables(RouteTableIds=[thing.id])["RouteTables"][0]
    for one in table["Associations"]:
        ec2.disassociate_route_table(AssociationId=one["RouteTableAssociationId"])
    ec2.delete_route_table(RouteTableId=thing.id)


def _addresses(ec2: Any, tags: Tags) -> Iterator[Thing]:
    for one in ec2.describe_addresses(Filters=tags.filters())["Addresses"]:
        yield Thing("public address", one["PublicIp"], one["AllocationId"], tags.lab(one["Tags"]) or 0)


def _release(ec2: Any, thing: Thing) -> None:
    ec2.release_address(AllocationId=thing.id)


NAT_GATEWAYS = Kind("NAT gateway", "ec2", _gateways, _delete_gateway, _gateways_gone)
ROUTE_TABLES = Kind("route table", "ec2", _route_tables, _delete_route_table)
SUBNETS = Kind("subnet", "ec2", _subnets, _delete_subnet)
ADDRESSES = Kind("public address", "ec2", _addresses, _release)
KINDS = (NAT_GATEWAYS, ROUTE_TABLES, SUBNETS, ADDRESSES)
