"""Takes events in, asks every rule of their bus, and hands what matches to the deliveries."""

from collections.abc import Sequence
from typing import Any

from ..clock import Clock
from ..schedule import Rate
from . import transform
from .counters import Counters
from .delivery import Deliveries, Delivery
from .event import Event, made, subject
from .outside import Order
from .retry import Policy
from .store import DEFAULT, Bus, EventStore, Region, Rule, bus_name
from .trail import Trail

PRINCIPAL = "events.amazonaws.com"
NAMESPACE = "AWS/Events"
SCHEDULED = "Scheduled Event"


class Router:
    """What an event bus does.

    Parameters
    ----------
    clock : Clock
        The time.
    store : EventStore
        The rules.
    deliveries : Deliveries
        What calls their targets.
    trail : Trail
        Where it is written down.
    counters : Counters
        What CloudWatch gets.
    """

    def __init__(
        self, clock: Clock, store: EventStore, deliveries: Deliveries, trail: Trail, counters: Counters
    ) -> None:
        self._clock = clock
        self._store = store
        self._deliveries = deliveries
        self._trail = trail
        self._counters = counters

    def emit(
        self,
        region: str,
        source: str,
        kind: str,
        detail: dict[str, Any],
        resources: Sequence[str] = (),
        moment: float | None = None,
    ) -> str:
        """An event of AWS's own services, on the default bus; under the world's lock.

        Returns
        -------
        str
            Its id; the trail has its path when a rule matched.
        """
        now = self._clock.now() if moment is None else moment
        event = made(region, source, kind, detail, now, resources)
        self.accept(region, DEFAULT, event)
        return str(event["id"])

    def wanted(self, region: str) -> bool:
        """Whether an event of AWS's own services could match any rule."""
        found = self._store.regions.get(region)
        return found is not None and any(rule.pattern is not None for rule in found.buses[DEFAULT].rules.values())

    def accept(self, region: str, bus: str, event: Event, path: str = "") -> list[str]:
        """Take in one event; under the world's lock.

        Parameters
        ----------
        region, bus : str
            Where it goes; an event for a bus that does not exist is dropped, as on AWS.
        event : dict
            The event.
        path : str
            The trail's path that it belongs to, when it comes from another bus.

        Returns
        -------
        list of str
            The names of the rules that matched.
        """
        there = self._store.region(region)
        found = there.buses.get(bus_name(bus))
        now = self._clock.now()
        own = not str(event["source"]).startswith("aws.")
        if path:
            self._trail.add(path, now, "event came to another bus", bus=bus_name(bus))
        elif own:
            self._begin(region, event, now, bus)
        if found is None:
            self._trail.add(path or event["id"], now, "event dropped", why=f"There is no event bus {bus_name(bus)}.")
            return []
        matched = [
            rule for rule in found.rules.values() if rule.pattern and rule.enabled and rule.pattern.matches(event)
        ]
        if matched and not own and not path:
            self._begin(region, event, now, bus)  # of AWS's own events only those that somebody waits for
        for rule in matched:
            self.trigger(there, found, rule, event, path or event["id"])
        return [rule.name for rule in matched]

    def _begin(self, region: str, event: Event, now: float, bus: str) -> None:
        what = f"{event['source']} / {event['detail-type']}"
        about = {"bus": bus_name(bus), "resources": event["resources"][:5], "subject": subject(event)}
        self._trail.begin(event["id"], region, what, now, "event came", **about)

    def fire(self, region: Region, bus: Bus, rule: Rule) -> None:
        """Let a scheduled rule act now."""
        now = self._clock.now()
        event = made(region.name, "aws.events", SCHEDULED, {}, self._shown(rule), [rule.arn])
        what = f"aws.events / {SCHEDULED} / {rule.name}"
        self._trail.begin(event["id"], region.name, what, now, "schedule fired", rule=rule.name)
        self.trigger(region, bus, rule, event, event["id"])

    def _shown(self, rule: Rule) -> float:
        # a rule on the calendar tells the calendar's time, as it would on AWS
        return self._clock.now() if isinstance(rule.schedule, Rate) else self._clock.calendar()

    def trigger(self, region: Region, bus: Bus, rule: Rule, event: Event, path: str) -> None:
        """Call the targets of a rule."""
        now = self._clock.now()
        self._trail.add(path, now, "rule matched", rule=rule.name, bus=bus.name, targets=len(rule.targets))
        names = [{"RuleName": rule.name}] if bus.name == DEFAULT else []
        names.append({"EventBusName": bus.name, "RuleName": rule.name})

        def count(name: str) -> None:
            self._counters.add(region.name, NAMESPACE, name, {}, *names)

        if rule.pattern is not None:
            count("MatchedEvents")
        count("TriggeredRules")
        for target in rule.targets.values():
            given = any(target.get(name) for name in ("Input", "InputPath", "InputTransformer"))
            order = Order(
                principal=PRINCIPAL,
                source_arn=rule.arn,
                region=region.name,
                target=target,
                payload=transform.payload(target, event, rule.arn, rule.name),
                started_by=f"events-rule/{rule.name}",
                event={**event, "path": path},
                given=given,
            )
            self._deliveries.add(
                Delivery(
                    order=order,
                    path=path,
                    policy=Policy.of(target.get("RetryPolicy")),
                    grave=(target.get("DeadLetterConfig") or {}).get("Arn") or "",
                    words={"RULE_ARN": rule.arn},
                    count=count,
                    began=now,
                    name=rule.name,
                )
            )
