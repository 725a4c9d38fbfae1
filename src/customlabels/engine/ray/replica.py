"""An inference unit as a replica of Ray Serve: it answers with the same code as a process of the local engine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from customlabels.engine.fleet import REQUEST_SECONDS
from customlabels.engine.rlimits import limit_memory
from customlabels.engine.unit import MEMORY, answer, load
from customlabels.engine.wire import Answer, Question
from customlabels.vision.runtime import preload

Locate = Callable[[Mapping[str, str], str], Path]
"""The folder on this machine of a model that is named, for a server whose settings are given as variables."""


class Replica:
    """Made by Ray Serve, in a process of its own on some node, for as long as the model runs."""

    def __init__(self, locate: Locate, environment: Mapping[str, str], name: str, threads: int) -> None:
        """Raises LoadError, and what `locate` raises."""
        limit_memory(MEMORY)
        preload()
        self._model = load(locate(environment, name), threads)
        self._lock = threading.Lock()
        self._began: dict[int, float] = {}  # when each request in work began, by its thread

    def __call__(self, question: Question) -> Answer:
        with self._in_work():
            return answer(self._model, question)

    def check_health(self) -> None:
        """Called by Ray Serve, which replaces a replica that raises."""
        with self._lock:
            oldest = min(self._began.values(), default=time.monotonic())
        if time.monotonic() - oldest > REQUEST_SECONDS:
            raise TimeoutError(f"A request has been in work for more than {REQUEST_SECONDS:g} seconds.")

    @contextmanager
    def _in_work(self) -> Iterator[None]:
        thread = threading.get_ident()
        with self._lock:
            self._began[thread] = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                del self._began[thread]
