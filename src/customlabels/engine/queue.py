"""Durable jobs in the database: added in the transaction of what they belong to, done once, and never lost.

A worker holds a job by a lease that it renews; a job whose lease ran out (its worker was killed) can be claimed again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection, delete, select, update

from customlabels.store import Database, now
from customlabels.store.tables import jobs

LEASE_SECONDS = 15.0


@dataclass(frozen=True)
class Job:
    """A piece of work. `subject` is the ARN of what it works on; `attempts` counts the claims, this one included."""

    id: int
    kind: str
    subject: str
    payload: dict[str, Any]
    attempts: int


class LeaseLost(Exception):
    """Another worker has the job, or nobody: what this one does of it must have no effect."""


@dataclass(frozen=True)
class Queue:
    """The jobs of a database. Safe for threads and processes."""

    database: Database
    listeners: list[Callable[[str], None]] = field(default_factory=list)
    """Called with the kind of each job that was added by this process, once it can be claimed."""

    def add(self, connection: Connection, kind: str, subject: str, payload: dict[str, Any] | None = None) -> int:
        """Add a job within the caller's transaction. Returns its id."""
        values = {"kind": kind, "subject": subject, "payload": payload or {}, "created": now()}
        key = connection.execute(jobs.insert(), values).inserted_primary_key
        assert key is not None
        for listener in self.listeners:
            self.database.after_commit(connection, partial(listener, kind))
        return int(key[0])

    def claim(self, kinds: Sequence[str], worker: str) -> Job | None:
        """The oldest job of these kinds that nobody holds, held by `worker` from now on; None where there is none."""
        with self.database.read() as connection:
            if connection.execute(_waiting(kinds).limit(1)).first() is None:
                return None
        with self.database.write() as connection:
            row = connection.execute(_waiting(kinds).limit(1).with_for_update(skip_locked=True)).first()
            if row is None:
                return None
            lease = now() + int(1000 * LEASE_SECONDS)
            values = {"worker": worker, "lease_until": lease, "attempts": row.attempts + 1}
            connection.execute(update(jobs).where(jobs.c.id == row.id).values(values))
        return Job(row.id, row.kind, row.subject, row.payload, row.attempts + 1)

    def census(self, kinds: Sequence[str]) -> tuple[int, set[str]]:
        """How many jobs of these kinds can be claimed, and the names by which the others are held."""
        at = now()
        query = select(jobs.c.worker, jobs.c.lease_until).where(jobs.c.kind.in_(kinds))
        with self.database.read() as connection:
            rows = connection.execute(query).all()
        held = [row.worker for row in rows if row.lease_until >= at]
        return len(rows) - len(held), {worker for worker in held if worker is not None}

    def renew(self, job: Job, worker: str) -> bool:
        """Hold a job for longer. Returns whether it is to be cancelled. Raises LeaseLost."""
        held = (jobs.c.id == job.id) & (jobs.c.worker == worker)
        with self.database.write() as connection:
            lease = now() + int(1000 * LEASE_SECONDS)
            if connection.execute(update(jobs).where(held).values(lease_until=lease)).rowcount == 0:
                raise LeaseLost(f"Job {job.id} ({job.kind} {job.subject}) is not held by {worker} any more.")
            return bool(connection.execute(select(jobs.c.cancelled).where(jobs.c.id == job.id)).scalar())

    def finish(self, connection: Connection, job: Job, worker: str) -> None:
        """Remove a job in the transaction of its effect. Raises LeaseLost: then the effect must not happen."""
        held = (jobs.c.id == job.id) & (jobs.c.worker == worker)
        if connection.execute(delete(jobs).where(held)).rowcount == 0:
            raise LeaseLost(f"Job {job.id} ({job.kind} {job.subject}) is not held by {worker} any more.")

    def require(self, connection: Connection, job: Job, worker: str) -> None:
        """Let a transaction happen only if its job is held. Raises LeaseLost."""
        held = (jobs.c.id == job.id) & (jobs.c.worker == worker)
        if connection.execute(select(jobs.c.id).where(held)).first() is None:
            raise LeaseLost(f"Job {job.id} ({job.kind} {job.subject}) is not held by {worker} any more.")

    def postpone(self, job: Job, worker: str, seconds: float) -> None:
        """Let a job be claimed again, as if for the first time, but later. Raises LeaseLost."""
        held = (jobs.c.id == job.id) & (jobs.c.worker == worker)
        with self.database.write() as connection:
            values = {"worker": None, "lease_until": now() + int(1000 * seconds), "attempts": 0}
            if connection.execute(update(jobs).where(held).values(values)).rowcount == 0:
                raise LeaseLost(f"Job {job.id} ({job.kind} {job.subject}) is not held by {worker} any more.")

    def release(self, worker: str) -> None:
        """Let others claim what a worker held: it is dead, or leaves."""
        with self.database.write() as connection:
            values = {"worker": None, "lease_until": 0}
            connection.execute(update(jobs).where(jobs.c.worker == worker).values(values))

    def give_back(self, worker: str) -> None:
        """Release what a worker holds that is told to leave: this claim does not count as an attempt."""
        with self.database.write() as connection:
            values = {"worker": None, "lease_until": 0, "attempts": jobs.c.attempts - 1}
            connection.execute(update(jobs).where(jobs.c.worker == worker).values(values))

    def release_local(self) -> None:
        """Let others claim what workers of this machine held whose server is dead: their names begin as `host:pid:`.

        Called by a server that has just locked its home, before it starts workers: with SQLite all of them are dead.
        """
        with self.database.write() as connection:
            held = select(jobs.c.worker).where(jobs.c.worker.is_not(None)).distinct()
            workers = connection.execute(held).scalars().all()
            dead = [worker for worker in workers if self.database.is_sqlite or _is_dead(worker)]
            values = {"worker": None, "lease_until": 0}
            connection.execute(update(jobs).where(jobs.c.worker.in_(dead)).values(values))

    def withdraw(self, connection: Connection, subject: str) -> bool:
        """Remove the jobs of a subject that nobody holds. Returns whether there were any."""
        waiting = (jobs.c.subject == subject) & jobs.c.worker.is_(None)
        return connection.execute(delete(jobs).where(waiting)).rowcount > 0

    def cancel(self, connection: Connection, subject: str) -> bool:
        """Ask for the jobs of a subject to be cancelled. Returns whether there were any."""
        return connection.execute(update(jobs).where(jobs.c.subject == subject).values(cancelled=True)).rowcount > 0


def _is_dead(worker: str) -> bool:
    """Whether the server of a worker is known to have ended: it was on this machine, and there is no such process."""
    host, pid, *_ = [*worker.split(":"), ""]
    if host != os.uname().nodename or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _waiting(kinds: Sequence[str]) -> Any:
    free = jobs.c.lease_until < now()
    return select(jobs).where(jobs.c.kind.in_(kinds), free).order_by(jobs.c.id)
