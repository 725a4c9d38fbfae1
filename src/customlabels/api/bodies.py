"""Bodies of requests that are read as a whole, up to a limit."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

MAX_BODY = 8 * 1024 * 1024
"""Bytes: 5 MB in base64, and some."""
DRAINED_BODY = 64 * 1024 * 1024
"""So much of a body that is too large is read to its end: a client that still sends does not see the answer."""
BODY_SECONDS = 60.0
"""How long a client may take to send a body."""
LIMITS = f"at most {MAX_BODY:,} bytes, within {BODY_SECONDS:.0f} seconds"


async def read_body(request: Request) -> bytes | None:
    """The body of a request; None where it is too large or too slow. Raises ClientDisconnect."""
    content, size = bytearray(), 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= MAX_BODY:
                    content += chunk
                elif size > DRAINED_BODY:
                    return None
    except TimeoutError:
        return None
    return bytes(content) if size <= MAX_BODY else None
