"""Operations on custom domains: described and stored. No domain can be proved here: its certificate stays pending."""

import secrets
from typing import Any

from ..errors import AwsError
from ..wire.call import Call
from .pages import listed
from .store import INVALID, Store, invalid

MOST = 5


class DomainOperations:
    """AssociateCustomDomain, DescribeCustomDomains, DisassociateCustomDomain."""

    _store: Store

    def associate_custom_domain(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Store a domain, with the records that would prove it."""
        region = self._store.region(call.region)
        service = region.service(params["ServiceArn"], INVALID)
        if service.status != "RUNNING":
            raise AwsError("InvalidStateException", f"The service {service.name} is {service.status}, not RUNNING.")
        name, known = params["DomainName"], region.domains.setdefault(service.arn, {})
        if name in known:
            raise invalid(f"The domain {name} is already associated with the service {service.name}.")
        if len(known) >= MOST:
            raise invalid(f"A service has at most {MOST} custom domains.")
        www = params.get("EnableWWWSubdomain", True)
        record = {
            "Name": f"_{secrets.token_hex(16)}.{name}.",
            "Type": "CNAME",
            "Value": f"_{secrets.token_hex(16)}.acm-validations.aws.",
            "Status": "PENDING_VALIDATION",
        }
        known[name] = {
            "DomainName": name,
            "EnableWWWSubdomain": www,
            "CertificateValidationRecords": [record],
            "Status": "PENDING_CERTIFICATE_DNS_VALIDATION",
        }
        return _answer(service.arn, service.url, known[name])

    def describe_custom_domains(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The domains of a service."""
        region = self._store.region(call.region)
        service = region.service(params["ServiceArn"])
        found = listed(list(region.domains.get(service.arn, {}).values()), params, "CustomDomains", MOST)
        return {"DNSTarget": service.url, "ServiceArn": service.arn, "VpcDNSTargets": [], **found}

    def disassociate_custom_domain(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Forget a domain."""
        region = self._store.region(call.region)
        service = region.service(params["ServiceArn"])
        name = params["DomainName"]
        found = region.domains.get(service.arn, {}).pop(name, None)
        if found is None:
            raise AwsError(
                "ResourceNotFoundException", f"The domain {name} is not associated with the service {service.name}."
            )
        return _answer(service.arn, service.url, {**found, "Status": "DELETING"})


def _answer(arn: str, url: str, domain: dict[str, Any]) -> dict[str, Any]:
    return {"DNSTarget": url, "ServiceArn": arn, "CustomDomain": domain, "VpcDNSTargets": []}
