"""What a worker's process does: claim jobs, do them, keep their leases, and survive whatever they raise."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import Connection

from customlabels.engine.queue import LEASE_SECONDS, Job, LeaseLost, Queue
from customlabels.store.database import DatabaseUnavailable

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 3
"""A job that took its worker with it this often is given up."""


@dataclass
class Task:
    """A job in the hands of its worker: what a handler gets."""

    job: Job
    queue: Queue
    worker: str
    _cancelled: threading.Event = field(default_factory=threading.Event)
    _lost: threading.Event = field(default_factory=threading.Event)

    def cancelled(self) -> bool:
        """Whether the work is to stop. Raises LeaseLost where it belongs to another worker by now."""
        if self._lost.is_set():
            raise LeaseLost(f"Job {self.job.id} is not held by {self.worker} any more.")
        return self._cancelled.is_set()

    def finish(self, connection: Connection) -> None:
        """Say, in the transaction of the work's effect, that it is done. Raises LeaseLost."""
        self.queue.finish(connection, self.job, self.worker)

    def require(self, connection: Connection) -> None:
        """Let a transaction that is a part of the work happen only if the work is still ours. Raises LeaseLost."""
        self.queue.require(connection, self.job, self.worker)

    def postpone(self, seconds: float) -> None:
        """Put the work off: it is begun anew later, by whoever is free. Raises LeaseLost."""
        self.queue.postpone(self.job, self.worker, seconds)

    def renew(self) -> None:
        try:
            if self.queue.renew(self.job, self.worker):
                self._cancelled.set()
        except LeaseLost:
            self._lost.set()


@dataclass(frozen=True)
class Handler:
    """How jobs of a kind are done. Both functions end with `task.finish` in the transaction of their effect.

    `failed` is called with a reason for the user's eyes where `do` raised, or took its process with it too often.
    """

    do: Callable[[Task], None]
    failed: Callable[[Task, str], None]


def work_on(queue: Queue, kinds: Sequence[str], worker: str, handlers: Mapping[str, Handler]) -> bool:
    """Claim one job and do it. Returns whether there was one."""
    job = queue.claim(kinds, worker)
    if job is None:
        return False
    task = Task(job, queue, worker)
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=(task, done), name=f"lease-{job.id}", daemon=True)
    keeper.start()
    try:
        handler = handlers[job.kind]
        try:
            if job.attempts > MAX_ATTEMPTS:
                handler.failed(task, f"The worker stopped {MAX_ATTEMPTS} times while it worked on this.")
            else:
                handler.do(task)
        except LeaseLost:
            raise
        except Exception as error:
            log.exception("job %s (%s %s) failed", job.id, job.kind, job.subject)
            handler.failed(task, f"The service had an unexpected problem: {type(error).__name__}: {error}")
    except LeaseLost as error:
        log.warning("%s", error)
    finally:
        done.set()
        keeper.join()
    return True


def _keep(task: Task, done: threading.Event) -> None:
    while not done.wait(min(1.0, LEASE_SECONDS / 5)):
        with suppress(DatabaseUnavailable):  # the lease outlasts several tries
            task.renew()
