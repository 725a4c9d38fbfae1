"""What becomes of a job whose work fails, meets with an outage, or takes its worker with it."""

from __future__ import annotations

import errno
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from customlabels.engine import work
from customlabels.engine.queue import Queue
from customlabels.engine.work import MAX_OUTAGES, Handler, Task, work_on
from customlabels.store import Database
from customlabels.store.database import DatabaseUnavailable
from customlabels.store.objects import StoreUnavailable
from customlabels.store.tables import jobs


@pytest.fixture
def queue(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    """With one job to `count`, that is put off for no time at all."""
    monkeypatch.setattr(work, "LONGEST_DELAY", -1.0)
    monkeypatch.setattr(work, "RETRY_SECONDS", 0.01)
    database = Database(database_url)
    database.migrate()
    with database.write() as connection:
        Queue(database).add(connection, "count", "arn", {"number": 1})
    yield Queue(database)
    database.close()


class Counting:
    """Does a job at the attempt after those that raise `errors`."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = [*errors]
        self.attempts: list[int] = []
        self.failures: list[str] = []
        self.done = 0

    def handlers(self) -> dict[str, Handler]:
        return {"count": Handler(self._do, self._failed)}

    def _do(self, task: Task) -> None:
        self.attempts.append(task.job.attempts)
        assert task.job.payload["number"] == 1
        if self.errors:
            raise self.errors.pop(0)
        self._end(task)
        self.done += 1

    def _failed(self, task: Task, reason: str) -> None:
        self._end(task)
        self.failures.append(reason)

    def _end(self, task: Task) -> None:
        with task.queue.database.write() as connection:
            task.finish(connection)


def work_through(queue: Queue, counting: Counting) -> None:
    while work_on(queue, ["count"], "a", counting.handlers()):
        pass
    with queue.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(jobs)).scalar_one() == 0


# checklist: L07
def test_work_goes_on_after_outages_and_they_are_no_attempts(queue: Queue) -> None:
    counting = Counting(StoreUnavailable("away"), DatabaseUnavailable("away"), StoreUnavailable("away"))
    work_through(queue, counting)
    assert (counting.done, counting.failures, counting.attempts) == (1, [], [1, 1, 1, 1])


def test_work_that_only_meets_with_outages_ends_with_the_reason(queue: Queue) -> None:
    counting = Counting(*[StoreUnavailable("The disk is full.")] * (MAX_OUTAGES + 1))
    work_through(queue, counting)
    assert counting.failures == ["The service could not go on: The disk is full."]
    assert (counting.done, len(counting.attempts)) == (0, MAX_OUTAGES + 1)


def test_a_worker_waits_for_the_database_before_it_puts_work_off(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    put_off, down = Queue.put_off, [DatabaseUnavailable("down")] * 3

    def once_it_is_back(*arguments: object) -> None:
        if down:
            raise down.pop()
        put_off(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Queue, "put_off", once_it_is_back)
    counting = Counting(DatabaseUnavailable("down"))
    work_through(queue, counting)
    assert (counting.done, down) == (1, [])


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError("no more"), "There was not enough memory."),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "There was not enough memory."),
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full; make room, and try again."),
        (OSError(errno.EPIPE, "Broken pipe"), "The service had an unexpected problem: BrokenPipeError"),
        (KeyError("x"), "The service had an unexpected problem: KeyError"),
    ],
)
def test_other_errors_end_work_with_the_reason(queue: Queue, error: Exception, words: str) -> None:
    counting = Counting(error)
    work_through(queue, counting)
    (reason,) = counting.failures
    assert words in reason
