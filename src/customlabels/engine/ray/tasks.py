"""Jobs as tasks of a Ray cluster: each task claims one job, does it and ends. The lease is the task's own.

So a task that finds nothing to do does no harm, whoever asked for it, and several servers need no leader. A task that
is lost with its node has its job released at once; where nobody notices, the lease runs out. Ray repeats nothing.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import ray
from ray.exceptions import RayError

from customlabels.engine.queue import Queue
from customlabels.engine.workers import LONGEST_DELAY

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
"""How soon work is found that nobody woke us for."""

Work = Callable[[Mapping[str, str], str], None]
"""Does one job, if there is one: given a server's settings as variables, and the name to hold the job by."""


class Tasks:
    """Asks for a task where a job of this kind waits, from `start` to `stop`.

    A task asks for `cores`, or those of the largest node where that has fewer, and for a GPU in a cluster that has any.
    `work` is imported by the nodes, so it must be a function of a module. `name` may have parts with colons between, of
    which the first tells whose tasks these are.
    """

    def __init__(self, name: str, kind: str, queue: Queue, work: Work, environment: Mapping[str, str], cores: int):
        self._name = name
        self._kind = kind
        self._queue = queue
        self._task = ray.remote(work)
        self._environment = dict(environment)
        self._cores = cores
        self._prefix = f"{name}:{os.uname().nodename}:{os.getpid()}:{time.time_ns()}"
        self._tasks: dict[Any, str] = {}  # the name by which each holds its job
        self._number = 0
        self._failures = 0
        self._start_after = 0.0
        self._well = True
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name=f"tasks-{name}", daemon=True)

    def start(self) -> None:
        self._keeper.start()

    def stop(self) -> None:
        """End all tasks; their jobs are done by other servers, or at the next start."""
        self._stopping.set()
        self._wake.set()
        self._keeper.join()
        for task, worker in self._tasks.items():
            try:
                ray.cancel(task, force=True)
                self._queue.give_back(worker)
            except Exception:
                log.exception("task %s could not be ended", worker)

    def wake(self, kind: str) -> None:
        if kind == self._kind:
            self._wake.set()

    def alive(self) -> dict[str, bool]:
        return {f"ray-{self._name.rpartition(':')[2]}": self._well and self._keeper.is_alive()}

    def _keep(self) -> None:
        while not self._stopping.is_set():
            try:
                self._look_after()
                self._well = True
            except Exception:  # of the database or of Ray: both may come back
                self._well = False
                log.exception("%s tasks could not be looked after", self._name)
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()

    def _look_after(self) -> None:
        if self._tasks:
            ended, _ = ray.wait(list(self._tasks), num_returns=len(self._tasks), timeout=0)
            for task in ended:
                self._bury(task)
        waiting, holders = self._queue.census([self._kind])
        idle = sum(worker not in holders for worker in self._tasks.values())
        for _ in range(waiting - idle if time.monotonic() >= self._start_after else 0):
            self._number += 1
            worker = f"{self._prefix}-{self._number}"
            task = self._task.options(max_retries=0, **self._needs()).remote(self._environment, worker)
            self._tasks[task] = worker

    def _bury(self, task: Any) -> None:
        worker = self._tasks[task]
        try:
            ray.get(task)
            self._failures = 0
        except RayError as error:
            log.error("task %s ended: %s", worker, error)
            self._failures += 1
            delay = min(LONGEST_DELAY, 0.1 * 2**self._failures) if self._failures > 1 else 0.0
            self._start_after = time.monotonic() + delay
        self._queue.release(worker)
        del self._tasks[task]

    def _needs(self) -> dict[str, float]:
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        largest = max((node.get("CPU", 0) for node in nodes), default=0)
        cores = min(self._cores, largest or self._cores)
        return {"num_cpus": cores, "num_gpus": 1 if any(node.get("GPU", 0) >= 1 for node in nodes) else 0}
