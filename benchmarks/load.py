"""A server under load: requests that are signed and encoded beforehand, and what the answers cost."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

WARM_UP = 8
COMMAND = (sys.executable, "-m", "customlabels")
Ask = Callable[[int], None]
"""Sends the request of this number, from any thread, and raises where there is no answer."""


class Measured:
    """Seconds of each request, of all of them by the clock, of the tree's and of the load program's processor time."""

    def __init__(self, latencies: list[float], wall: float, tree: float, load: float) -> None:
        self.latencies, self.wall, self.tree, self.load = latencies, wall, tree, load

    @property
    def each(self) -> float:
        return self.tree / len(self.latencies)


def measure(ask: Ask, connections: int, count: int, *roots: psutil.Process) -> Measured:
    """`count` requests over so many connections; `roots` are the processes whose trees the answers cost."""
    for number in range(WARM_UP):
        ask(number)
    numbers = iter(range(count))
    lock = threading.Lock()
    latencies: list[float] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                began = time.perf_counter()
                ask(number)
                latencies.append(time.perf_counter() - began)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(connections)]
    tree, load, began = processor_seconds(roots), time.process_time(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    wall = time.perf_counter() - began
    return Measured(latencies, wall, processor_seconds(roots) - tree, time.process_time() - load)


def processor_seconds(roots: Sequence[psutil.Process]) -> float:
    """Of processes and those below them, alive or ended."""
    return own_seconds(roots) + seconds_below(roots)


def own_seconds(roots: Sequence[psutil.Process]) -> float:
    """Of processes alone."""
    return sum(times.user + times.system for times in (root.cpu_times() for root in roots))


def seconds_below(roots: Sequence[psutil.Process]) -> float:
    """Of those below processes, alive or ended."""
    total = 0.0
    for root in roots:
        for process in root.children(recursive=True):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:  # it has ended since: its parent's account of the ended has it
                continue
            total += times.user + times.system
        ended = root.cpu_times()
        total += ended.children_user + ended.children_system
    return total


@contextmanager
def beside(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Has `work` done in a thread until the block ends, when its event is set. Raises what it raised."""
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work, stop)
        try:
            yield
        finally:
            stop.set()
        done.result()


class Serving:
    """A running server, and requests to it that are ready to be sent."""

    def __init__(self, process: psutil.Process, port: int, environment: dict[str, str]) -> None:
        self.process = process
        self.port = port
        self.key = Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
        self.region = environment["AWS_REGION" if "AWS_REGION" in environment else "AWS_DEFAULT_REGION"]

    def request(self, operation: str, body: dict[str, object]) -> bytes:
        """The bytes of a signed request."""
        content = json.dumps(body).encode()
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"RekognitionService.{operation}",
            "Host": f"127.0.0.1:{self.port}",
        }
        request = AWSRequest("POST", f"http://127.0.0.1:{self.port}/", headers, content)
        SigV4Auth(self.key, "rekognition", self.region).add_auth(request)
        lines = [f"{name}: {value}" for name, value in request.headers.items()]
        head = "\r\n".join(["POST / HTTP/1.1", *lines, f"Content-Length: {len(content)}", "", ""])
        return head.encode() + content

    def asking(self, requests: list[bytes], connections: int) -> Ask:
        """Sends the requests, each thread on a connection of its own."""
        local = threading.local()

        def ask(number: int) -> None:
            if not hasattr(local, "connection"):
                local.connection = socket.create_connection(("127.0.0.1", self.port))
                local.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            local.connection.sendall(requests[number % len(requests)])
            head, _, body = _read_head(local.connection)
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError((head + b"\r\n\r\n" + body).decode())

        return ask


def _read_head(connection: socket.socket) -> tuple[bytes, int, bytes]:
    """(head, length, body) of the next response."""
    data = b""
    while b"\r\n\r\n" not in data:
        received = connection.recv(1 << 16)
        if not received:
            raise RuntimeError(f"The server closed the connection: {data!r}")
        data += received
    head, _, body = data.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    length = int(fields[b"content-length"])
    while len(body) < length:
        body += connection.recv(1 << 16)
    return head, length, body


@contextmanager
def serving(home: Path, settings: dict[str, str] | None = None, key: Credentials | None = None) -> Iterator[Serving]:
    """`customlabels serve` on a home. Its own first key signs, or `key` where its database has another server's."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    variables = _variables(home, settings)
    with _running(["serve", "--port", str(port)], variables) as server:
        _wait_for(port, server)
        lines = subprocess.run([*COMMAND, "env"], env=variables, capture_output=True, text=True, check=True).stdout
        exported = (line.removeprefix("export ").split("=", 1) for line in lines.splitlines())
        found = Serving(psutil.Process(server.pid), port, {name: value.strip("'") for name, value in exported})
        found.key = key or found.key
        yield found


@contextmanager
def working(home: Path, settings: dict[str, str]) -> Iterator[psutil.Process]:
    """`customlabels work` on a home."""
    with _running(["work"], _variables(home, settings)) as process:
        yield psutil.Process(process.pid)


def _variables(home: Path, settings: dict[str, str] | None) -> dict[str, str]:
    return os.environ | {"CUSTOMLABELS_HOME": str(home), **(settings or {})}


@contextmanager
def _running(arguments: Sequence[str], variables: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([*COMMAND, *arguments], env=variables, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"The server ended with {server.returncode}.")
