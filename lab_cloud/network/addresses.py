"""Which loopback port stands for an address in a VPC."""

import threading
from collections.abc import Mapping


class AddressBook:
    """From (address, port) in a VPC to the loopback port where a container really listens.

    Whoever starts a container adds its ports; load balancers and health checks look them up. An address is an IP of
    a network interface, or the id of an instance for a container that shares its host's network; what is known of an
    instance by its id is found by its private address, too, and the other way round. All methods may be called from any
    thread.

    Parameters
    ----------
    relayed : bool
        Whether a loopback port takes connections before its program listens, since a container engine passes them on:
        it hangs up when nobody is there.
    """

    def __init__(self, *, relayed: bool = False) -> None:
        self.relayed = relayed
        self._lock = threading.Lock()
        self._ports: dict[tuple[str, int], int] = {}
        self._same: dict[str, str] = {}

    def know_instances(self, addresses: Mapping[str, str]) -> None:
        """Note the private addresses of all instances, by their ids."""
        self._same = {**addresses, **{address: instance for instance, address in addresses.items()}}

    def add(self, ip: str, port: int, loopback_port: int) -> None:
        """Note that `port` of this address is served on a loopback port."""
        with self._lock:
            self._ports[ip, port] = loopback_port

    def remove(self, ip: str, port: int | None = None) -> None:
        """Forget one port of an address, or all of them."""
        with self._lock:
            for key in [key for key in self._ports if key[0] == ip and port in (None, key[1])]:
                del self._ports[key]

    def lookup(self, ip: str, port: int) -> int | None:
        """The loopback port, or None when nothing answers at that address."""
        found = self._ports.get((ip, port))  # one dict access needs no lock
        return found if found is not None else self._ports.get((self._same.get(ip, ""), port))

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._ports.clear()
