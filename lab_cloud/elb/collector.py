"""What load balancers report to CloudWatch: requests, answers, response times, bytes, and healthy targets.

Counts are those of the data plane itself. What AWS always reports is put in each minute, also when it is 0: a scale-in
on requests per target depends on it. Of the dimension AvailabilityZone there are the counts of healthy and unhealthy
targets only. ActiveConnectionCount counts the clients' connections; AWS adds those to targets.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html
"""

import threading
from collections import defaultdict
from collections.abc import Mapping

from ..cloudwatch.metric import MetricId, Sample
from ..cloudwatch.sampler import Slices
from .model import LoadBalancer
from .reconciler import Elb
from .targets import Group, TargetState

APPLICATION, NETWORK = "AWS/ApplicationELB", "AWS/NetworkELB"
OF_BALANCER = {
    "connections": "NewConnectionCount",
    "fixed": "HTTP_Fixed_Response_Count",
    "redirects": "HTTP_Redirect_Count",
    "rules": "RuleEvaluations",
    **{f"elb_{digit}xx": f"HTTPCode_ELB_{digit}XX_Count" for digit in (3, 4, 5)},
}
OF_GROUP = {
    "connection_errors": "TargetConnectionErrorCount",
    **{f"target_{digit}xx": f"HTTPCode_Target_{digit}XX_Count" for digit in (2, 3, 4, 5)},
}
Dimensions = dict[str, str]
Counts = Mapping[str, int]


class ElbCollector:
    """Measures load balancers and their target groups.

    Parameters
    ----------
    elb : Elb
        The load balancers.
    lock : lock
        The world's; held only to see which load balancers there are.
    """

    def __init__(self, elb: Elb, lock: threading.RLock) -> None:
        self._elb = elb
        self._lock = lock
        self._before: dict[str, dict[str, int]] = {}
        self._seen: dict[str, float] = {}  # by target group: when the newest response time was noted that was taken

    def collect(self, into: Slices) -> None:
        """Put what has passed since the last call."""
        with self._lock:
            balancers = self._elb.balancing.load_balancers
            counters, flows = self._elb.counters(), self._elb.flows()
            groups = {
                arn: (self._elb.targets.group(arn), self._elb.targets.states(arn))
                for arn in {arn for balancer in balancers for arn in _targets(balancer)}
            }
        now: dict[str, dict[str, int]] = {}
        for balancer in balancers:
            dimensions = {"LoadBalancer": balancer.arn.partition(":loadbalancer/")[2]}
            own = {arn: groups[arn] for arn in _targets(balancer)}
            if balancer.kind == "network":
                if balancer.arn in flows:
                    now[balancer.arn] = flows[balancer.arn].snapshot()
                    self._put_flows(into, balancer, dimensions, now[balancer.arn])
            elif balancer.arn in counters:
                now[balancer.arn] = counters[balancer.arn].snapshot()
                now |= {arn: group.counters.snapshot() for arn, (group, _states) in own.items()}
                self._put_requests(into, balancer, dimensions, own, now)
            namespace = NETWORK if balancer.kind == "network" else APPLICATION
            for arn, (_group, states) in own.items():
                _put_health(into, balancer.region, namespace, {**dimensions, **_named(arn)}, states)
        self._before = now

    def _since(self, arn: str, now: Counts) -> dict[str, int]:
        """By how much each count has grown; a counter that began anew counts as a whole."""
        before = self._before.get(arn, {})
        return {
            name: count - before[name] if before.get(name, count + 1) <= count else count for name, count in now.items()
        }

    def _put_requests(
        self,
        into: Slices,
        balancer: LoadBalancer,
        dimensions: Dimensions,
        groups: Mapping[str, tuple[Group, list[TargetState]]],
        now: Mapping[str, dict[str, int]],
    ) -> None:
        region = balancer.region
        passed = self._since(balancer.arn, now[balancer.arn])
        totals: dict[str, int] = defaultdict(int)
        times: list[float] = []
        for arn, (group, states) in groups.items():
            grown = self._since(arn, now[arn])
            of_group = {**dimensions, **_named(arn)}
            taken = self._times(arn, group)
            _count(into, region, of_group, {name: grown[key] for key, name in OF_GROUP.items()})
            _put_times(into, region, of_group, taken, grown)
            into.count(region, MetricId.of(APPLICATION, "RequestCount", of_group), grown["requests"])
            healthy = sum(state.health.state == "healthy" for state in states) or len(states)
            if healthy:
                for shown in (of_group, _named(arn)):
                    metric = MetricId.of(APPLICATION, "RequestCountPerTarget", shown)
                    into.count(region, metric, grown["requests"] / healthy)
            for key, amount in grown.items():
                totals[key] += amount
            times += taken
        # only requests for which a target was chosen are counted as such
        into.count(region, MetricId.of(APPLICATION, "RequestCount", dimensions), totals["requests"])
        _count(into, region, dimensions, {name: passed[key] for key, name in OF_BALANCER.items()})
        _count(into, region, dimensions, {name: totals[key] for key, name in OF_GROUP.items()})
        _put_times(into, region, dimensions, times, totals)
        if passed["received"] + passed["sent"]:
            metric = MetricId.of(APPLICATION, "ProcessedBytes", dimensions)
            into.count(region, metric, passed["received"] + passed["sent"], "Bytes")
        active = now[balancer.arn]["active"]
        if active:
            into.gauge(region, MetricId.of(APPLICATION, "ActiveConnectionCount", dimensions), [active], "Count")

    def _times(self, arn: str, group: Group) -> list[float]:
        """The response times of targets that have not been taken yet, in seconds."""
        last = self._seen.get(arn, 0.0)
        found = [one for one in group.counters.times.copy() if one[0] > last]
        if found:
            self._seen[arn] = found[-1][0]
        return [seconds for _moment, seconds in found]

    def _put_flows(self, into: Slices, balancer: LoadBalancer, dimensions: Dimensions, now: Counts) -> None:
        for name, amount in self._since(balancer.arn, now).items():
            metric = MetricId.of(NETWORK, name, dimensions)
            if name == "ActiveFlowCount":
                into.gauge(balancer.region, metric, [now[name]], "Count")
            else:
                into.count(balancer.region, metric, amount, "Bytes" if name == "ProcessedBytes" else "Count")


