"""Elastic Load Balancing as one part of the cloud: keeps the data plane as the API says it should be."""

import asyncio
from pathlib import Path

from ..errors import CloudError
from ..network.addresses import AddressBook
from ..wire import moto_ec2, moto_elb
from ..world import World
from .authority import Authority
from .counters import Counters, FlowCounters
from .listening import Deed, Fixed, Forward, Listening, Refer, Route
from .messages import page
from .model import Action, Balancing, LoadBalancer
from .plan import DoorPlan, Plan, decide
from .plane import DataPlane, Door, Ports
from .probes import Prober
from .redirects import Neighbours
from .rules import compiled
from .targets import TargetRegistry
from .tls import Tls


class Elb:
    """The load balancers of the cloud.

    Parameters
    ----------
    world : World
        Whose lock and loop it uses.
    book : AddressBook
        Where targets really listen.
    home : Path or None
        The folder `.lab/`, where the listeners' ports are remembered; None remembers nothing.
    """

    def __init__(self, world: World, book: AddressBook, home: Path | None) -> None:
        self._world = world
        self._book = book
        self.targets = TargetRegistry(world.clock)
        self.prober = Prober(self.targets, book, world.clock.speed)
        self.targets.on_change = world.wake
        self.targets.on_register = self.prober.notice
        self._plane = DataPlane(book, world.spawn, self.prober.hint)
        self._ports = Ports(home)
        self.authority = Authority(home)
        self._doors: dict[str, Door] = {}
        self._counters: dict[str, Counters] = {}
        self._flows: dict[str, FlowCounters] = {}
        self._plan = Plan()
        self._balancing = Balancing()
        self._seen: object = None

    def start(self) -> None:
        """Begin to check targets; once the world has its loop."""
        self._world.spawn(self.prober.start)

    def close(self) -> None:
        """Give the ports back; the server's loop has ended already."""
        for door in self._doors.values():
            door.sock.close()
        self._doors.clear()

    async def stop(self) -> None:
        """Close every connection and check no more; on the loop, for a server that goes on without load balancers."""
        await self.prober.stop()
        await self._plane.stop()
        await asyncio.sleep(0)

    def tick(self, now: float) -> None:
        """Observe, decide, apply; costs little when nothing has changed."""
        self.targets.expire(now)
        balancing = moto_elb.observe()
        regions = {balancer.region for balancer in balancing.load_balancers}
        regions |= {group.region for group in balancing.target_groups.values()}
        networks = {region: moto_ec2.network(region) for region in regions}
        seen = (balancing, networks, self.targets.version)
        if seen == self._seen:
            return
        self._seen = seen
        self._book.know_instances({name: ip for one in networks.values() for name, ip in one.instances.items()})
        self.targets.note_instances({name: state for one in networks.values() for name, state in one.states.items()})
        self.targets.configure(balancing.target_groups, _used(balancing))
        plan = decide(balancing, networks, self.targets.places())
        self.targets.set_barriers(plan.barriers)
        self._balancing = balancing
        self._apply(plan)
        self._seen = (balancing, networks, self.targets.version)

    def urls(self) -> dict[str, str]:
        """Of each load balancer that has a listener, and each name behind one: the URL that works from here."""
        found = {}
        for balancer in self._fresh().load_balancers:
            plan = self._door_of(balancer, None)
            if plan is not None:
                found[balancer.name] = self._url_of(plan)
        found |= {plan.host: self._url_of(plan) for plan in self._plan.doors.values() if plan.host}
        return found

    def url(self, name: str) -> tuple[str, str]:
        """The URL of a load balancer that works from here.

        Parameters
        ----------
        name : str
            Its name, DNS name or ARN; with ``:PORT`` for another listener than the first. Or a name that AWS gave to
            a service behind it.

        Returns
        -------
        tuple of str
            The URL, and why nobody gets in; empty when the listener is open.

        Raises
        ------
        CloudError
            When there is no such load balancer or listener.
        """
        balancing = self._fresh()
        wanted, port = _split(name)
        given = self._plan.doors.get(f"name/{wanted}")
        if given is not None:
            return self._url_of(given), given.refusal
        found = [one for one in balancing.load_balancers if wanted in (one.name, one.dns_name, one.arn)]
        if not found:
            names = ", ".join(sorted(one.name for one in balancing.load_balancers)) or "none yet"
            raise CloudError(f"There is no load balancer named {wanted}.", f"Load balancers here: {names}.")
        plan = self._door_of(found[0], port)
        if plan is None:
            ports = ", ".join(str(one.port) for one in found[0].listeners)
            missing = f"no listener on port {port}" if port is not None else "no listener"
            remedy = f"Its listeners have the ports {ports}." if ports else "Create one with create_listener."
            raise CloudError(f"The load balancer {found[0].name} has {missing}.", remedy)
        return self._url_of(plan), plan.refusal

    @property
    def balancing(self) -> Balancing:
        """All load balancers and target groups, as the last tick saw them."""
        return self._balancing

    def counters(self) -> dict[str, Counters]:
        """The raw counts of each load balancer, by ARN."""
        return dict(self._counters)

    def flows(self) -> dict[str, FlowCounters]:
        """The counts of each Network Load Balancer's flows, by ARN."""
        return dict(self._flows)

    def _fresh(self) -> Balancing:
        # a caller who has just created a listener must not have to wait for the next tick
        with self._world.lock:
            self.tick(self._world.clock.now())
            return self._balancing

    def _door_of(self, balancer: LoadBalancer, port: int | None) -> DoorPlan | None:
        own = [one for one in self._plan.doors.values() if one.balancer.arn == balancer.arn]
        plans = [one for one in own if not one.inside and not one.host]
        if port is not None:
            plans = [one for one in plans if one.listener.port == port]
        ranked = sorted(plans, key=lambda one: (bool(one.refusal), one.listener.port != 80, one.listener.port))
        return ranked[0] if ranked else None

    def _url_of(self, plan: DoorPlan) -> str:
        return f"{plan.scheme}://127.0.0.1:{self._doors[plan.key].port}/"

    def _apply(self, plan: Plan) -> None:
        arns = {door.balancer.arn for door in plan.doors.values()}
        self._counters = {arn: self._counters.get(arn) or Counters() for arn in arns}
        carrying = {door.balancer.arn for door in plan.doors.values() if door.balancer.kind == "network"}
        self._flows = {arn: self._flows.get(arn) or FlowCounters() for arn in carrying}
        for old in [one for key, one in self._plan.doors.items() if one.inside and key not in plan.doors]:
            self._book.remove(old.balancer.arn, old.listener.port)
        for key in [key for key in self._doors if key not in plan.doors]:
            self._plane.close(self._doors.pop(key))
        self._plan = plan
        new = {key: self._ports.bind(key) for key in plan.doors if key not in self._doors}
        ports = {key: door.port for key, door in self._doors.items()}
        ports |= {key: int(sock.getsockname()[1]) for key, sock in new.items()}
        for key, wanted in plan.doors.items():
            neighbours = tuple(
                (other.listener.port, other.scheme, ports[name])
                for name, other in plan.doors.items()
                if other.balancer.arn == wanted.balancer.arn
                and (other.inside, other.host) == (wanted.inside, wanted.host)
            )
            door = self._doors.get(key)
            if door is not None and (door.tls is not None) != (wanted.scheme == "https"):
                new[key] = door.sock.dup()  # the same port goes on with another protocol
                self._plane.close(self._doors.pop(key))
                door = None
            tls = door.tls if door is not None else self._tls(wanted)
            listening = self._listening(wanted, neighbours, tls)
            if door is None:
                door = self._doors[key] = Door(key, new[key], listening, tls)
                self._plane.open(door)
            elif door.listening != listening:
                door.change(listening)
            if wanted.inside:
                self._book.add(wanted.balancer.arn, wanted.listener.port, door.port)

    def _tls(self, wanted: DoorPlan) -> Tls | None:
        return Tls(self.authority, wanted.balancer.dns_name) if wanted.scheme == "https" else None

    def _listening(self, wanted: DoorPlan, neighbours: Neighbours, tls: Tls | None) -> Listening:
        balancer, listener = wanted.balancer, wanted.listener
        flows = self._flows[balancer.arn] if balancer.kind == "network" else None
        problem = tls.change(listener.certificates, listener.protocols) if tls is not None else ""
        return Listening(
            balancer=balancer.name,
            dns_name=(wanted.host or balancer.dns_name).encode(),
            port=listener.port,
            action=self._deed(listener.action),
            counters=self._counters[balancer.arn],
            refusal=wanted.refusal or problem,
            scheme=b"https" if listener.protocol in ("HTTPS", "TLS") else b"http",
            rules=tuple(
                (compiled(one.conditions), Route(self._deed(one.action), one.rewrites)) for one in listener.rules
            ),
            neighbours=neighbours,
            idle_timeout=listener.idle_timeout if flows else balancer.idle_timeout,
            keep_alive=balancer.keep_alive,
            flows=flows,
            preserve_host=balancer.preserve_host,
            forwarded_for=balancer.forwarded_for,
            forwarded_for_port=balancer.forwarded_for_port,
            desync=balancer.desync,
            drop_invalid=balancer.drop_invalid,
            tls_headers=balancer.tls_headers,
            headers=listener.headers,
        )

    def _deed(self, action: Action) -> Deed:
        if action.kind == "forward":
            return Forward(tuple((self.targets.group(arn), weight) for arn, weight in action.groups), action.sticky)
        if action.kind == "redirect":
            return Refer(action.redirect)
        if action.kind == "fixed-response":
            return Fixed(action.status, action.content_type.encode(), action.body.encode())
        note = f"The embedded cloud does not simulate the action {action.kind}; on AWS the user would sign in here."
        return Fixed(501, b"text/html", page(501, note))


def _used(balancing: Balancing) -> set[str]:
    return {arn for one in balancing.load_balancers for listener in one.listeners for arn in listener.targets}


def _split(name: str) -> tuple[str, int | None]:
    name = name.strip().removeprefix("http://").removeprefix("https://")
    if name.startswith("arn:"):
        return name, None
    name = name.partition("/")[0]
    wanted, _, port = name.partition(":")
    return wanted, int(port) if port.isdecimal() else None
