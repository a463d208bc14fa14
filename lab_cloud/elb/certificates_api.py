"""The certificates of HTTPS and TLS listeners.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AddListenerCertificates.html
"""

from collections.abc import Mapping
from typing import Any

from ..errors import AwsError
from ..wire import Answer, Call, moto_certificates, moto_elb

SECURE = ("HTTPS", "TLS")
MOST_CERTIFICATES = 25
"""Of one listener, without the default one."""


class CertificateOperations:
    """AddListenerCertificates, RemoveListenerCertificates and DescribeListenerCertificates."""

    def add_listener_certificates(self, call: Call, params: dict[str, Any]) -> Answer:
        """Show further certificates to clients that ask for their names."""
        arn = params["ListenerArn"]
        protocol = _protocol(call.region, arn)
        if protocol not in SECURE:
            raise AwsError("InvalidConfigurationRequest", f"{protocol} listeners have no certificates")
        added = _arns(params)
        for one in added:
            check_certificate(call.region, one)
        known = moto_certificates.others(call.region, arn)
        new = [one for one in dict.fromkeys(added) if one not in known]
        if len(known) + len(new) > MOST_CERTIFICATES:
            text = f"A listener can have at most {MOST_CERTIFICATES} certificates beside the default one"
            raise AwsError("TooManyCertificates", text)
        known += new
        return {"Certificates": [{"CertificateArn": one, "IsDefault": False} for one in added]}

    def remove_listener_certificates(self, call: Call, params: dict[str, Any]) -> Answer:
        """Show them no more; one that is not there is no error."""
        arn = params["ListenerArn"]
        _protocol(call.region, arn)
        known = moto_certificates.others(call.region, arn)
        removed = _arns(params)
        if moto_certificates.default(call.region, arn) in set(removed) - set(known):
            text = "The default certificate cannot be removed; give the listener another one with ModifyListener"
            raise AwsError("OperationNotPermitted", text)
        known[:] = [one for one in known if one not in removed]
        return {}

    def describe_listener_certificates(self, call: Call, params: dict[str, Any]) -> Answer:
        """The default certificate, and the others."""
        arn = params["ListenerArn"]
        _protocol(call.region, arn)
        default = moto_certificates.default(call.region, arn)
        shown = [{"CertificateArn": default, "IsDefault": True}] if default else []
        extra = moto_certificates.others(call.region, arn)
        return {"Certificates": shown + [{"CertificateArn": one, "IsDefault": False} for one in extra]}


def check_security(region: str, protocol: str, params: Mapping[str, Any], *, has_certificate: bool = False) -> None:
    """Check a listener's certificate and security policy.

    Parameters
    ----------
    region : str
        Where.
    protocol : str
        What the listener will speak.
    params : mapping
        As CreateListener and ModifyListener have them.
    has_certificate : bool
        Whether the listener has one already.

    Raises
    ------
    AwsError
        What a real account answers.
    """
    certificates = _arns(params)
    policy = params.get("SslPolicy")
    if protocol not in SECURE:
        if certificates:
            raise AwsError("ValidationError", f"A certificate cannot be specified for {protocol} listeners")
        if policy:
            raise AwsError("ValidationError", f"An SSL policy cannot be specified for {protocol} listeners")
        return
    if not certificates and not has_certificate:
        raise AwsError("ValidationError", f"A certificate must be specified for {protocol} listeners")
    if len(certificates) > 1:
        text = "Exactly one certificate can be specified here; add others with AddListenerCertificates"
        raise AwsError("ValidationError", text)
    for one in certificates:
        check_certificate(region, one)
    if policy and moto_certificates.protocols_of(policy) is None:
        raise AwsError("SSLPolicyNotFound", f"SSL policy '{policy}' not found")


def check_certificate(region: str, arn: str) -> None:
    """Check that a certificate can be used.

    Raises
    ------
    AwsError
        ``CertificateNotFound``, or ``UnsupportedCertificate`` for one that has not been issued.
    """
    found = moto_certificates.find(region, arn)
    if found is None:
        raise AwsError("CertificateNotFound", f"Certificate '{arn}' not found")
    if not found.issued:
        raise AwsError(
            "UnsupportedCertificate",
            f"The certificate '{arn}' must have a fully-qualified domain name, a supported signature, and a supported "
            "key size. (It has not been issued yet: wait until ACM shows it as ISSUED.)",
        )


def _arns(params: Mapping[str, Any]) -> list[str]:
    return [one["CertificateArn"] for one in params.get("Certificates") or () if one.get("CertificateArn")]


def _protocol(region: str, listener_arn: str) -> str:
    balancer = moto_elb.load_balancer(region, listener_arn.replace(":listener/", ":loadbalancer/").rpartition("/")[0])
    found = [one.protocol for one in balancer.listeners if one.arn == listener_arn] if balancer is not None else []
    if not found:
        raise AwsError("ListenerNotFound", "One or more listeners not found")
    return found[0]
