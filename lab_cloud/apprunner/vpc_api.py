"""Operations on VPC connectors and VPC ingress connections: described and stored.

A connector's subnets and security groups must exist; what instances reach is the same with and without it. A service
with an ingress connection goes on answering on loopback.
"""

from typing import Any, Protocol

from ..clock import Clock
from ..errors import AwsError
from ..wire.call import ACCOUNT, Call
from . import names, tags
from .pages import listed
from .resources import Ingress, Revision
from .store import CONNECTOR, INVALID, Region, Store, invalid, missing, quota

MOST = 10


class Networks(Protocol):
    """Amazon VPC, as App Runner uses it."""

    def problem(self, region: str, subnets: list[str], groups: list[str]) -> str:
        """Which of these does not exist, in words; empty when all do."""


class VpcOperations:
    """CreateVpcConnector to UpdateVpcIngressConnection."""

    _store: Store
    _clock: Clock
    _networks: Networks

    def create_vpc_connector(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Store a connector."""
        region = self._store.region(call.region)
        name, known = params["VpcConnectorName"], region.of_kind(CONNECTOR)
        if any(one.name == name for one in known):
            raise invalid(f"VPC connector with the provided name already exists: {name}.")
        if len(known) >= MOST:
            raise quota(f"You have reached the limit of {MOST} VPC connectors in a Region.")
        subnets, groups = params["Subnets"], params.get("SecurityGroups", [])
        if not subnets:
            raise invalid("A VPC connector needs at least one subnet.")
        problem = self._networks.problem(call.region, subnets, groups)
        if problem:
            raise invalid(problem)
        labels = tags.tag_dict(params.get("Tags"))
        number = max((one.number for one in region.of_kind(CONNECTOR, inactive=True) if one.name == name), default=0)
        values = {"Subnets": subnets, "SecurityGroups": groups}
        made = Revision(region.name, CONNECTOR, name, number + 1, values, self._clock.now(), tags=labels)
        region.revisions[made.arn] = made
        return {"VpcConnector": made.describe("VpcConnector")}

    def describe_vpc_connector(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """One connector."""
        region = self._store.region(call.region)
        found = region.revision(CONNECTOR, params["VpcConnectorArn"], "VpcConnector", inactive=True)
        return {"VpcConnector": found.describe("VpcConnector")}

    def list_vpc_connectors(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """All connectors."""
        known = self._store.region(call.region).of_kind(CONNECTOR)
        return listed([one.describe("VpcConnector") for one in known], params, "VpcConnectors")

    def delete_vpc_connector(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Delete a connector that no service uses."""
        region = self._store.region(call.region)
        found = region.revision(CONNECTOR, params["VpcConnectorArn"], "VpcConnector")
        for service in region.living():
            if service.settings.network["EgressConfiguration"].get("VpcConnectorArn") == found.arn:
                raise invalid(f"The VPC connector {found.arn} is used by the service {service.name}.")
        found.deleted = self._clock.now()
        return {"VpcConnector": found.describe("VpcConnector")}

    def create_vpc_ingress_connection(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Store an ingress connection of a service that is not public."""
        region = self._store.region(call.region)
        service = region.service(params["ServiceArn"], INVALID)
        if service.status != "RUNNING":
            raise AwsError("InvalidStateException", f"The service {service.name} is {service.status}, not RUNNING.")
        if service.settings.network["IngressConfiguration"]["IsPubliclyAccessible"]:
            raise invalid(
                f"The service {service.name} is publicly accessible. "
                "Set IngressConfiguration.IsPubliclyAccessible to False first."
            )
        living = [one for one in region.ingresses.values() if one.deleted is None]
        name = params["VpcIngressConnectionName"]
        if any(one.name == name for one in living):
            raise invalid(f"VPC ingress connection with the provided name already exists: {name}.")
        if any(one.service == service.arn for one in living):
            raise quota("A service has at most one VPC ingress connection.")
        labels = tags.tag_dict(params.get("Tags"))
        vpc, now = params["IngressVpcConfiguration"], self._clock.now()
        made = Ingress(region.name, name, service.arn, vpc, names.url(region.name), now, tags=labels)
        region.ingresses[made.arn] = made
        return {"VpcIngressConnection": made.describe(ACCOUNT)}

    def describe_vpc_ingress_connection(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """One ingress connection."""
        found = _ingress(self._store.region(call.region), params["VpcIngressConnectionArn"])
        return {"VpcIngressConnection": found.describe(ACCOUNT)}

    def list_vpc_ingress_connections(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """All ingress connections, or those that a filter lets through."""
        wanted = params.get("Filter", {})
        found = [
            {"VpcIngressConnectionArn": one.arn, "ServiceArn": one.service}
            for one in self._store.region(call.region).ingresses.values()
            if one.deleted is None
            and wanted.get("ServiceArn") in (None, one.service)
            and wanted.get("VpcEndpointId") in (None, one.vpc.get("VpcEndpointId"))
        ]
        return listed(found, params, "VpcIngressConnectionSummaryList")

    def update_vpc_ingress_connection(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Store another VPC endpoint."""
        found = _ingress(self._store.region(call.region), params["VpcIngressConnectionArn"])
        found.vpc = params["IngressVpcConfiguration"]
        return {"VpcIngressConnection": found.describe(ACCOUNT)}

    def delete_vpc_ingress_connection(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Forget an ingress connection."""
        region = self._store.region(call.region)
        found = _ingress(region, params["VpcIngressConnectionArn"])
        del region.ingresses[found.arn]
        found.deleted, found.status = self._clock.now(), "DELETED"
        return {"VpcIngressConnection": found.describe(ACCOUNT)}


def _ingress(region: Region, arn: str) -> Ingress:
    found = region.ingresses.get(arn)
    if found is None:
        raise missing("VpcIngressConnection", arn)
    return found
