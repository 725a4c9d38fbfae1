"""The server's side of one inference unit: its process and the lanes to it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from customlabels.engine.wire import Answer, Kind, Question, receive_answer, send_question

LANES = 2
"""Requests in work in a unit at the same time: while the network runs for one, the next one's image is decoded."""
LOAD_SECONDS = 60.0
"""A model that is not loaded after this long never will be."""


class UnitLost(Exception):
    """A unit ended, or was ended because it was stuck, with a request in its hands."""


class LoadError(Exception):
    """A unit cannot load its model; the text says why."""


@dataclass(frozen=True, eq=False)
class Lane:
    """A connection to a unit that carries one request at a time."""

    unit: UnitProcess
    connection: socket.socket

    def send(self, question: Question) -> None:
        """Raises OSError where the unit is gone; it has not begun with the request, then."""
        send_question(self.connection, question)

    def close(self) -> None:
        """Only whoever has the lane may close it; a unit whose lanes are all closed ends."""
        self.connection.close()

    def receive(self) -> Answer:
        """Raises UnitLost: the unit ended, or the time limit is over."""
        try:
            return receive_answer(self.connection)
        except TimeoutError as error:
            limit = self.connection.gettimeout()
            raise UnitLost(f"The inference unit did not answer within {limit:g} seconds and was restarted.") from error
        except OSError as error:
            raise UnitLost("The inference unit ended while it worked on the image; it is restarted.") from error


class UnitProcess:
    """A unit, from its start on. Without a model it is a spare; `load` makes it a model's."""

    def __init__(self, request_seconds: float) -> None:
        """Starts the process and does not wait for it. Raises OSError where no process can be started."""
        pairs = [socket.socketpair() for _ in range(LANES)]
        theirs = [pair[1].fileno() for pair in pairs]
        command = [sys.executable, "-P", "-m", "customlabels.engine.unit", *map(str, theirs)]
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=2, pass_fds=theirs)
        except BaseException:
            for ours, _ in pairs:
                ours.close()
            raise
        finally:
            for _, other in pairs:
                other.close()
        self.lanes = [Lane(self, ours) for ours, _ in pairs]
        self._request_seconds = request_seconds

    @property
    def pid(self) -> int:
        return self._process.pid

    def load(self, folder: Path, threads: int | None) -> None:
        """Load a model and wait for it; `threads` bounds the cores it uses.

        Raises LoadError: no usable model; UnitLost: the process ended.
        """
        lane = self.lanes[0]
        lane.connection.settimeout(LOAD_SECONDS)
        try:
            lane.send(Question(json.dumps({"folder": str(folder), "threads": threads}).encode()))
        except OSError as error:
            raise UnitLost("The inference unit ended before it could load the model.") from error
        answer = lane.receive()
        if answer.kind is not Kind.FOUND:
            raise LoadError(answer.content.decode())
        for lane in self.lanes:
            lane.connection.settimeout(self._request_seconds)

    def alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """End the process now. What waits for an answer of it gets UnitLost."""
        self._process.kill()

    def discard(self) -> None:
        """End a unit whose lanes nobody uses, and wait until it has ended."""
        self._process.kill()
        for lane in self.lanes:
            lane.close()
        self._process.wait()
