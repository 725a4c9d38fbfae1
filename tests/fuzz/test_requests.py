"""Bad requests: each is refused, answered or left without answer, and none harms the server."""

from __future__ import annotations

import random
import socket
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.credentials import Credentials

from .bad_requests import BadRequests
from .watched import Watched

pytestmark = pytest.mark.torture

TOGETHER = 20
"""Requests that are sent at the same time."""
PATIENCE_SECONDS = 0.5
"""How long an answer is waited for: some of the requests have no end, and get none."""


def answered(port: int, request: bytes) -> int:
    """The status that the server gives a request; 0 where it gives none."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        try:
            connection.sendall(request)
            connection.settimeout(PATIENCE_SECONDS)
            head = connection.recv(64)
        except OSError:
            return 0
    words = head.split(b" ", 2)
    return int(words[1]) if head.startswith(b"HTTP/1.") else 0


def test_bad_requests_do_no_harm(
    watched: Watched, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    count: int = request.config.getoption("--fuzz-count")
    seed: int = request.config.getoption("--torture-seed")
    port, cookie = watched.server.port, watched.console.cookies["customlabels_session"]
    key = Credentials(watched.key.id, watched.key.secret)
    bad = BadRequests(random.Random(seed), f"127.0.0.1:{port}", key, cookie)
    began = time.monotonic()
    with ThreadPoolExecutor(TOGETHER) as pool:
        for first in range(0, count, TOGETHER):
            together = [bad.next() for _ in range(min(TOGETHER, count - first))]
            for sent, status in zip(together, pool.map(lambda one: answered(port, one), together), strict=True):
                try:
                    watched.note("request", status)
                except AssertionError as error:
                    error.add_note(f"Of seed {seed}, after {first} requests: {sent[:2000]!r}")
                    raise
            watched.look(first + len(together), count)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=30) as health:
        assert health.status == 200
    with capsys.disabled():
        print(f"\n{count} bad requests, seed {seed}, {time.monotonic() - began:.0f} s: {dict(watched.counts)}")
