"""Make and delete in moto what ECS Express Mode needs beside its own: certificates, listeners, groups and log groups.

Every function must be called under the world's lock, but for the first.
"""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from . import moto_certificates, moto_ec2, moto_elb, moto_load, moto_rules
from .call import ACCOUNT

POLICY = "ELBSecurityPolicy-TLS13-1-2-Ext1-PQ-2025-09"
"""The security policy that Express Mode's listeners have."""
ANYWHERE = [{"CidrIp": "0.0.0.0/0"}]


def prepare_certificate(region: str, host: str) -> Any:
    """Make a key and a certificate; it takes a fifth of a second, so without the lock."""
    moto_load.load()
    models = importlib.import_module("moto.acm.models")
    return models.CertBundle.generate_cert(host, account_id=ACCOUNT, region=region)


def default_subnets(region: str) -> list[str]:
    """The subnets of the default VPC; none when there is no such VPC."""
    backend = _backend("ec2", region)
    moto_ec2.complete(region)
    vpcs = {one.id for one in backend.vpcs.values() if one.is_default}
    found = [one for of_zone in backend.subnets.values() for one in of_zone.values() if one.vpc_id in vpcs]
    return [one.id for one in sorted(found, key=lambda one: str(one.availability_zone))]


def create_group(region: str, vpc: str, name: str, about: str, tags: Mapping[str, str]) -> str:
    """Make a security group without inbound rules; its id."""
    backend = _backend("ec2", region)
    known = backend.get_security_group_by_name_or_id(name, vpc)
    made = known or backend.create_security_group(name, about, vpc, tags=dict(tags))
    return str(made.id)


def admit(region: str, group: str, port: int, source: str = "") -> None:
    """Let another security group, or anybody, reach a port of a group's members; twice changes nothing."""
    backend = _backend("ec2", region)
    found = backend.get_security_group_from_id(group)
    if found is None or any(
        str(rule.from_port) == str(port) and (rule.source_group.get("GroupId") or "") == source
        for rule in found.ingress_rules
    ):
        return
    members = [{"GroupId": source, "UserId": ACCOUNT}] if source else []
    ranges: list[Any] = [] if source else ANYWHERE
    backend.authorize_security_group_ingress(group, "tcp", str(port), str(port), ranges, source_groups=members)


def keep_certificate(region: str, prepared: Any, tags: Mapping[str, str]) -> str:
    """Put a certificate into ACM, issued at once: AWS itself proves that the name is its own."""
    prepared.status = "ISSUED"
    prepared.tags.add([{"Key": key, "Value": value} for key, value in tags.items()])
    _backend("acm", region)._certificates[prepared.arn] = prepared
    return str(prepared.arn)


def delete_certificate(region: str, arn: str) -> None:
    """Delete a certificate; one that is gone is left alone."""
    _backend("acm", region)._certificates.pop(arn, None)


def create_listener(region: str, balancer: str, certificate: str, tags: Sequence[Mapping[str, str]]) -> str:
    """Make the HTTPS listener of a load balancer, which knows nobody yet; its ARN."""
    nobody = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain"}}
    made = _backend("elbv2", region).create_listener(
        balancer, "HTTPS", "443", POLICY, certificate, [nobody], tags=[dict(one) for one in tags]
    )
    return str(made.arn)


def add_certificate(region: str, listener: str, certificate: str) -> None:
    """Let a listener show one more certificate, to those who ask for its name."""
    if moto_rules.find_listener(region, listener) is not None:
        moto_certificates.others(region, listener).append(certificate)


def remove_certificate(region: str, listener: str, certificate: str) -> None:
    """Let a listener show a certificate no more; when it was the default one, another takes its place."""
    found = moto_rules.find_listener(region, listener)
    if found is None:
        return
    others = moto_certificates.others(region, listener)
    if certificate in others:
        others.remove(certificate)
    elif found.certificate == certificate and others:
        found.certificate = others.pop(0)
        found.certificates = [found.certificate]


def delete_balancer(region: str, arn: str) -> None:
    """Delete a load balancer with its listeners, and free its addresses."""
    moto_elb.detach(region, arn)
    _backend("elbv2", region).delete_load_balancer(arn)


def create_log_group(region: str, name: str, tags: Mapping[str, str]) -> None:
    """Make a log group, if it is not there."""
    backend = _backend("logs", region)
    if name not in backend.groups:
        backend.create_log_group(name, dict(tags))


def _backend(service: str, region: str) -> Any:
    moto_load.load()
    return getattr(importlib.import_module(f"moto.{service}.models"), f"{service}_backends")[ACCOUNT][region]
