"""Raw counts of what passed, kept simply; metrics are made of their differences."""

from collections import deque

SAMPLES = 2048
"""Of a target group; the other counters keep none, since 200 targets would need too much memory."""


class Counters:
    """Counts since the start of a load balancer, a target group or a target.

    Parameters
    ----------
    samples : int
        How many response times are kept.

    Attributes
    ----------
    requests : int
        Requests that ended.
    target : list of int
        Answers made by targets, by the first digit of their status (index 2 holds 2xx).
    balancer : list of int
        Answers made by the load balancer itself, likewise.
    connection_errors : int
        Connections to targets that could not be made.
    rules : int
        Rules that were looked at, without the default ones.
    redirects, fixed : int
        Answers by these actions; they are not counted as errors.
    connections, active : int
        Connections of clients so far, and now.
    received, sent : int
        Bytes from clients and to clients, heads and bodies.
    times : deque of (float, float)
        The last response times of targets: the wall time at the end, and the seconds from sending the request's head
        to the first line of the answer.
    """

    __slots__ = (
        "active", "balancer", "connection_errors", "connections", "fixed", "received", "redirects", "requests", "rules",
        "sent", "target", "times",
    )  # fmt: skip

    def __init__(self, samples: int = 0) -> None:
        self.requests = 0
        self.target = [0] * 6
        self.balancer = [0] * 6
        self.connection_errors = 0
        self.rules = self.redirects = self.fixed = 0
        self.connections = self.active = 0
        self.received = 0
        self.sent = 0
        self.times: deque[tuple[float, float]] = deque(maxlen=samples)

    def answered(self, status: int, by_target: bool) -> None:
        """Count one answer."""
        self.requests += 1
        (self.target if by_target else self.balancer)[min(status // 100, 5)] += 1

    def snapshot(self) -> dict[str, int]:
        """The counts by name, for status and metrics."""
        counts = {"requests": self.requests, "connection_errors": self.connection_errors, "rules": self.rules}
        counts |= {"received": self.received, "sent": self.sent, "redirects": self.redirects, "fixed": self.fixed}
        counts |= {"connections": self.connections, "active": self.active}
        for digit in range(2, 6):
            counts[f"target_{digit}xx"] = self.target[digit]
            counts[f"elb_{digit}xx"] = self.balancer[digit]
        return counts


class FlowCounters:
    """Counts of the flows of a Network Load Balancer since its start, named as its metrics are.

    Attributes
    ----------
    opened, open : int
        Flows so far, and flows now.
    received, sent : int
        Bytes from clients and to clients.
    client_resets, target_resets, own_resets : int
        Resets that came from clients, from targets, and from the load balancer itself.
    """

    __slots__ = ("client_resets", "open", "opened", "own_resets", "received", "sent", "target_resets")

    def __init__(self) -> None:
        self.opened = self.open = self.received = self.sent = 0
        self.client_resets = self.target_resets = self.own_resets = 0

    def snapshot(self) -> dict[str, int]:
        """The counts by CloudWatch's names in AWS/NetworkELB."""
        return {
            "NewFlowCount": self.opened,
            "ActiveFlowCount": self.open,
            "ProcessedBytes": self.received + self.sent,
            "TCP_Client_Reset_Count": self.client_resets,
            "TCP_Target_Reset_Count": self.target_resets,
            "TCP_ELB_Reset_Count": self.own_resets,
        }
