"""What places work: the interface that the engine of this machine and that of a Ray cluster have in common.

Jobs are durable rows either way, and what does one claims it; models run where rows say so. An engine only decides in
which processes, and on which machines, that happens.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

from customlabels.engine.units import Counts, Wanted
from customlabels.engine.wire import Answer, Question


class EngineError(RuntimeError):
    """The engine of the settings cannot be used; the text says why, and what to do."""


class JobPlacement(Protocol):
    """Has jobs of some kinds done, from `start` to `stop`."""

    def start(self) -> None:
        """Begin. Raises OSError."""

    def stop(self) -> None:
        """End what is in work; it is begun anew elsewhere or later, and this does not count as an attempt."""

    def wake(self, kind: str) -> None:
        """There is a job of this kind, which any process may have added."""

    def alive(self) -> dict[str, bool]:
        """Whether each part that jobs depend on is there, by a short name."""
        ...


class ModelPlacement(Protocol):
    """Runs models by name: which ones is told, their inference units follow."""

    here: bool
    """Whether units are processes of this machine, which need the model's folder on it."""
    news: threading.Event
    """Set when a model came into service, failed or is gone; whoever waits for that clears it."""

    def run(self, wanted: Mapping[str, Wanted]) -> None:
        """From now on these models are to run, and no others. Returns at once."""

    def ask(self, name: str, question: Question) -> Answer:
        """The answer of a model's unit. Raises NotRunning, CapacityExceeded, UnitLost."""
        ...

    def counts(self) -> dict[str, Counts]:
        """The units of each model that is to run."""
        ...

    def failures(self) -> dict[str, str]:
        """The models that cannot be run, and why."""
        ...

    def present(self) -> set[str]:
        """The models that are to run, and those whose last units have not ended yet."""
        ...

    def close(self) -> None:
        """Serve no more calls."""


class Together:
    """Several placements of jobs as one."""

    def __init__(self, parts: Sequence[JobPlacement]) -> None:
        self._parts = parts

    def start(self) -> None:
        for part in self._parts:
            part.start()

    def stop(self) -> None:
        for part in self._parts:
            part.stop()

    def wake(self, kind: str) -> None:
        for part in self._parts:
            part.wake(kind)

    def alive(self) -> dict[str, bool]:
        return {name: there for part in self._parts for name, there in part.alive().items()}
