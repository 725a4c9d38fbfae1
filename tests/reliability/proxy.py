"""A connection between a server and its S3 endpoint that can be cut, silent or slow."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

State = Literal["open", "cut", "silent", "slow"]
_SLOW_SECONDS = 0.1
"""What each piece of data waits for on a slow connection."""


class Proxy:
    """Passes on what comes to a port of the loopback, in the state that it is in at that moment."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._state: State = "open"
        self._connections: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @contextmanager
    def state(self, state: State) -> Iterator[None]:
        """Be in a state, and open again afterwards."""
        self._state = state
        if state == "cut":
            self._close_all()
        try:
            yield
        finally:
            self._state = "open"

    def close(self) -> None:
        self._state = "cut"
        self._listening.close()
        self._close_all()

    def _close_all(self) -> None:
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:  # closed
                return
            if self._state == "cut":
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self._target))
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        self._connections.add(source)
        with suppress(OSError), source:
            while data := source.recv(1 << 16):
                while self._state == "silent":
                    time.sleep(0.02)
                if self._state == "slow":
                    time.sleep(_SLOW_SECONDS)
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
        self._connections.discard(source)
