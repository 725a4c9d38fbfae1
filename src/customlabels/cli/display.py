"""Progress for people, on standard error: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from customlabels.vision.progress import Progress

PATIENCE = 1.0  # seconds; shorter work shows nothing
INTERVAL = 10.0  # seconds between plain lines of the same phase


class Display:
    """Shows where a piece of work is, once it takes longer than a second. Use it in a `with` statement."""

    def __init__(self) -> None:
        self._began = monotonic()
        self._bar: Bar | None = None
        self._phase = ""
        self._last = 0.0

    def __enter__(self) -> Display:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, progress: Progress) -> None:
        """Take notice of how far a training is; it fits `on_progress`."""
        self.step(progress.phase, progress.fraction, progress.seconds_left, progress.loss)

    def step(self, phase: str, fraction: float, seconds_left: float | None = None, loss: float | None = None) -> None:
        """`fraction` of the whole in [0, 1] is done, the work is in `phase`."""
        now = monotonic()
        if now - self._began < PATIENCE:
            return
        words = phase if loss is None else f"{phase}, loss {loss:.3f}"
        if sys.stderr.isatty():
            self._draw(words, fraction, seconds_left)
        elif phase != self._phase or now - self._last >= INTERVAL:
            left = "" if seconds_left is None else f", {seconds_left:.0f} s left"
            print(f"{fraction:4.0%} {words}{left}", file=sys.stderr, flush=True)
            self._phase, self._last = phase, now

    def _draw(self, words: str, fraction: float, seconds_left: float | None) -> None:
        if self._bar is None:
            self._bar = _bar()
            self._bar.start()
            self._bar.add_task("", total=1.0, left="")
        left = "" if seconds_left is None else f"{seconds_left:.0f} s left"
        self._bar.update(self._bar.task_ids[0], description=words, completed=fraction, left=left)


def _bar() -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[left]}", markup=False),
        console=Console(stderr=True),
        transient=True,
    )
