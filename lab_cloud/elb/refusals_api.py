"""What the embedded cloud does not simulate of ELBv2: trust stores, reserved capacity, pools of addresses.

There are none of these, so describing them answers truly: nothing, or the error for what is not there. Making one is
refused.
"""

from typing import Any

from ..errors import AwsError
from ..wire import Answer, Call, moto_elb


class RefusedOperations:
    """The operations on trust stores, capacity and address pools."""

    def create_trust_store(self, call: Call, params: dict[str, Any]) -> Answer:
        """Refuse: clients' certificates are not verified here."""
        text = "The embedded cloud does not simulate mutual TLS, so it has no trust stores."
        raise AwsError("UnsupportedOperation", text)

    def describe_trust_stores(self, call: Call, params: dict[str, Any]) -> Answer:
        """None."""
        for one in [*(params.get("TrustStoreArns") or []), *(params.get("Names") or [])]:
            raise AwsError("TrustStoreNotFound", f"Trust store '{one}' not found")
        return {"TrustStores": []}

    def _no_trust_store(self, call: Call, params: dict[str, Any]) -> Answer:
        raise AwsError("TrustStoreNotFound", f"Trust store '{params['TrustStoreArn']}' not found")

    modify_trust_store = delete_trust_store = _no_trust_store
    add_trust_store_revocations = remove_trust_store_revocations = _no_trust_store
    describe_trust_store_associations = describe_trust_store_revocations = _no_trust_store
    delete_shared_trust_store_association = _no_trust_store
    get_trust_store_ca_certificates_bundle = get_trust_store_revocation_content = _no_trust_store

    def get_resource_policy(self, call: Call, params: dict[str, Any]) -> Answer:
        """None: only trust stores that are shared have policies."""
        raise AwsError("ResourceNotFound", f"The resource '{params['ResourceArn']}' has no policy")

    def describe_capacity_reservation(self, call: Call, params: dict[str, Any]) -> Answer:
        """Nothing is reserved."""
        _need(call.region, params["LoadBalancerArn"])
        return {"DecreaseRequestsRemaining": 2, "CapacityReservationState": []}

    def modify_capacity_reservation(self, call: Call, params: dict[str, Any]) -> Answer:
        """Refuse."""
        _need(call.region, params["LoadBalancerArn"])
        text = "The embedded cloud does not simulate capacity of load balancers: it is that of this machine."
        raise AwsError("UnsupportedOperation", text)

    def modify_ip_pools(self, call: Call, params: dict[str, Any]) -> Answer:
        """Refuse."""
        _need(call.region, params["LoadBalancerArn"])
        text = "The embedded cloud does not simulate address pools: its load balancers have loopback ports."
        raise AwsError("UnsupportedOperation", text)


def _need(region: str, arn: str) -> None:
    if moto_elb.load_balancer(region, arn) is None:
        raise AwsError("LoadBalancerNotFound", f"Load balancer '{arn}' not found")
