"""The worker processes of a server: started, watched, started again where they end, and woken when there is work."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

log = logging.getLogger(__name__)
LOOK_SECONDS = 0.1
LONGEST_DELAY = 10.0
"""Seconds before a worker that ends again and again is started once more."""
SETTLED_SECONDS = 30.0
RETRY_SECONDS = 1.0
"""How soon a process that could not be started at all is tried again."""
STOP_SECONDS = 5.0


@dataclass(frozen=True)
class Role:
    """Workers of one sort: their command line, the kinds of jobs they do, and how many there are."""

    name: str
    command: Sequence[str]
    kinds: frozenset[str]
    number: int = 1


@dataclass
class _Worker:
    role: Role
    name: str
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    failures: int = 0
    start_after: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Workers:
    """Keeps the workers of these roles alive from `start` to `stop`.

    A worker's process gets its name in the environment (CUSTOMLABELS_WORKER) and exits when its standard input ends.
    `lost` is called with the name of a worker that has ended, before there is another of that name. Names are unique,
    and begin with `home`, which tells whose workers they are, and a colon.
    """

    def __init__(
        self, roles: Sequence[Role], environment: Mapping[str, str], lost: Callable[[str], None], home: str
    ) -> None:
        self._environment = dict(environment)
        self._lost = lost
        prefix = f"{home}:{os.uname().nodename}:{os.getpid()}:{time.time_ns()}"
        self._workers = [_Worker(role, f"{prefix}:{role.name}-{i}") for role in roles for i in range(role.number)]
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="workers", daemon=True)

    def start(self) -> None:
        """Start all workers. Raises OSError."""
        for worker in self._workers:
            self._spawn(worker)
        self._keeper.start()

    def stop(self) -> None:
        """End all workers; what they had in work is begun anew by others, or at the next start."""
        self._stopping.set()
        self._keeper.join()
        for worker in self._workers:
            if worker.process is not None and worker.process.stdin is not None:
                worker.process.stdin.close()
                worker.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for worker in self._workers:
            if worker.process is None:
                continue
            try:
                worker.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
            try:
                self._lost(worker.name)
            except Exception:
                log.exception("worker %s could not be reported as lost", worker.name)

    def wake(self, kind: str) -> None:
        """Tell the workers who do jobs of this kind that there is one."""
        for worker in self._workers:
            if kind in worker.role.kinds:
                self._poke(worker)

    def alive(self) -> dict[str, bool]:
        """Whether each worker's process is there, by a short name."""
        return {
            worker.name.rpartition(":")[2]: worker.process is not None and worker.process.poll() is None
            for worker in self._workers
        }

    def processes(self) -> list[int]:
        """The ids of the worker processes."""
        return [worker.process.pid for worker in self._workers if worker.process is not None]

    def _spawn(self, worker: _Worker) -> None:
        worker.began = time.monotonic()
        worker.process = subprocess.Popen(
            list(worker.role.command),
            stdin=subprocess.PIPE,
            env={**self._environment, "CUSTOMLABELS_WORKER": worker.name},
            bufsize=0,
        )
        self._poke(worker)

    def _poke(self, worker: _Worker) -> None:
        with worker.lock:
            if worker.process is not None and worker.process.stdin is not None:
                try:
                    worker.process.stdin.write(b"\n")
                except (OSError, ValueError):
                    return  # it has ended; its successor looks for work first of all

    def _keep(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            for worker in self._workers:
                try:
                    self._look_after(worker)
                except Exception:
                    log.exception("worker %s could not be looked after", worker.name)

    def _look_after(self, worker: _Worker) -> None:
        at = time.monotonic()
        if worker.process is not None and worker.process.poll() is not None:
            log.error("worker %s ended with code %s", worker.name, worker.process.returncode)
            worker.failures = 0 if at - worker.began > SETTLED_SECONDS else worker.failures + 1
            worker.start_after = at + min(LONGEST_DELAY, 0.1 * 2**worker.failures if worker.failures > 1 else 0.0)
            if worker.process.stdin is not None:
                worker.process.stdin.close()
            worker.process = None
            self._lost(worker.name)
        if worker.process is None and at >= worker.start_after:
            worker.start_after = at + RETRY_SECONDS
            self._spawn(worker)


def python(*arguments: str) -> list[str]:
    """The command line of a module of this project, in an interpreter like this one."""
    return [sys.executable, "-P", "-m", *arguments]
