"""HTTP as uvicorn speaks it, with limits on clients that are slow, many, or talk without end."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from distill.serving.limits import Limits
from distill.serving.refusal import Refused

_HEAD_BYTES = 65_536
"""Bytes that the head of a request may have, as in other servers; the parser itself has no limit."""
_PIECE = 65_536
"""Bytes that are parsed at once."""
_SEPARATORS = 4
"""Bytes of a line of the head beside its name and value."""


def protocol(limits: Limits, count: Callable[[int], None]) -> type[HttpToolsProtocol]:
    """Return uvicorn's protocol with limits of its own.

    Args:
        limits: how many connections there may be, how long a request may take to come, and how long it may be.
        count: is told the status of each refusal.
    """

    class Limited(_Limited):
        """A connection with these limits."""

        _limits = limits
        _count = staticmethod(count)

    return Limited


class _Limited(HttpToolsProtocol):
    """A connection whose requests come as a whole, within a time and a size, or are refused.

    After a refusal, what the client still sends is read and thrown away: to close at once would take the reason from a
    client that is still sending.
    """

    _limits: Limits
    _count: Callable[[int], None]
    _timer: asyncio.TimerHandle | None = None
    _surplus = False
    _refused = False
    _in_head = False
    _begun = False
    """Whether a request has begun in the piece that is parsed."""
    _unread = 0
    """Bytes of the head that is coming, but for those of the piece in which it began."""
    _head = 0
    """Bytes of the lines of the head that have come as a whole."""
    _received = 0
    """Bytes of the body that is coming."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._surplus = len(self.connections) > self._limits.max_connections
        self._set_timer(self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._unset_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._surplus and not self._refused:
            reason = f"max_connections={self._limits.max_connections} are open; come again later"
            self._refuse(Refused(HTTPStatus.SERVICE_UNAVAILABLE, reason, 1))
        for start in range(0, len(data), _PIECE):
            if self._refused:
                return
            self._parse(data[start : start + _PIECE])

    def _parse(self, piece: bytes) -> None:
        """Parse some bytes; those of a line of the head that has no end yet count, though the parser keeps them."""
        inside, self._begun = self._in_head, False
        super().data_received(piece)
        if inside and self._in_head and not self._begun:
            self._unread += len(piece)
            self._refuse_long_head(self._unread)

    def _refuse_long_head(self, size: int) -> None:
        if size > _HEAD_BYTES and not self._refused:
            reason = f"the head of a request may have {_HEAD_BYTES} bytes"
            self._refuse(Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, reason))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = self._begun = True
        self._unread = self._head = self._received = 0
        if self._timer is None:
            self._set_timer(self._late)

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._head += len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a line of the head, or of what follows a body."""
        self._head += len(name) + len(value) + _SEPARATORS
        self._refuse_long_head(self._head)
        if not self._refused:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._refused:
            return
        if any(name == b"content-length" and int(value) > self._limits.max_body_bytes for name, value in self.headers):
            self._refuse_body()
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._received += len(body)
        if self._received > self._limits.max_body_bytes and not self._refused:
            self._refuse_body()
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._refused:
            self._unset_timer()
            super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._abort_later()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._abort_later()

    def send_400_response(self, msg: str) -> None:
        if not self._refused:
            self._refuse(Refused(HTTPStatus.BAD_REQUEST, "the request is no HTTP"))

    def _refuse_body(self) -> None:
        reason = f"the body of a request may have max_body_bytes={self._limits.max_body_bytes}"
        self._refuse(Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason))

    def _late(self) -> None:
        """End a request that has not come as a whole, unless one before it holds it up."""
        self._timer = None
        if self.pipeline:
            self._set_timer(self._late)
        elif self._in_head or not self._answered:
            reason = f"the request did not come within read_timeout={self._limits.read_timeout:g} seconds"
            self._refuse(Refused(HTTPStatus.REQUEST_TIMEOUT, reason))
        else:
            self.transport.close()

    @property
    def _answered(self) -> bool:
        """Whether the last request has its answer, or none was begun."""
        return self.cycle is None or self.cycle.response_complete

    def _refuse(self, refused: Refused) -> None:
        """Reply with the reason, and read no further request of this connection."""
        self._refused = True
        self._count(refused.status)
        if not self._answered:
            self.cycle.disconnected = True  # the application is told, and what it says is dropped
            self.cycle.message_event.set()
        headers = {"content-type": "application/json", "content-length": str(len(refused.body)), "connection": "close"}
        lines = [f"HTTP/1.1 {refused.status} {HTTPStatus(refused.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in {**headers, **refused.headers}.items()]
        self.flow.resume_reading()
        self.transport.write("\r\n".join([*lines, "", ""]).encode() + refused.body)
        self.transport.write_eof()
        self._set_timer(self.transport.abort)

    def _abort_later(self) -> None:
        """Give a client that does not read what it was sent no longer than one that does not send."""
        if self.transport.is_closing():
            self._set_timer(self.transport.abort)

    def _set_timer(self, end: Callable[[], None]) -> None:
        self._unset_timer()
        self._timer = self.loop.call_later(self._limits.read_timeout, end)

    def _unset_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
