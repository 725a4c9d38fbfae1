"""The pictures that a server or worker opens for people are opened by processes of their own: a small pool of them.

Each is started when it is needed first, has a limit of memory, and is killed, and replaced for the next picture, when
one takes too long.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from customlabels.engine.decoder import Kind, Order, Result, receive_result, send_order
from customlabels.imaging.images import Header, ImageError, Limits

PROCESSES = max(2, min(8, (os.cpu_count() or 1) // 2))
SECONDS = 60.0
"""How long a picture may take: most take a tenth of a second, the largest that is opened at all some five."""
MEMORY = 3 << 30
"""Bytes: the largest image that is opened at all, 178 million pixels with transparency, takes nearly that."""
WAIT_SECONDS = 20.0
"""How long a picture may wait for its turn."""
LARGE = 25_000_000
"""Pixels above which an image waits for others of its kind, so that the memory of all is bounded, too."""


class DecodersBusy(Exception):
    """So many pictures wait that one's turn did not come."""


class Decoders:
    """Opens pictures, from any thread, in at most `processes` processes of `memory` bytes, `seconds` long each."""

    def __init__(self, processes: int = PROCESSES, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self._seconds = seconds
        self._memory = memory
        self._turns = threading.Semaphore(processes)
        self._large = threading.Semaphore()
        self._lock = threading.Lock()  # of what follows
        self._idle: list[_Process] = []
        self._closed = False

    def header(self, image: bytes, limits: Limits | None) -> Header:
        """As `images.read_header`. Raises ImageError, DecodersBusy."""
        return Header(**json.loads(self._done(image, Order(limits)).content))

    def examine(self, image: bytes, limits: Limits | None) -> Header:
        """As `images.examine`. Raises ImageError, also where that takes too long or too much memory; DecodersBusy."""
        return Header(**json.loads(self._done(image, Order(limits, whole=True)).content))

    def small(self, image: bytes, limits: Limits | None, side: int, quality: int) -> bytes:
        """An upright JPEG whose longer side has at most `side` pixels, of all of an image.

        Raises ImageError, also where the picture takes too long or too much memory; DecodersBusy.
        """
        result = self._done(image, Order(limits, side, quality, LARGE))
        if result.kind is Kind.LARGE:
            with _turn(self._large):
                result = self._done(image, Order(limits, side, quality, sys.maxsize))
        return result.content

    def processes(self) -> list[int]:
        """The ids of the processes that wait for a picture."""
        with self._lock:
            return [process.pid for process in self._idle]

    def close(self) -> None:
        """End the processes; each that has a picture in work ends after it."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for process in idle:
            process.end()

    def _done(self, image: bytes, order: Order) -> Result:
        with self._process() as process:
            result = process.carry_out(order, image, self._seconds)
        if result.kind is Kind.REFUSED:
            raise ImageError(*json.loads(result.content))
        return result

    @contextmanager
    def _process(self) -> Iterator[_Process]:
        with _turn(self._turns):
            process = self._take()
            try:
                yield process
            finally:
                self._give_back(process)

    def _take(self) -> _Process:
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.alive():
                    return process
                process.end()
        return _Process(self._memory)

    def _give_back(self, process: _Process) -> None:
        with self._lock:
            keep = not self._closed and process.usable
            if keep:
                self._idle.append(process)
        if not keep:
            process.end()


@contextmanager
def _turn(turns: threading.Semaphore) -> Iterator[None]:
    if not turns.acquire(timeout=WAIT_SECONDS):
        raise DecodersBusy(f"No picture could be opened for {WAIT_SECONDS:g} seconds: too many are being opened.")
    try:
        yield
    finally:
        turns.release()


class _Process:
    """One decoder, and the lane to it."""

    def __init__(self, memory: int) -> None:
        self.usable = True
        self._lane, theirs = socket.socketpair()
        command = [sys.executable, "-P", "-m", "customlabels.engine.decoder", str(theirs.fileno()), str(memory)]
        # One thread is enough for a picture, and those of a library for matrices would each take memory.
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        with theirs:
            try:
                self._process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=2, pass_fds=[theirs.fileno()], env=environment
                )
            except BaseException:
                self._lane.close()
                raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def carry_out(self, order: Order, image: bytes, seconds: float) -> Result:
        """Raises ImageError where the process ends over the image, or has to be ended; it is not `usable`, then."""
        late = threading.Event()

        def end() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(seconds, end)
        timer.start()
        self.usable = False
        try:
            send_order(self._lane, order, image)
            result = receive_result(self._lane)
        except OSError as error:
            words = f"It took more than {seconds:g} seconds" if late.is_set() else "The program that opens images ended"
            raise ImageError("format", f"{words} over this image: save it anew with another program.") from error
        finally:
            timer.cancel()
        self.usable = not late.is_set()
        return result

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._lane.close()
