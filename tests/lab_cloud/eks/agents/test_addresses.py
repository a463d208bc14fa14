"""Pods' addresses really answer."""

import socket
import threading

import pytest

from tests.lab_cloud.eks.agents.hosts import Hosts
from tests.waiting import until


def echo() -> socket.socket:
    """A server that says back what it is told, once."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with server.accept()[0] as peer:
            data = b""
            while piece := peer.recv(1024):
                data += piece
            peer.sendall(data[::-1])

    threading.Thread(target=serve, daemon=True).start()
    return server


def ask(address: str, port: int) -> bytes:
    with socket.create_connection((address, port), 5) as peer:
        peer.sendall(b"abc")
        peer.shutdown(socket.SHUT_WR)
        found = b""
        while piece := peer.recv(1024):
            found += piece
        return found


def test_bytes_are_carried_both_ways_and_a_closed_port_refuses(hosts: Hosts) -> None:
    addresses = hosts.machine.addresses
    one, other = addresses.take(), addresses.take()
    assert one != other
    with echo() as server:
        addresses.open(one, {8080: server.getsockname()[1]})
        assert until(lambda: ask(one, 8080)) == b"cba"
    with pytest.raises(OSError, match=r"reset|refused"):
        ask(one, 8080)
    with pytest.raises(OSError, match="refused"):
        ask(other, 8080)
    addresses.give_back(one)
    assert hosts.book.lookup(one, 8080) is None
    addresses.give_back(other)
