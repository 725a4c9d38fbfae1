"""What a figure was measured on, and how much memory a process tree took."""

from __future__ import annotations

import os
import platform
import subprocess
import threading
from pathlib import Path
from types import TracebackType

import psutil


def describe() -> str:
    """Processor, cores, memory, Python and commit, on one line."""
    gigabytes = psutil.virtual_memory().total / 2**30
    cores = os.cpu_count()
    return f"{_processor()}, {cores} cores, {gigabytes:.0f} GiB, Python {platform.python_version()}, commit {_commit()}"


class PeakMemory:
    """The most memory that this process and its children held at once inside a `with` block, in `megabytes`.

    Sampled twenty times a second; shared pages count once a process, so the figure is an upper bound.
    """

    def __init__(self) -> None:
        self.megabytes = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        root = psutil.Process()
        while not self._stop.wait(0.05):
            held = 0
            for process in (root, *root.children(recursive=True)):
                try:
                    held += process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self.megabytes = max(self.megabytes, held / 2**20)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _commit() -> str:
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
