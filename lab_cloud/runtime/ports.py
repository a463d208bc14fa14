"""Loopback ports for containers."""

import random
import socket
import threading
from collections.abc import Mapping, Sequence

from lab_cloud.errors import CannotStart
from lab_cloud.system import WINDOWS, ephemeral_ports

PORT_TAKEN = "Publish another port, or let the cloud choose one: give the container's port alone."
_FIRST, _LAST = 20_000, 32_767


def is_free(port: int, *, after_close: bool = False) -> bool:
    """Tell whether a server could listen on this loopback port now.

    Parameters
    ----------
    port : int
        Which.
    after_close : bool
        Connections to a server that has ended do not count: most servers listen all the same.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if after_close and not WINDOWS:  # there the option would take a port that is in use
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def is_listening(port: int) -> bool:
    """Tell whether some program listens on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class PortBook:
    """Which loopback port belongs to which container.

    A port is only promised: the container's program opens it a moment later. So ports are taken one after another from
    those that the system never gives to outgoing connections, and one that was given back is used again last.
    """

    def __init__(self) -> None:
        outgoing = ephemeral_ports()
        self._ports = [port for port in range(_FIRST, _LAST + 1) if port not in outgoing] or list(outgoing)
        self._next = random.randrange(len(self._ports))  # noqa: S311 - two clouds should not begin with the same one
        self._taken: set[int] = set()
        self._lock = threading.Lock()

    def take(self, count: int) -> list[int]:
        """Reserve ports.

        Raises
        ------
        CannotStart
            None is free.
        """
        found: list[int] = []
        with self._lock:
            for _ in range(len(self._ports)):
                if len(found) == count:
                    break
                port = self._ports[self._next]
                self._next = (self._next + 1) % len(self._ports)
                if port not in self._taken and is_free(port):
                    self._taken.add(port)
                    found.append(port)
        if len(found) < count:
            self.give_back(found)
            raise CannotStart("no loopback port is free", "End some containers, or other programs that listen.")
        return found

    def assign(self, ports: Sequence[int], wanted: Mapping[int, int]) -> dict[int, int]:
        """Reserve a loopback port for each container port: the one that is wanted for it, or any.

        Raises
        ------
        CannotStart
            A wanted port is in use, or none is free.
        """
        found: dict[int, int] = {}
        try:
            for port, host_port in ((port, wanted[port]) for port in ports if port in wanted):
                self._claim(host_port)
                found[port] = host_port
            others = [port for port in ports if port not in found]
            found |= dict(zip(others, self.take(len(others)), strict=True))
        except CannotStart:
            self.give_back(list(found.values()))
            raise
        return {port: found[port] for port in ports}

    def _claim(self, port: int) -> None:
        with self._lock:
            if port in self._taken or not is_free(port, after_close=True):
                raise CannotStart(f"Bind for 127.0.0.1:{port} failed: port is already allocated", PORT_TAKEN)
            self._taken.add(port)

    def give_back(self, ports: list[int]) -> None:
        """Release ports."""
        with self._lock:
            self._taken.difference_update(ports)
