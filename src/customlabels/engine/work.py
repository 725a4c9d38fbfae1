"""What a worker's process does: claim jobs, do them, keep their leases, and survive whatever they raise."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import Connection

from customlabels.engine.queue import LEASE_SECONDS, Job, LeaseLost, Queue
from customlabels.store.database import DatabaseUnavailable
from customlabels.store.objects import StoreUnavailable
from customlabels.store.objects.files import disk_fault

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 3
"""A job that took its worker with it this often is given up."""
MAX_OUTAGES = 12
"""So is one that met with an outage of the database or of the store of objects this often."""
LONGEST_DELAY = 30.0
"""Seconds before work that met with an outage is tried again; one after the first, then twice as many each time."""
RETRY_SECONDS = 0.5


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
        except (DatabaseUnavailable, StoreUnavailable) as error:
            _after_outage(task, handler, error)
        except Exception as error:
            log.exception("job %s (%s %s) failed", job.id, job.kind, job.subject)
            handler.failed(task, _words(error))
    except LeaseLost as error:
        log.warning("%s", error)
    finally:
        done.set()
        keeper.join()
    return True


def _words(error: Exception) -> str:
    """What a user is told of an error that ended a job."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, MemoryError) or "can't allocate memory" in text:  # as torch says it
        return f"There was not enough memory. Give the server more, or stop models, and try again. ({text})"
    reason = disk_fault(error) if isinstance(error, OSError) else None
    if reason is not None:
        return f"A file could not be written or read: {reason}, and try again. ({text})"
    return f"The service had an unexpected problem: {text}"


def _after_outage(task: Task, handler: Handler, error: Exception) -> None:
    """Put the work off until what it needs can be used again, but not for ever. Raises LeaseLost."""
    log.warning("job %s (%s %s) waits: %s", task.job.id, task.job.kind, task.job.subject, error)
    while True:
        try:
            if task.job.outages >= MAX_OUTAGES:
                handler.failed(task, f"The service could not go on: {error}")
            else:
                delay = min(LONGEST_DELAY, 2.0**task.job.outages)
                task.queue.put_off(task.job, task.worker, delay)
            return
        except (DatabaseUnavailable, StoreUnavailable):  # there is nothing else to do until it is back
            time.sleep(RETRY_SECONDS)


def _keep(task: Task, done: threading.Event) -> None:
    while not done.wait(min(1.0, LEASE_SECONDS / 5)):
        with suppress(DatabaseUnavailable):  # the lease outlasts several tries
            task.renew()
