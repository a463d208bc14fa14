"""Certificates of ACM and IAM, and the lists of those that a listener shows.

Every function must be called under the world's lock.
"""

import importlib
from typing import Any

from ..elb.model import Certificate
from . import moto_rules
from .call import ACCOUNT, PARTITION

EXTRA = "lab_certificates"
"""On moto's listener: those beside the default one. moto keeps both in one list, and mixes them up."""


def find(region: str, arn: str) -> Certificate | None:
    """A certificate of ACM or IAM, or None."""
    return _of_acm(region, arn) if ":acm:" in arn else _of_iam(arn)


def of_listener(region: str, found: Any) -> tuple[Certificate, ...]:
    """The certificates of a listener, the default one first."""
    arns = ([found.certificate] if found.certificate else []) + found.__dict__.get(EXTRA, [])
    certificates = [find(region, arn) for arn in dict.fromkeys(arns)]
    return tuple(one for one in certificates if one is not None)


def others(region: str, listener_arn: str) -> list[str]:
    """The ARNs beside the default one; the list itself, to change it."""
    found = moto_rules.find_listener(region, listener_arn)
    certificates: list[str] = found.__dict__.setdefault(EXTRA, [])
    return certificates


def default(region: str, listener_arn: str) -> str | None:
    """The default certificate's ARN."""
    found = moto_rules.find_listener(region, listener_arn)
    return str(found.certificate) if found.certificate else None


def protocols_of(policy: str) -> tuple[str, ...] | None:
    """The TLS versions of a security policy; None when AWS has no such policy."""
    known = importlib.import_module("moto.elbv2.ssl_policies").SSL_POLICIES
    return tuple(known[policy]["ssl_protocols"]) if policy in known else None


def _of_acm(region: str, arn: str) -> Certificate | None:
    models = importlib.import_module("moto.acm.models")
    found = models.acm_backends[ACCOUNT][region]._certificates.get(arn)
    if found is None:
        return None
    found.check()
    names = tuple(dict.fromkeys(name for name in (found.common_name, *found.sans) if name))
    if found.type != "IMPORTED":
        return Certificate(arn, names, issued=found.status == "ISSUED")
    chain = found.chain.replace(models.AWS_ROOT_CA, b"").strip()  # moto adds it to each
    return Certificate(arn, names, _joined(found.key, found.cert, chain), issued=found.status == "ISSUED")


def _of_iam(arn: str) -> Certificate | None:
    backend = importlib.import_module("moto.iam.models").iam_backends[ACCOUNT][PARTITION]
    found = backend.get_certificate_by_arn(arn)
    if found is None:
        return None
    pem = _joined(found.private_key, found.cert_body, found.cert_chain or "")
    return Certificate(arn, _names(found.cert_body), pem)


def _names(pem: str) -> tuple[str, ...]:
    x509 = importlib.import_module("cryptography.x509")
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        return ()
    subject = [str(one.value) for one in certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return tuple(subject)
    return tuple(dict.fromkeys((*subject, *alternatives.get_values_for_type(x509.DNSName))))


def _joined(*parts: bytes | str) -> str:
    texts = [part.decode() if isinstance(part, bytes) else part for part in parts]
    return "".join(text.strip() + "\n" for text in texts if text.strip())
