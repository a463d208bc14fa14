"""The load balancers of one cluster's Services, made through the API of Elastic Load Balancing.

References
----------
https://docs.aws.amazon.com/eks/latest/userguide/network-load-balancing.html
"""

import hashlib
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from ...elb.targets import TargetRegistry
from ...errors import AwsError
from ...network.model import Subnet
from ...wire import moto_elb, moto_subnets
from ...wire.inside import Inside
from .load_balancer import BalancerError, Wanted

ROLE, INTERNAL_ROLE = "kubernetes.io/role/elb", "kubernetes.io/role/internal-elb"
Target = tuple[str, int]


def choose(subnets: Iterable[tuple[Subnet, Mapping[str, str]]], *, internal: bool) -> list[str]:
    """The subnets of a load balancer, one in each Availability Zone; pure.

    Those whose tag says so; when none says so, those with a route to the internet, or for an internal one those
    without, if there are any.
    """
    known = list(subnets)
    role = INTERNAL_ROLE if internal else ROLE
    fit = [place for place, tags in known if tags.get(role) in ("1", "")]
    if not fit:
        public = [place for place, _tags in known if place.default_route == "internet-gateway"]
        private = [place for place, _tags in known if place.default_route != "internet-gateway"]
        fit = (private or public) if internal else public
    by_zone: dict[str, str] = {}
    for place in sorted(fit, key=lambda one: one.id):
        by_zone.setdefault(place.zone, place.id)
    return [by_zone[zone] for zone in sorted(by_zone)]


class ClusterBalancers:
    """Elastic Load Balancing, for one cluster.

    Parameters
    ----------
    inside : Inside
        What calls its API.
    targets : TargetRegistry
        Where pods are registered: their addresses are of this machine's loopback network, which no VPC has, and so its
        API would refuse them.
    lock : RLock
        The world's.
    region, cluster, vpc : str
        Where the cluster is.
    """

    def __init__(
        self, inside: Inside, targets: TargetRegistry, lock: "threading.RLock", region: str, cluster: str, vpc: str
    ) -> None:
        self._inside = inside
        self._targets = targets
        self._lock = lock
        self._region = region
        self._cluster = cluster
        self._vpc = vpc

    def ensure(self, wanted: Wanted) -> str:
        """Make a load balancer what it should be; its host name.

        Raises
        ------
        BalancerError
            When AWS refuses.
        """
        try:
            return self._ensure(wanted)
        except AwsError as error:
            raise BalancerError(f"{error.code}: {error.message}") from error

    def delete(self, name: str) -> None:
        """Delete a load balancer with its target groups; one that is not there is no error.

        Raises
        ------
        BalancerError
            When AWS refuses.
        """
        with self._lock:
            found = moto_elb.named(self._region, name)
        if found is None:
            return
        groups = {arn for listener in found.listeners for arn in listener.targets}
        try:
            self._ask("DeleteLoadBalancer", LoadBalancerArn=found.arn)
            for arn in sorted(groups):
                self._ask("DeleteTargetGroup", TargetGroupArn=arn)
        except AwsError as error:
            raise BalancerError(f"{error.code}: {error.message}") from error

    def _ensure(self, wanted: Wanted) -> str:
        with self._lock:
            known = moto_elb.named(self._region, wanted.name)
            subnets = list(wanted.subnets)
            subnets = subnets or choose(moto_subnets.of_vpc(self._region, self._vpc), internal=wanted.internal)
        if known is not None and known.internal != wanted.internal:  # a load balancer's scheme cannot change
            self.delete(wanted.name)
            known = None
        if known is None:
            if not subnets:
                raise BalancerError("could not find any suitable subnets for creating the ELB")
            made = self._ask(
                "CreateLoadBalancer", Name=wanted.name, Type="network", Subnets=subnets, Tags=self._tags(wanted),
                Scheme="internal" if wanted.internal else "internet-facing",
            )  # fmt: skip
            arn, host = made["LoadBalancerArn"][0], made["DNSName"][0]
        else:
            arn, host = known.arn, known.dns_name
        listeners = {one.port: one for one in known.listeners} if known is not None else {}
        ports = dict(wanted.ports)
        for port, old in listeners.items():
            if port not in ports:
                self._ask("DeleteListener", ListenerArn=old.arn)
                for group in old.targets:
                    self._ask("DeleteTargetGroup", TargetGroupArn=group)
        for port, targets in ports.items():
            group = listeners[port].targets[0] if port in listeners else self._listen(arn, wanted, port)
            self._register(group, targets)
        return host

    def _listen(self, arn: str, wanted: Wanted, port: int) -> str:
        mark = hashlib.sha256(f"{wanted.name}/{port}".encode()).hexdigest()[:10]
        namespace, _, service = wanted.service.partition("/")
        made = self._ask(
            "CreateTargetGroup", Name=f"k8s-{_short(namespace)}-{_short(service)}-{mark}", Protocol="TCP", Port=port,
            VpcId=self._vpc, TargetType="ip", Tags=self._tags(wanted),
        )  # fmt: skip
        group = made["TargetGroupArn"][0]
        action = {"Type": "forward", "TargetGroupArn": group}
        self._ask("CreateListener", LoadBalancerArn=arn, Protocol="TCP", Port=port, DefaultActions=[action])
        return group

    def _register(self, group: str, targets: Iterable[Target]) -> None:
        states = self._targets.states(group)
        there = {(one.ip, one.port) for one in states if one.health.state != "draining"}
        wanted = set(targets)
        for address, port in sorted(there - wanted):
            self._targets.deregister(group, address, port)
        for address, port in sorted(wanted - there):
            self._targets.register(group, address, port, "all")

    def _tags(self, wanted: Wanted) -> list[dict[str, str]]:
        own = {f"kubernetes.io/cluster/{self._cluster}": "owned", "kubernetes.io/service-name": wanted.service}
        return [{"Key": key, "Value": value} for key, value in {**dict(wanted.tags), **own}.items()]

    def _ask(self, action: str, **params: Any) -> dict[str, list[str]]:
        return self._inside.ask("elasticloadbalancing", self._region, action, **params)


def _short(name: str) -> str:
    return name[:8].strip("-") or "x"
