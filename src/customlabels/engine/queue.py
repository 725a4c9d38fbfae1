"""Durable jobs in the database: added in the transaction of what they belong to, done once, and never lost.

A worker holds a job by a lease that it renews; a job whose lease ran out (its worker was killed) can be claimed again.
The database's clock decides, so workers may be on machines whose clocks differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection, delete, select, update

from customlabels.store import Database, now
from customlabels.store.clock import Clock
from customlabels.store.tables import jobs

LEASE_SECONDS = 15.0
FURTHEST_SECONDS = 120.0
"""A lease or a delay that ends later than this from now was made before the clock was set back: it is over."""


@dataclass(frozen=True)
class Job:
    """A piece of work. `subject` is the ARN of what it works on; `attempts` counts the claims, this one included."""

    id: int
    kind: str
    subject: str
    payload: dict[str, Any]
    attempts: int

    @property
    def outages(self) -> int:
        """How often the work was put off because the database or the store of objects could not be used."""
        return int(self.payload.get("outages", 0))


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
            values = {"worker": worker, "lease_until": _in(LEASE_SECONDS), "attempts": row.attempts + 1}
            connection.execute(update(jobs).where(jobs.c.id == row.id).values(values))
        return Job(row.id, row.kind, row.subject, row.payload, row.attempts + 1)

    def census(self, kinds: Sequence[str]) -> tuple[int, set[str]]:
        """How many jobs of these kinds can be claimed, and the names by which the others are held."""
        query = select(jobs.c.worker, _free().label("free")).where(jobs.c.kind.in_(kinds))
        with self.database.read() as connection:
            rows = connection.execute(query).all()
        return sum(row.free for row in rows), {row.worker for row in rows if not row.free and row.worker is not None}

    def renew(self, job: Job, worker: str) -> bool:
        """Hold a job for longer. Returns whether it is to be cancelled. Raises LeaseLost."""
        held = (jobs.c.id == job.id) & (jobs.c.worker == worker)
        with self.database.write() as connection:
            if connection.execute(update(jobs).where(held).values(lease_until=_in(LEASE_SECONDS))).rowcount == 0:
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
        self._let_go(job, worker, seconds, attempts=0)

    def put_off(self, job: Job, worker: str, seconds: float) -> None:
        """Let a job that an outage hinders be claimed again later; this claim was no attempt. Raises LeaseLost."""
        payload = {**job.payload, "outages": job.outages + 1}
        self._let_go(job, worker, seconds, attempts=job.attempts - 1, payload=payload)

    def _let_go(self, job: Job, worker: str, seconds: float, **values: Any) -> None:
        assert seconds < FURTHEST_SECONDS, "such a delay would count as over"
        held = (jobs.c.id == job.id) & (jobs.c.worker == worker)
        values |= {"worker": None, "lease_until": _in(seconds)}
        with self.database.write() as connection:
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

    def release_dead(self, home: str) -> None:
        """Let others claim what workers of a home held: their names begin with its id and a colon.

        Called by who has just locked that home, before it starts workers, so that all of them are dead. A SQLite
        database has no others. What workers of other homes hold is free when their leases have run out.
        """
        dead = jobs.c.worker.is_not(None) if self.database.is_sqlite else jobs.c.worker.startswith(f"{home}:")
        with self.database.write() as connection:
            connection.execute(update(jobs).where(dead).values(worker=None, lease_until=0))

    def withdraw(self, connection: Connection, subject: str) -> bool:
        """Remove the jobs of a subject that nobody holds. Returns whether there were any."""
        waiting = (jobs.c.subject == subject) & jobs.c.worker.is_(None)
        return connection.execute(delete(jobs).where(waiting)).rowcount > 0

    def cancel(self, connection: Connection, subject: str) -> bool:
        """Ask for the jobs of a subject to be cancelled. Returns whether there were any."""
        return connection.execute(update(jobs).where(jobs.c.subject == subject).values(cancelled=True)).rowcount > 0


def _in(seconds: float) -> Any:
    return Clock() + int(1000 * seconds)


def _waiting(kinds: Sequence[str]) -> Any:
    return select(jobs).where(jobs.c.kind.in_(kinds), _free()).order_by(jobs.c.id)


def _free() -> Any:
    return (jobs.c.lease_until < Clock()) | (jobs.c.lease_until > _in(FURTHEST_SECONDS))
