import socket

import pytest

from lab_cloud.errors import CannotStart
from lab_cloud.runtime.ports import PortBook, is_free
from lab_cloud.system import ephemeral_ports


def test_no_port_is_given_twice() -> None:
    book = PortBook()
    ports = [port for _ in range(50) for port in book.take(2)]
    assert len(set(ports)) == 100
    assert all(is_free(port) for port in ports)
    assert all(port not in ephemeral_ports() for port in ports)


def test_a_port_that_was_given_back_is_used_last() -> None:
    book = PortBook()
    first = book.take(1)
    book.give_back(first)
    assert first[0] not in book.take(20)


def test_a_port_of_another_program_is_left_out() -> None:
    book = PortBook()
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        book._ports, book._next = [taken, taken + 1], 0
        assert taken not in book.take(1)
        with pytest.raises(CannotStart, match="no loopback port"):
            book.take(1)


def test_a_wanted_port_is_given_or_refused() -> None:
    book = PortBook()
    (free,) = book.take(1)
    with pytest.raises(CannotStart, match=f"{free} failed: port is already allocated"):
        book.assign([80, 81], {81: free})
    book.give_back([free])
    given = book.assign([80, 81], {81: free})
    assert list(given) == [80, 81]
    assert given[81] == free
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(CannotStart, match="already allocated"):
        book.assign([80], {80: other.getsockname()[1]})


def test_a_wanted_port_is_free_as_soon_as_its_server_has_ended() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        connection, _ = server.accept()
        connection.close()  # first, so that this side keeps the port for a minute
        client.close()
    assert PortBook().assign([80], {80: port}) == {80: port}
