"""One kept-alive connection of the load's sender: a request at a time, its answer parsed in C."""

import asyncio
from typing import Any, Protocol

import httptools

SWITCHING = 101


class Request:
    """One request: since when it counts, and what has become of it."""

    __slots__ = ("connection", "ended", "since")

    def __init__(self, since: float) -> None:
        self.since = since
        self.connection: Connection | None = None
        self.ended = False


class Owner(Protocol):
    """What a connection tells."""

    def answered(self, connection: "Connection", request: Request, status: int) -> None:
        """A whole answer has come; the connection is free when it stays open."""

    def broke(self, connection: "Connection", request: Request | None, why: str, *, stale: bool) -> None:
        """The connection has ended; `stale` when the server closed it before it can have seen the request."""


class Connection(asyncio.Protocol):
    """A connection to the server.

    Parameters
    ----------
    owner : Owner
        Is told of answers and of the end.
    message : bytes
        The request, the same each time.
    """

    def __init__(self, owner: Owner, message: bytes) -> None:
        self._owner = owner
        self._message = message
        self._transport: Any = None
        self._parser: Any = None
        self._request: Request | None = None
        self._served = 0
        self._touched = False
        self._head = False
        self._sized = False
        self._why = ""
        self.open = False

    def send(self, request: Request) -> None:
        """Send the request; the connection is busy until its answer is there."""
        self._request = request
        request.connection = self
        self._parser = httptools.HttpResponseParser(self)
        self._touched = self._head = self._sized = False
        self._transport.write(self._message)

    def close(self) -> None:
        """End it, and say nothing."""
        self._request = None
        self.open = False
        if self._transport is not None:
            self._transport.abort()

    # -- what asyncio calls --------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._transport = transport
        self.open = True

    def data_received(self, data: bytes) -> None:
        """Read a part of an answer."""
        if self._request is None:  # a server that speaks unasked
            self._transport.abort()
            return
        self._touched = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._finish(SWITCHING, keep=False)
        except httptools.HttpParserError:
            self._why = "not HTTP"
            self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell what the end means for the request that was on its way."""
        self.open = False
        request, self._request = self._request, None
        if request is not None and self._head and not self._sized and error is None and not self._why:
            self._owner.answered(
                self, request, self._parser.get_status_code()
            )  # an answer that ends with its connection
            return
        why = self._why or ("answer cut short" if self._touched else "connection closed without an answer")
        self._owner.broke(self, request, why, stale=self._served > 0 and not self._touched)

    # -- what the parser calls -----------------------------------------------------------------------------------

    def on_header(self, name: bytes, _value: bytes) -> None:
        """Note whether the answer says where it ends."""
        if name.lower() in (b"content-length", b"transfer-encoding"):
            self._sized = True

    def on_headers_complete(self) -> None:
        """Note that there is a status."""
        self._head = True

    def on_message_complete(self) -> None:
        """Take the answer, unless it only says that the real one follows."""
        status = self._parser.get_status_code()
        if status < 200:
            self._head = self._sized = False
        else:
            self._finish(status, keep=self._parser.should_keep_alive())

    def _finish(self, status: int, *, keep: bool) -> None:
        request, self._request = self._request, None
        self._served += 1
        if not keep:
            self.open = False
            self._transport.close()
        if request is not None:
            self._owner.answered(self, request, status)
