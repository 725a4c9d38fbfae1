"""Bodies are read as a whole, up to a limit of bytes and of time."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from customlabels.api import bodies as limits
from customlabels.api.bodies import Bodies, Unread

from .conftest import TARGET, Wire

T = TypeVar("T")


def read(pieces: Sequence[bytes | None]) -> bytes | Unread:
    """What is read of a body that comes in these pieces; None is a client that leaves, and after them nothing comes."""
    messages: list[Message] = [
        {"type": "http.disconnect"} if piece is None else {"type": "http.request", "body": piece, "more_body": True}
        for piece in pieces
    ]

    async def receive() -> Message:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop(0)

    async def read() -> bytes | Unread:
        async with Bodies().read(Request({"type": "http", "method": "POST", "headers": []}, receive)) as body:
            return body

    return _ran(read())


def _ran(work: Coroutine[Any, Any, T]) -> T:
    """What it gives, in a thread of its own: a browser of other tests may keep an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def _request(size: int) -> Request:
    """With so many bytes."""

    async def receive() -> Message:
        return {"type": "http.request", "body": bytes(size), "more_body": False}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


def test_a_client_that_stops_sending_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.01)
    assert read([b"half of "]) is Unread.REFUSED


def test_of_a_body_without_end_only_so_much_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BODY", 100)
    monkeypatch.setattr(limits, "DRAINED_BODY", 1000)
    assert read([bytes(90)] * 12) is Unread.REFUSED


def test_all_bodies_together_have_a_limit_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BODIES", 1000)
    bodies = Bodies()

    async def together() -> tuple[bytes | Unread, bytes | Unread]:
        async with bodies.read(_request(700)) as one, bodies.read(_request(700)) as two:
            return one, two

    assert _ran(together()) == (bytes(700), Unread.CROWDED)
    assert _ran(together()) == (bytes(700), Unread.CROWDED)  # what was held is free again


def test_a_packed_body_is_not_unpacked(wire: Wire) -> None:
    packed = gzip.compress(b"{}")
    target = f"{TARGET}DescribeProjects"
    headers = wire.signed("POST", "/", packed, "rekognition", Content_Encoding="gzip", X_Amz_Target=target)
    answer = wire.send("POST", "/", packed, headers)
    assert (answer.status, answer.error) == (400, "SerializationException")


def test_a_client_that_leaves_gets_no_answer() -> None:
    with pytest.raises(ClientDisconnect):
        read([b"{", None])
