"""The inference units of one running model: starting, scaling, sleep, and those that were lost."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from customlabels.engine.lanes import Lanes
from customlabels.engine.process import LANES, LoadError, UnitLost, UnitProcess
from customlabels.engine.scaling import Scaler
from customlabels.engine.wire import Answer, Question

log = logging.getLogger(__name__)
LOOK_SECONDS = 0.5
"""How often the load is looked at."""
SETTLED_SECONDS = 10.0
"""A unit that ends sooner than this after it was loaded counts as one of a series, and the next one waits longer."""
LONGEST_DELAY = 10.0
LOAD_ATTEMPTS = 3
"""A model that has never run and took its unit with it this often while it was loaded cannot be run."""
LEAVING_SECONDS = 35.0
"""How long a unit that is to end may go on with what it has in work."""


class NotRunning(Exception):
    """The model is not, or no longer, running."""


@dataclass(frozen=True)
class Wanted:
    """A model that is to run: its folder, and from how many units to how many."""

    folder: Path
    least: int
    most: int

    @property
    def model(self) -> str:
        """The model's name, which is that of its folder, on whatever machine that is."""
        return self.folder.name


@dataclass(frozen=True)
class Counts:
    """Inference units of a model: the range given, how many its load asks for, and how many answer."""

    least: int
    most: int
    desired: int
    in_service: int


class Units:
    """The units of one model, each of which may have `queue` requests, in work or waiting (0: any number).

    `spare` gives a process that has no model yet; `changed` is called, by any thread, when `tick` has something to do.
    """

    def __init__(
        self,
        wanted: Wanted,
        queue: int,
        idle_seconds: float,
        spare: Callable[[], UnitProcess],
        changed: Callable[[], None],
    ) -> None:
        self.wanted = wanted
        self.failure: str | None = None
        """Why the model cannot be run; no more units are started, then."""
        self._queue = queue or sys.maxsize
        self._idle_seconds = idle_seconds
        self._spare = spare
        self._changed = changed
        # The same for all units of a model, since the last bits of an answer depend on it.
        self._threads = None if wanted.least == 1 else max(1, (os.cpu_count() or 1) // wanted.least)
        self._scaler = Scaler(wanted.least, wanted.most, LANES)
        self._lanes = Lanes(wanted.least * self._queue, self._lost, changed)
        self._lock = threading.Lock()  # of what follows
        self._serving: dict[UnitProcess, float] = {}  # since when
        self._starting = 0
        self._loading: set[UnitProcess] = set()
        self._leaving: dict[UnitProcess, float] = {}  # until when at most
        self._looked = time.monotonic()
        self._start_after = 0.0
        self._in_series = 0
        self._attempts = 0
        self._has_run = False
        self._asleep = False
        self._closed = False

    def ask(self, question: Question) -> Answer:
        """The answer of a unit. Raises NotRunning, CapacityExceeded, UnitLost."""
        return self._lanes.ask(question)

    def counts(self) -> Counts:
        with self._lock:
            desired = 0 if self._asleep or self._closed else self._scaler.units
            return Counts(self.wanted.least, self.wanted.most, desired, len(self._serving))

    @property
    def starting(self) -> bool:
        """Whether some unit is on its way into service."""
        return self._starting > 0

    def tick(self) -> None:
        """Make the units agree with the load: to be called about every LOOK_SECONDS, and after `changed`."""
        with self._lock:
            now = time.monotonic()
            self._bury(now)
            if self._closed:
                return
            target = self._target(now)
            surplus = len(self._serving) + self._starting - target
            for unit in sorted(self._serving, key=lambda unit: -self._serving[unit])[: max(0, surplus)]:
                self._retire(unit, now)
            missing = -surplus if self.failure is None and now >= self._start_after else 0
            for _ in range(missing):
                threading.Thread(target=self._start, name="start-unit", daemon=True).start()
                self._starting += 1

    def close(self) -> None:
        """Take no more requests, let those in work end, and end all units. `gone` says when that is done."""
        self._lanes.end(NotRunning)
        with self._lock:
            self._closed = True
            for unit in self._loading:
                unit.kill()
            for unit in list(self._serving):
                self._retire(unit, time.monotonic())

    def gone(self) -> bool:
        """Whether all units of a closed model have ended."""
        with self._lock:
            self._bury(time.monotonic())
            return self._closed and not (self._serving or self._starting or self._leaving)

    def kill(self) -> None:
        """End what a closed model still has in work."""
        with self._lock:
            for unit in self._leaving:
                unit.kill()

    def _target(self, now: float) -> int:
        if now - self._looked >= LOOK_SECONDS or self._asleep:
            load = self._lanes.load()
            self._looked = now
            self._asleep = 0 < self._idle_seconds <= load.idle_seconds
            if not self._asleep:
                self._lanes.capacity = self._queue * self._scaler.observe(now, load.requests, load.refused)
        return 0 if self._asleep else self._scaler.units

    def _start(self) -> None:
        """In a thread of its own: start a unit, load the model, and put it into service."""
        unit = None
        try:
            unit = self._spare()
            with self._lock:
                self._loading.add(unit)
                if self._closed:
                    unit.kill()
            unit.load(self.wanted.folder, self._threads)
        except (LoadError, UnitLost, OSError) as error:
            if unit is not None:
                unit.discard()
            self._started(unit, error)
        else:
            self._started(unit, None)
        self._changed()

    def _started(self, unit: UnitProcess | None, error: Exception | None) -> None:
        with self._lock:
            self._starting -= 1
            if unit is not None:
                self._loading.discard(unit)
            if unit is not None and error is None:
                self._attempts, self._has_run = 0, True
                self._serving[unit] = time.monotonic()
                self._lanes.add(unit)
                if self._closed:
                    self._retire(unit, time.monotonic())
            elif not self._closed:
                log.warning("model %s was not loaded: %s", self.wanted.model, error)
                self._attempts += 1
                self._delay_next()
                if isinstance(error, LoadError) or (self._attempts >= LOAD_ATTEMPTS and not self._has_run):
                    self.failure = f"The model cannot be loaded: {error}"
                    self._lanes.end(partial(UnitLost, self.failure))

    def _lost(self, unit: UnitProcess) -> None:
        """Called by the lanes: a unit has ended, or is stuck."""
        unit.kill()
        with self._lock:
            self._drop(unit)
        self._changed()

    def _drop(self, unit: UnitProcess) -> None:
        since = self._serving.pop(unit, None)
        if since is not None:
            self._lanes.remove(unit)
            self._leaving[unit] = 0.0
            self._in_series = self._in_series + 1 if time.monotonic() - since < SETTLED_SECONDS else 1
            self._delay_next()
            log.warning("inference unit %d of model %s ended; another one takes its place", unit.pid, self.wanted.model)

    def _delay_next(self) -> None:
        series = self._in_series + self._attempts
        self._start_after = time.monotonic() + (min(LONGEST_DELAY, 0.1 * 2**series) if series > 1 else 0.0)

    def _retire(self, unit: UnitProcess, now: float) -> None:
        del self._serving[unit]
        self._lanes.remove(unit)
        self._leaving[unit] = now + LEAVING_SECONDS

    def _bury(self, now: float) -> None:
        for unit in [unit for unit in self._serving if not unit.alive()]:
            self._drop(unit)
        for unit, deadline in list(self._leaving.items()):
            if not unit.alive():
                del self._leaving[unit]
            elif now > deadline:
                unit.kill()
