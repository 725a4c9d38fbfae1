"""What passes between the server and an inference unit on a socket: short heads, and image bytes as they came.

Of one lane (a connected pair of sockets) the server's end asks and the unit's end answers, one request at a time. All
functions raise OSError, of which TimeoutError is one, where the other end is gone, stuck or cuts a message off.
"""

from __future__ import annotations

import math
import socket
import struct
from dataclasses import dataclass
from enum import IntEnum

_QUESTION = struct.Struct("!dqI")  # min_confidence (not a number: none), max_results (-1: none), bytes of the image
_ANSWER = struct.Struct("!BI")  # kind, bytes of the content


class Kind(IntEnum):
    """What an answer says: the labels found, or what is wrong with the image, or with the unit."""

    FOUND = 0
    """The content is the JSON array CustomLabels."""
    FORMAT = 1
    """No PNG or JPEG, cut off or broken. The content of this and of the further kinds is a text for the caller."""
    TOO_LARGE = 2
    SHAPE = 3
    """Too small, or too long for its width."""
    FAILED = 4


@dataclass(frozen=True)
class Question:
    """An encoded image, and what is asked of it as by `Model.detect`."""

    image: bytes
    min_confidence: float | None = None
    max_results: int | None = None


@dataclass(frozen=True)
class Answer:
    kind: Kind
    content: bytes


def send_question(lane: socket.socket, question: Question) -> None:
    """Ask. A question that was not sent as a whole has not been worked on."""
    least = math.nan if question.min_confidence is None else question.min_confidence
    most = -1 if question.max_results is None else question.max_results
    send(lane, _QUESTION.pack(least, most, len(question.image)), question.image)


def receive_question(lane: socket.socket) -> Question:
    """The next question, waited for."""
    least, most, size = _QUESTION.unpack(receive(lane, _QUESTION.size))
    return Question(receive(lane, size), None if math.isnan(least) else least, None if most < 0 else most)


def send_answer(lane: socket.socket, answer: Answer) -> None:
    send(lane, _ANSWER.pack(answer.kind, len(answer.content)), answer.content)


def receive_answer(lane: socket.socket) -> Answer:
    kind, size = _ANSWER.unpack(receive(lane, _ANSWER.size))
    return Answer(Kind(kind), receive(lane, size))


def send(lane: socket.socket, head: bytes, body: bytes) -> None:
    """All of a message. Raises OSError."""
    sent = lane.sendmsg([head, body])  # most messages go in one call, and none is copied first
    if sent < len(head):
        lane.sendall(head[sent:])
        sent = len(head)
    if sent < len(head) + len(body):
        lane.sendall(memoryview(body)[sent - len(head) :])


def receive(lane: socket.socket, size: int) -> bytes:
    """So many bytes, waited for. Raises OSError."""
    data = lane.recv(size, socket.MSG_WAITALL) if size else b""
    if len(data) == size:
        return data
    whole = bytearray(data)
    while len(whole) < size:
        if not data:
            raise ConnectionResetError("The other end of the lane is gone.")
        data = lane.recv(size - len(whole))
        whole += data
    return bytes(whole)
