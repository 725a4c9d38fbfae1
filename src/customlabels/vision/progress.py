"""How a long piece of work tells where it is, and how it is stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

Phase = str
"""One of "reading", "features", "training", "exporting", "evaluating"."""


class Cancelled(Exception):
    """The work was stopped by the one who asked for it."""


@dataclass(frozen=True)
class Progress:
    """Where a training is: `fraction` of the whole in [0, 1], `seconds_left` None while unknown, `loss` in training."""

    phase: Phase
    fraction: float
    seconds_left: float | None = None
    loss: float | None = None


@dataclass
class Monitor:
    """Passes progress to a listener and raises Cancelled when asked to stop.

    A monitor covers the part `start`..`end` of the whole; `span` hands a smaller part to a step of the work.
    """

    listener: Callable[[Progress], None] | None = None
    cancelled: Callable[[], bool] | None = None
    start: float = 0.0
    end: float = 1.0
    began: float = field(default_factory=time.monotonic)

    def report(self, phase: Phase, fraction: float, loss: float | None = None) -> None:
        """Say that `fraction` in [0, 1] of this monitor's part is done. Raises Cancelled."""
        self.check()
        if self.listener is not None:
            whole = self.start + (self.end - self.start) * min(max(fraction, 0.0), 1.0)
            elapsed = time.monotonic() - self.began
            left = elapsed * (1 - whole) / whole if whole > 0.02 else None
            self.listener(Progress(phase, whole, left, loss))

    def check(self) -> None:
        """Raises Cancelled when the work is to stop."""
        if self.cancelled is not None and self.cancelled():
            raise Cancelled

    def span(self, start: float, end: float) -> Monitor:
        """A monitor for the part between two fractions of this one's."""
        width = self.end - self.start
        return Monitor(self.listener, self.cancelled, self.start + width * start, self.start + width * end, self.began)
