"""Connections of HTTP with the limits that uvicorn's own do not have: of a request's head, of time, of their number."""

from __future__ import annotations

import asyncio
import resource
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 64 * 1024
"""Of the request line and the headers."""
HEAD_SECONDS = 20.0
"""How long a client may take for them, from the connection or from their first byte on."""
TAKE_SECONDS = 120.0
"""How long a client may leave what it is sent lying before 64 KB of it have arrived."""
MOST_CONNECTIONS = 10_000
_ONCE = frozenset({b"host", b"content-length", b"transfer-encoding", b"x-customlabels-console", b"x-amz-target"})
"""Headers of which a second one is refused: a proxy might look at the one, and we at the other."""


class BadHead(Exception):
    """A request that two programs might read in two ways. The parser makes an answer of it: 400."""


def most_connections() -> int:
    """As many as leave half of the file descriptors that this process may have to the rest of the server."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, soft // 2)


class Connection(HttpToolsProtocol):
    """A connection, which is closed where a client keeps it without using it."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.since = self.loop.time()
        """When it was opened, or last had a whole head."""
        self._in_head = True
        self._begun = False  # whether a byte of the head is there
        self._heads = 0
        self._head_bytes = 0
        self._late: asyncio.TimerHandle | None = None
        self._stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_head()
        if len(self.connections) > most_connections():
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before = self._heads if self._in_head else -1
        super().data_received(data)
        if self._in_head and (self._begun or self._heads == before) and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._refuse(b"431 Request Header Fields Too Large", "The headers are too large.")
            elif self._late is None:
                self._wait_for_head()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck = self._stuck or self.loop.call_later(TAKE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
        super().resume_writing()

    def on_message_begin(self) -> None:
        self._begun = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # what follows a chunked body is no header of the request
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        self._in_head = False
        self._heads += 1
        self._head_bytes = 0
        self.since = self.loop.time()
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD_BYTES:
            raise BadHead("The headers are too large.")
        if not self.url.startswith(b"/") and self.url != b"*":
            raise BadHead("The target of a request must be a path.")
        names = [name for name, _ in self.headers if name in _ONCE]
        if len(names) > len(set(names)):
            raise BadHead("A header comes twice that may come once.")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        self._begun = False
        super().on_message_complete()

    @property
    def idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _wait_for_head(self) -> None:
        self._late = self.loop.call_later(HEAD_SECONDS, self._is_late)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _is_late(self) -> None:
        self._late = None
        if not self.idle:  # the answer before is ours to give first
            self._wait_for_head()
        elif not self.transport.is_closing():
            self._refuse(b"408 Request Timeout", f"The request was not there within {HEAD_SECONDS:g} seconds.")

    def _refuse(self, status: bytes, words: str) -> None:
        head = b"HTTP/1.1 %s\r\ncontent-length: %d\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n"
        self.transport.write(head % (status, len(words)) + words.encode())
        self.transport.close()

    def _make_room(self) -> None:
        """Close the connection that has been idle for longest; this one, where all of them work."""
        others = [other for other in self.connections if isinstance(other, Connection) and other.idle]
        min(others, key=lambda other: other.since, default=self).transport.abort()
