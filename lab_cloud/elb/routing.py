"""What a listener does with one request: the first rule that it meets, or the default; and redirects."""

from typing import TYPE_CHECKING

from . import redirects, rules
from .listening import Deed, Refer

if TYPE_CHECKING:
    from .exchange import Exchange


def deed_for(exchange: "Exchange") -> Deed:
    """What is done with a request; a rule's transforms are noted in it."""
    listening = exchange.client.door.listening
    path, _, query = exchange.url.partition(b"?")
    incoming = rules.Incoming(
        exchange.method, host_of(exchange), path, query, exchange.headers, exchange.client.peer[0].decode()
    )
    seen, route = rules.first(listening.rules, incoming)
    exchange.client.counters.rules += seen
    if route is None:
        return listening.action
    exchange.rewrites = route.rewrites
    return route.deed


def location_of(exchange: "Exchange", deed: Refer) -> bytes:
    """The Location of a redirect action, as the client can follow it."""
    listening = exchange.client.door.listening
    path, _, query = exchange.url.decode("latin-1").partition("?")
    made = redirects.location(
        deed.redirect,
        scheme=listening.scheme.decode(),
        host=host_of(exchange).decode("latin-1"),
        port=listening.port,
        path=path,
        query=query,
    )
    return for_client(exchange, made.encode("latin-1", "replace"))


def for_client(exchange: "Exchange", location: bytes) -> bytes:
    """A Location that names the load balancer leads back to where the client found it."""
    door = exchange.client.door
    listening = door.listening
    own = (listening.port, listening.scheme.decode(), door.port)
    return redirects.reachable(
        location, listening.dns_name, exchange.head.host or b"", door.port, listening.neighbours or (own,)
    )


def host_of(exchange: "Exchange") -> bytes:
    """The host as the client would have named it on AWS, without a port."""
    host = exchange.client.door.host_for_target(exchange.head.host or b"127.0.0.1")
    name, separator, port = host.rpartition(b":")
    return name if separator and port.isdigit() else host
