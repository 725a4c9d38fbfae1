"""How requests reach the units of a model: admission, turns at the lanes, and how busy they are."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from customlabels.engine.process import Lane, UnitLost, UnitProcess
from customlabels.engine.wire import Answer, Question

WAIT_SECONDS = 30.0
"""How long a request may wait for its turn."""


class CapacityExceeded(Exception):
    """The units of a model have as many requests as they may have."""


@dataclass(frozen=True)
class Load:
    """What happened since the last look: the mean number of requests waiting or in work, and whether any was refused.

    `idle_seconds` is the time since the last request ended, 0 while there is one.
    """

    requests: float
    refused: bool
    idle_seconds: float


class _Turn:
    """A request's place in the line: `ready` can be acquired when there is a lane for it, or never will be."""

    def __init__(self) -> None:
        self.ready = threading.Lock()
        self.ready.acquire()
        self.lane: Lane | None = None


class Lanes:
    """The lanes of a model's units in service. `capacity` is how many requests may wait or be in work at once.

    `lost` is called with a unit that failed a request, `needed` where a request has to wait and there is no unit.
    """

    def __init__(self, capacity: int, lost: Callable[[UnitProcess], None], needed: Callable[[], None]) -> None:
        self.capacity = capacity
        self._lost = lost
        self._needed = needed
        self._state = threading.Lock()  # of what follows
        self._units: set[UnitProcess] = set()
        self._idle: deque[Lane] = deque()
        self._line: deque[_Turn] = deque()  # of requests without a lane, in the order in which they came
        self._end: Callable[[], Exception] | None = None
        self._requests = 0
        self._refused = False
        self._changed = self._looked = self._used = time.monotonic()
        self._area = 0.0  # requests x seconds since the last look

    def ask(self, question: Question) -> Answer:
        """The answer of a unit. Raises CapacityExceeded, UnitLost, and what `end` was given."""
        self._enter()
        deadline = time.monotonic() + WAIT_SECONDS
        try:
            while True:
                lane = self._take(deadline)
                try:
                    lane.send(question)
                except OSError:  # the unit ended before it had the question, so another one may have it
                    self._lose(lane)
                    continue
                try:
                    answer = lane.receive()
                except UnitLost:
                    self._lose(lane)
                    raise
                self._give_back(lane)
                return answer
        finally:
            with self._state:
                self._count(-1)

    def add(self, unit: UnitProcess) -> None:
        """A unit is in service from now on."""
        with self._state:
            self._units.add(unit)
            for lane in unit.lanes:
                self._offer(lane)

    def remove(self, unit: UnitProcess) -> None:
        """Give a unit nothing more to do. Its lanes are closed when they are idle, whereupon it ends."""
        with self._state:
            self._units.discard(unit)
            idle = [lane for lane in self._idle if lane.unit is unit]
            for lane in idle:
                self._idle.remove(lane)
                lane.close()

    def end(self, reason: Callable[[], Exception]) -> None:
        """Refuse those that wait, and all further requests, with an exception made by `reason`."""
        with self._state:
            self._end = reason
            for turn in self._line:
                turn.ready.release()
            self._line.clear()

    def load(self) -> Load:
        with self._state:
            self._count(0)
            mean = self._area / max(self._changed - self._looked, 1e-9)
            found = Load(mean, self._refused, 0.0 if self._requests else self._changed - self._used)
            self._looked, self._area, self._refused = self._changed, 0.0, False
        return found

    def _enter(self) -> None:
        with self._state:
            if self._end is not None:
                raise self._end()
            if self._requests >= self.capacity:
                self._refused = True
                raise CapacityExceeded
            self._count(+1)
            asleep = not self._units
        if asleep:
            self._needed()

    def _count(self, change: int) -> None:
        now = time.monotonic()
        self._area += self._requests * (now - self._changed)
        self._changed = now
        self._requests += change
        if change:
            self._used = now

    def _take(self, deadline: float) -> Lane:
        with self._state:
            if self._idle:  # then there is no line
                return self._idle.popleft()
            if self._end is not None:
                raise self._end()
            turn = _Turn()
            self._line.append(turn)
        turn.ready.acquire(timeout=max(0.0, deadline - time.monotonic()))
        with self._state:
            if turn.lane is not None:
                return turn.lane
            if self._end is not None:
                raise self._end()
            self._line.remove(turn)
            self._refused = True
            raise CapacityExceeded

    def _offer(self, lane: Lane) -> None:
        if self._line:
            turn = self._line.popleft()
            turn.lane = lane
            turn.ready.release()
        else:
            self._idle.append(lane)

    def _give_back(self, lane: Lane) -> None:
        with self._state:
            if lane.unit in self._units:
                self._offer(lane)
                return
        lane.close()

    def _lose(self, lane: Lane) -> None:
        lane.close()
        self.remove(lane.unit)
        self._lost(lane.unit)
