"""Loopback ports for containers."""

import random
import socket
import threading

from lab_cloud.errors import CannotStart
from lab_cloud.system import ephemeral_ports

_FIRST, _LAST = 20_000, 32_767


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
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

    def give_back(self, ports: list[int]) -> None:
        """Release ports."""
        with self._lock:
            self._taken.difference_update(ports)
