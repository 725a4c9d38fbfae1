"""Messages on a lane arrive as they were sent, or an error does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from customlabels.engine.wire import (
    Answer,
    Kind,
    Question,
    receive_answer,
    receive_question,
    send_answer,
    send_question,
)

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def lane() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize(
    "question",
    [
        Question(b"image"),
        Question(b"", 0.0, 0),
        Question(b"\x00" * 10, 99.9, 2**40),
        Question(bytes(range(256)) * 60_000, 50.0),
    ],
    ids=["no limits", "zeros", "values", "15 MB"],
)
def test_a_question_arrives_as_it_was_sent(lane: Pair, question: Question) -> None:
    sender = threading.Thread(target=send_question, args=(lane[0], question))
    sender.start()
    assert receive_question(lane[1]) == question
    sender.join()


def test_an_answer_arrives_as_it_was_sent_also_at_a_socket_with_a_time_limit(lane: Pair) -> None:
    answer = Answer(Kind.SHAPE, "too small: ü".encode() * 100_000)
    lane[0].settimeout(10)
    sender = threading.Thread(target=send_answer, args=(lane[1], answer))
    sender.start()
    assert receive_answer(lane[0]) == answer
    sender.join()


@pytest.mark.parametrize("sent", [b"", b"\x00\x01", b"\x00\x00\x00\x00\x09short"], ids=["nothing", "head", "content"])
def test_a_message_that_is_cut_off_is_an_error(lane: Pair, sent: bytes) -> None:
    lane[1].sendall(sent)
    lane[1].close()
    with pytest.raises(OSError, match="gone"):
        receive_answer(lane[0])


def test_an_answer_that_does_not_come_is_an_error(lane: Pair) -> None:
    lane[0].settimeout(0.01)
    with pytest.raises(TimeoutError):
        receive_answer(lane[0])
