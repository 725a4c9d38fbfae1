"""All inference units of this machine, by model: which models run is told, the units follow."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping

from customlabels.engine.process import UnitProcess
from customlabels.engine.units import LOOK_SECONDS, Counts, NotRunning, Units, Wanted
from customlabels.engine.wire import Answer, Question

log = logging.getLogger(__name__)
REQUEST_SECONDS = 30.0
"""Time limit of a request in a unit: one that takes longer has an image that was made to."""
CLOSE_SECONDS = 5.0
"""How long requests in work may go on when the fleet is closed."""


class Fleet:
    """Runs models by name, in processes of this machine.

    `queue` is how many requests a unit may have, in work or waiting; a model that was not asked for `idle_seconds`
    (0: never) has no unit until it is asked again. A spare process, its imports done, stands by for the next start:
    it saves half of the time between a call that wakes a model and the answer.
    """

    here = True

    def __init__(self, queue: int, idle_seconds: float, request_seconds: float = REQUEST_SECONDS) -> None:
        self.news = threading.Event()
        """Set when a model came into service, failed or is gone; whoever waits for that clears it."""
        self._queue = queue
        self._idle_seconds = idle_seconds
        self._request_seconds = request_seconds
        self._models: dict[str, Units] = {}
        self._leaving: list[tuple[str, Units]] = []
        self._lock = threading.Lock()
        self._spare: UnitProcess | None = None
        self._wake = threading.Event()
        self._closed = False
        self._keeper = threading.Thread(target=self._keep, name="fleet", daemon=True)
        self._keeper.start()

    def run(self, wanted: Mapping[str, Wanted]) -> None:
        """From now on these models are to run, and no others. Returns at once."""
        with self._lock:
            for name, units in list(self._models.items()):
                if wanted.get(name) != units.wanted:
                    units.close()
                    self._leaving.append((name, self._models.pop(name)))
            for name, model in wanted.items():
                if name not in self._models:
                    self._models[name] = Units(model, self._queue, self._idle_seconds, self._take_spare, self._changed)
        self._wake.set()

    def ask(self, name: str, question: Question) -> Answer:
        """The answer of a model's unit. Raises NotRunning, CapacityExceeded, UnitLost."""
        units = self._models.get(name)
        if units is None:
            raise NotRunning
        return units.ask(question)

    def counts(self) -> dict[str, Counts]:
        """The units of each model that is to run."""
        with self._lock:
            return {name: units.counts() for name, units in self._models.items()}

    def failures(self) -> dict[str, str]:
        """The models that cannot be run, and why."""
        with self._lock:
            return {name: units.failure for name, units in self._models.items() if units.failure is not None}

    def present(self) -> set[str]:
        """The models that are to run, and those whose last units have not ended yet."""
        with self._lock:
            return {*self._models, *(name for name, _ in self._leaving)}

    def close(self) -> None:
        """End all units; requests in work have CLOSE_SECONDS."""
        self.run({})
        deadline = time.monotonic() + CLOSE_SECONDS
        while self.present() and time.monotonic() < deadline:
            time.sleep(0.01)
        with self._lock:
            self._closed = True
            for _, units in self._leaving:
                units.kill()
        self._wake.set()
        self._keeper.join()

    def _keep(self) -> None:
        while not self._closed:
            try:
                self._tick()
            except (OSError, RuntimeError) as error:  # no more processes, descriptors or threads, for now
                log.error("inference units cannot be started: %s", error)
            self._wake.wait(0.02 if self._leaving else LOOK_SECONDS)
            self._wake.clear()
        while self.present():
            self._tick()
            time.sleep(0.01)
        self._keep_spare(False)

    def _tick(self) -> None:
        with self._lock:
            models = list(self._models.values())
            gone = [entry for entry in self._leaving if entry[1].gone()]
            for entry in gone:
                self._leaving.remove(entry)
        for units in models:
            units.tick()
        if gone:
            self.news.set()
        if not any(units.starting for units in models):  # a start under way needs the processor more
            self._keep_spare(not self._closed)

    def _keep_spare(self, wanted: bool) -> None:
        with self._lock:
            spare = self._spare
            useless = spare is not None and not (wanted and spare.alive())
            if useless:
                self._spare = None
        if spare is not None and useless:
            spare.discard()
        if wanted and self._spare is None:
            self._spare = UnitProcess(self._request_seconds)

    def _take_spare(self) -> UnitProcess:
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None and not spare.alive():
            spare.discard()
            spare = None
        return spare or UnitProcess(self._request_seconds)

    def _changed(self) -> None:
        self._wake.set()
        self.news.set()
