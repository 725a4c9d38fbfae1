"""What a connection may be used for: limits of a request's head, of time, and of the number of connections."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPResponse
from urllib.parse import urlsplit

import pytest

from customlabels.api import connections
from customlabels.server import Server
from customlabels.settings import Settings

HOST = b"Host: localhost\r\n"
GET = b"GET /health HTTP/1.1\r\n" + HOST
CONSOLE = b"POST /console/api/session HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + HOST
MARK = b"X-Customlabels-Console: 1\r\n"

Connect = Callable[[], socket.socket]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(Settings(home=tmp_path_factory.mktemp("server") / "home", port=0)) as server:
        yield server


@pytest.fixture
def connect(running: Server) -> Iterator[Connect]:
    """Makes connections to a server."""
    port = urlsplit(running.endpoint).port
    with ExitStack() as stack:
        yield lambda: stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))


def rest(connection: socket.socket) -> bytes:
    """All that the server sends until it closes the connection; it may have reset it instead."""
    received = b""
    try:
        while piece := connection.recv(1 << 16):
            received += piece
    except ConnectionError:
        pass
    return received


def status(connection: socket.socket) -> int:
    """Of one answer, which is read to its end."""
    with HTTPResponse(connection) as response:
        response.begin()
        response.read()
        return response.status


@pytest.mark.parametrize("late", [b"", b"GET /hea", GET, GET + b"X-A: b\r\n"])
def test_a_request_that_does_not_come_to_its_end_is_given_up(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, late: bytes
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    connection = connect()
    connection.sendall(late)
    assert rest(connection).startswith(b"HTTP/1.1 408 ")


def test_of_a_connection_that_is_kept_the_next_request_must_come_to_its_end_too(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    connection = connect()
    connection.sendall(GET + b"\r\n")
    assert status(connection) == 200
    connection.sendall(b"\r\n")  # may stand before a request, and is none
    assert rest(connection).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("start", [b"GET /", GET + b"X-A: ", GET + b"X-A: b\r\nX-"])
def test_a_head_without_end_is_refused_before_it_takes_memory(connect: Connect, start: bytes) -> None:
    connection = connect()
    sent = 0
    connection.sendall(start)
    try:
        while sent < 64 << 20:
            connection.sendall(b"a" * 65536)
            sent += 65536
    except ConnectionError:
        pass
    assert sent < 32 << 20  # of which most are in the buffers between us
    connection.close()


def test_many_headers_are_too_many_also_where_they_come_at_once(connect: Connect) -> None:
    connection = connect()
    connection.sendall(GET + b"X-A: b\r\n" * 20_000 + b"\r\n")
    assert rest(connection).split(b" ")[1] in (b"400", b"431")
    connection = connect()
    connection.sendall(GET + b"X-A: b\r\n" * 1000 + b"\r\n")
    assert status(connection) == 200


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: +5\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Content-Length : 5\r\n",
        b"X-A: b\r\n c\r\n",
        b"X-A: b\rX-B: c\r\n",
        b"X-A: b\x00c\r\n",
        b"Host: evil.example\r\n",
        b"Host: localhost\r\n",
        b"X-Amz-Target: a\r\nX-Amz-Target: b\r\n",
    ],
)
def test_what_two_programs_could_read_in_two_ways_is_refused(connect: Connect, head: bytes) -> None:
    connection = connect()
    connection.sendall(b"POST / HTTP/1.1\r\n" + HOST + head + b"\r\n0\r\n\r\nGET /health HTTP/1.1\r\n" + HOST + b"\r\n")
    assert rest(connection).count(b"HTTP/1.1 400 ") == 1


@pytest.mark.parametrize("target", [b"http://evil.example/health", b"//evil.example:80", b"evil.example:80", b""])
def test_the_target_of_a_request_names_no_other_host(connect: Connect, target: bytes) -> None:
    connection = connect()
    connection.sendall(b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    answer = rest(connection)
    assert b'"database"' not in answer
    assert answer.split(b" ")[1] in (b"400", b"403")


def test_what_follows_a_body_is_no_header(connect: Connect) -> None:
    """A proxy checks and adds headers, and hands on what follows a chunked body as it is."""
    body = b"2\r\n{}\r\n0\r\n"
    plain, smuggled = connect(), connect()
    plain.sendall(CONSOLE + MARK + b"Connection: close\r\n\r\n" + body + b"\r\n")
    assert b"InvalidParameterException" in rest(plain)
    smuggled.sendall(CONSOLE + b"Connection: close\r\n\r\n" + body + MARK + b"\r\n")
    assert b"ForeignOrigin" in rest(smuggled)


def test_no_connection_becomes_one_of_another_protocol(connect: Connect) -> None:
    for protocol in (b"websocket", b"h2c"):
        connection = connect()
        connection.sendall(GET + b"Connection: Upgrade\r\nUpgrade: " + protocol + b"\r\n\r\n")
        assert status(connection) == 200


def test_a_client_that_takes_nothing_is_given_up(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "TAKE_SECONDS", 0.3)
    connection = connect()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    requests = (GET + b"\r\n") * 200_000  # whose answers are more than the buffers between us take
    with pytest.raises(ConnectionError):
        connection.sendall(requests)


def test_a_new_connection_takes_the_place_of_one_that_is_idle(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest, newer = connect(), connect()
    for connection in (oldest, newer):
        connection.sendall(GET + b"\r\n")
        assert status(connection) == 200
    monkeypatch.setattr(connections, "most_connections", lambda: 2)
    newest = connect()
    for connection in (newest, newer):
        connection.sendall(GET + b"\r\n")
        assert status(connection) == 200
    assert rest(oldest) == b""


def test_connections_leave_half_of_the_files_to_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (1024, 4096))
    assert connections.most_connections() == 512
