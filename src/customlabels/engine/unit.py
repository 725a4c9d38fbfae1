"""An inference unit: a process that answers for one model. Started as `python -P -m customlabels.engine.unit FD...`.

The descriptors are its ends of the lanes. The first question on the first lane is the model to load, as JSON (folder,
threads) in the place of the image; a unit that has not been asked it yet has its imports done and can become any
model's. Encoded images are opened here and nowhere in the server, so what a decoder does wrong ends a unit at most.
The unit ends when the other ends of its lanes are closed, as they are when the server is killed.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from customlabels.engine.process import LoadError
from customlabels.engine.rlimits import limit_memory
from customlabels.engine.wire import Answer, Kind, Question, receive_question, send_answer
from customlabels.imaging.images import ImageError, Limits, read_header
from customlabels.vision.model import Model, ModelError
from customlabels.vision.runtime import RuntimeMissing, preload

MEMORY = 8 << 30
"""Bytes for a model and the requests in work: the largest image takes 300 MB, and a model of the hub up to 4 GB."""
LAST_SECONDS = 30.0
"""How long a request may still run after the first lane was closed."""


def main(descriptors: Sequence[int]) -> None:
    """Answer on the lanes until they are closed."""
    faulthandler.enable()
    limit_memory(MEMORY)
    for number in (signal.SIGINT, signal.SIGTERM):  # meant for the server, which ends its units when it has stopped
        signal.signal(number, signal.SIG_IGN)
    lanes = [socket.socket(fileno=descriptor) for descriptor in descriptors]
    preload()
    try:
        model = _load(lanes[0])
    except OSError:  # the server ended, or needs no further unit
        return
    if model is None:
        return
    serving = [threading.Thread(target=_serve, args=(lane, model), daemon=True) for lane in lanes]
    for thread in serving:
        thread.start()
    serving[0].join()
    for thread in serving[1:]:
        thread.join(LAST_SECONDS)


def _load(lane: socket.socket) -> Model | None:
    """The model that the first question names; None, and an answer that says why, where it cannot be used."""
    order = json.loads(receive_question(lane).image)
    try:
        model = load(Path(order["folder"]), order["threads"])
    except LoadError as error:
        send_answer(lane, Answer(Kind.FAILED, str(error).encode()))
        return None
    send_answer(lane, Answer(Kind.FOUND, b""))
    return model


def load(folder: Path, threads: int | None) -> Model:
    """A model that is ready to answer at once, on so many cores (None: all). Raises LoadError."""
    try:
        model = Model.load(folder, threads)
        model.predict(np.zeros((*model.frame, 3), np.uint8))  # the first run of a network is slow
    except (ModelError, RuntimeMissing, OSError, ValueError, TypeError, KeyError, IndexError) as error:
        raise LoadError(str(error)) from error
    return model


def _serve(lane: socket.socket, model: Model) -> None:
    try:
        while True:
            send_answer(lane, answer(model, receive_question(lane)))
    except OSError:  # closed
        lane.close()


def answer(model: Model, question: Question) -> Answer:
    """What `Model.detect` finds, as JSON, or what is wrong with the image."""
    try:
        found = model.detect(question.image, question.min_confidence, question.max_results)
    except ImageError as error:
        return Answer(_kind(error, question.image), str(error).encode())
    except Exception as error:  # of the runtime: the request fails, the unit goes on
        return Answer(Kind.FAILED, f"{type(error).__name__}: {error}".encode())
    return Answer(Kind.FOUND, json.dumps([item.to_dict() for item in found]).encode())


def _kind(error: ImageError, image: bytes) -> Kind:
    if error.reason != "dimension":
        return Kind.FORMAT if error.reason == "format" else Kind.TOO_LARGE
    try:
        header = read_header(image, None)
    except ImageError:  # so large that it is not even opened
        return Kind.TOO_LARGE
    return Kind.TOO_LARGE if max(header.width, header.height) > Limits().max_side else Kind.SHAPE


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]])
    os._exit(0)  # the runtime's own clean-up takes longer than the system's, and a stuck request must not hold us