def _targets(balancer: LoadBalancer) -> list[str]:
    return list(dict.fromkeys(arn for listener in balancer.listeners for arn in listener.targets))


def _named(arn: str) -> Dimensions:
    return {"TargetGroup": arn.rpartition(":")[2]}


def _count(into: Slices, region: str, dimensions: Dimensions, amounts: Mapping[str, int]) -> None:
    """Put the counts that AWS reports only when there is a nonzero value."""
    for name, amount in amounts.items():
        if amount:
            into.count(region, MetricId.of(APPLICATION, name, dimensions), amount)


def _put_times(into: Slices, region: str, dimensions: Dimensions, times: list[float], grown: Counts) -> None:
    if not times:
        return
    # many answers in a short time: those that were noted stand for all of them
    answered = sum(grown[f"target_{digit}xx"] for digit in (2, 3, 4, 5))
    weight = into.rate(max(answered, len(times))) / len(times)
    sample = Sample.of((round(seconds, 6), weight) for seconds in times)
    into.put(region, MetricId.of(APPLICATION, "TargetResponseTime", dimensions), sample, "Seconds")


def _put_health(into: Slices, region: str, namespace: str, dimensions: Dimensions, states: list[TargetState]) -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for state in states:
        for zone in {"", state.zone or ""}:
            places[zone].append(state.health.state)
    for zone, found in places.items():
        named = {**dimensions, "AvailabilityZone": zone} if zone else dimensions
        for name, word in (("HealthyHostCount", "healthy"), ("UnHealthyHostCount", "unhealthy")):
            into.gauge(region, MetricId.of(namespace, name, named), [found.count(word)], "Count")
