"""Bodies are read as a whole, up to a limit of bytes and of time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from customlabels.api import bodies


def read(pieces: Sequence[bytes | None]) -> bytes | None:
    """What is read of a body that comes in these pieces; None is a client that leaves, and after them nothing comes."""
    messages: list[Message] = [
        {"type": "http.disconnect"} if piece is None else {"type": "http.request", "body": piece, "more_body": True}
        for piece in pieces
    ]

    async def receive() -> Message:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop(0)

    async def read() -> bytes | None:
        return await bodies.read_body(Request({"type": "http", "method": "POST", "headers": []}, receive))

    return asyncio.run(read())


def test_a_client_that_stops_sending_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.01)
    assert read([b"half of "]) is None


def test_of_a_body_without_end_only_so_much_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_BODY", 100)
    monkeypatch.setattr(bodies, "DRAINED_BODY", 1000)
    assert read([bytes(90)] * 12) is None


def test_a_client_that_leaves_gets_no_answer() -> None:
    with pytest.raises(ClientDisconnect):
        read([b"{", None])
