"""Bodies of requests that are read as a whole, up to a limit of each and of all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum, auto

from starlette.requests import Request

MAX_BODY = 8 * 1024 * 1024
"""Bytes: 5 MB in base64, and some."""
DRAINED_BODY = 64 * 1024 * 1024
"""So much of a body that is too large is read to its end: a client that still sends does not see the answer."""
BODY_SECONDS = 60.0
"""How long a client may take to send a body."""
MAX_BODIES = 1024 * 1024 * 1024
"""Bytes of all bodies that are being read or worked on; they are held in memory before it is known who sends them."""
LIMITS = f"at most {MAX_BODY:,} bytes, within {BODY_SECONDS:.0f} seconds"


class Unread(Enum):
    """Why a body was not read."""

    REFUSED = auto()
    """It is too large or too slow."""
    CROWDED = auto()
    """Others take all the memory that there is for bodies."""


class Bodies:
    """Reads the bodies of a server's requests, in one event loop."""

    def __init__(self) -> None:
        self._held = 0

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[bytes | Unread]:
        """The body of a request, for as long as it is worked on. Raises ClientDisconnect."""
        content = bytearray()
        try:
            yield await self._read(request, content)
        finally:
            self._held -= len(content)

    async def _read(self, request: Request, content: bytearray) -> bytes | Unread:
        size = 0
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for chunk in request.stream():
                    size += len(chunk)
                    if size <= MAX_BODY:
                        if self._held + len(chunk) > MAX_BODIES:
                            return Unread.CROWDED
                        self._held += len(chunk)
                        content += chunk
                    elif size > DRAINED_BODY:
                        return Unread.REFUSED
        except TimeoutError:
            return Unread.REFUSED
        return bytes(content) if size <= MAX_BODY else Unread.REFUSED
