"""The containers' way back to the cloud, which listens on loopback only: where a container engine's network ends here.

A container has a loopback of its own. So the cloud opens a second door on the engine's bridge, an address that exists
on this machine only, and lets nobody in but the addresses of that bridge. What they may do there is decided by the
signature or token that every call carries, as everywhere; the cloud's own commands are not to be had there at all.
Where the engine can give this machine the address of `lab_cloud.runtime.link_local`, a third door is there.
With Docker Desktop the bridge lies in a virtual machine, whose ``host.docker.internal`` leads to this loopback.
"""

import contextlib
import ipaddress
import logging
import socket
from dataclasses import dataclass
from typing import Any

from lab_cloud.runtime import link_local
from lab_cloud.system import LINUX

DESKTOP = "host.docker.internal"
_FREEBIND = 15
"""IP_FREEBIND of Linux: Podman makes its bridge with its first container, after the door."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WayBack:
    """How containers reach the cloud.

    Parameters
    ----------
    host : str
        The name that they use.
    port : int
        The port there.
    listener : socket or None
        The second door; None where the engine leads to loopback by itself.
    network : ip network or None
        The engine's bridge, from which callers come in by the second door.
    third : socket or None
        The same door once more, on the address of `lab_cloud.runtime.link_local`.
    """

    host: str
    port: int
    listener: socket.socket | None = None
    network: ipaddress.IPv4Network | None = None
    third: socket.socket | None = None

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names that containers use."""
        return (self.host, link_local.ADDRESS) if self.third is not None else (self.host,)

    @property
    def listeners(self) -> list[socket.socket]:
        """All doors that the cloud is to serve."""
        return [door for door in (self.listener, self.third) if door is not None]

    @property
    def private_url(self) -> str:
        """Where containers ask for what is theirs alone; empty where they cannot."""
        return f"http://{link_local.ADDRESS}:{self.third.getsockname()[1]}" if self.third is not None else ""

    def admits(self, caller: str) -> bool:
        """Whether a caller by the second door is a container: on the bridge, and not this machine itself."""
        return self.network is not None and caller not in self.hosts and ipaddress.ip_address(caller) in self.network

    def mapped(self, text: str, port: int) -> str:
        """Replace the cloud's loopback address in a value of the environment."""
        for name in ("127.0.0.1", "localhost"):
            text = text.replace(f"http://{name}:{port}", f"http://{self.host}:{self.port}")
        return text


def open_way_back(api: Any, port: int) -> WayBack | None:
    """Make one for the engine's default network; None when there can be none, which is logged.

    Parameters
    ----------
    api : docker.APIClient
        The engine.
    port : int
        The cloud's port on loopback; taken on the bridge as well when it is free there.
    """
    info = api.info()
    if "Docker Desktop" in info.get("OperatingSystem", "") or not LINUX:
        return WayBack(DESKTOP, port)
    if any("rootless" in option for option in info.get("SecurityOptions") or ()):
        log.warning("the engine is rootless: its containers cannot reach the cloud's API")
        return None
    found = _bridge(api)
    if found is None:
        log.warning("the engine has no bridge network: its containers cannot reach the cloud's API")
        return None
    gateway, network = found
    alike = _interfaces(network)
    if len(alike) > 1:
        log.warning(
            "the network %s is there %d times (%s): answers to containers may take the wrong one, and time out. "
            "Two engines have it; end one, or give it another network (dockerd --bip)",
            network, len(alike), ", ".join(alike),
        )  # fmt: skip
    listener = _door(gateway, port)
    if listener is None:
        return None
    third = _door(link_local.ADDRESS, port) if link_local.ensure(api) else None
    if third is None:
        log.warning("containers cannot reach %s: credentials of roles are in their environment", link_local.ADDRESS)
    return WayBack(gateway, listener.getsockname()[1], listener, network, third)


def _door(address: str, port: int) -> socket.socket | None:
    for wanted in (port, 0):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_IP, _FREEBIND, 1)
        try:
            listener.bind((address, wanted))
            listener.listen(256)
        except OSError as error:
            listener.close()
            log.info("port %d of %s cannot be had: %s", wanted, address, error.strerror)
            continue
        return listener
    return None


def _interfaces(network: ipaddress.IPv4Network) -> list[str]:
    """This machine's interfaces with an address of a network; more than one, and its routes contradict each other."""
    import psutil

    return sorted(
        name
        for name, addresses in psutil.net_if_addrs().items()
        if any(one.family == socket.AF_INET and ipaddress.ip_address(one.address) in network for one in addresses)
    )


def _bridge(api: Any) -> tuple[str, ipaddress.IPv4Network] | None:
    """This machine's address on the default network, and that network."""
    for name in ("bridge", "podman"):
        with contextlib.suppress(Exception):
            for config in api.inspect_network(name)["IPAM"]["Config"]:
                network = ipaddress.ip_network(config["Subnet"])
                if isinstance(network, ipaddress.IPv4Network):
                    return config.get("Gateway") or str(network.network_address + 1), network
    return None
