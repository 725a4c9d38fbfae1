"""Every job is done once, whoever works, and none is lost with its worker."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from customlabels.engine import queue as queue_module
from customlabels.engine.queue import Job, LeaseLost, Queue
from customlabels.store import Database
from customlabels.store.tables import jobs

WORKER = """
import sys
from customlabels.engine.queue import Queue
from customlabels.store import Database

queue, worker = Queue(Database(sys.argv[1])), sys.argv[2]
while job := queue.claim(["count"], worker):
    with queue.database.write() as connection:
        queue.finish(connection, job, worker)
    print(job.payload["number"], job.attempts)
"""


@pytest.fixture
def queue(database_url: str) -> Iterator[Queue]:
    database = Database(database_url)
    database.migrate()
    yield Queue(database)
    database.close()


def add(queue: Queue, *numbers: int, kind: str = "count") -> None:
    with queue.database.write() as connection:
        for number in numbers:
            queue.add(connection, kind, f"arn:{number}", {"number": number})


def claim(queue: Queue, worker: str = "a") -> Job:
    job = queue.claim(["count"], worker)
    assert job is not None
    return job


def finish(queue: Queue, job: Job, worker: str = "a") -> None:
    with queue.database.write() as connection:
        queue.finish(connection, job, worker)


def waiting(queue: Queue) -> int:
    with queue.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(jobs)).scalar_one())


def test_four_processes_do_each_job_once(queue: Queue) -> None:
    add(queue, *range(80))
    command = [sys.executable, "-c", WORKER, queue.database.url]
    processes = [
        subprocess.Popen([*command, f"worker-{n}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for n in range(4)
    ]
    said = [process.communicate() for process in processes]
    assert [errors for _, errors in said] == [""] * 4
    done = Counter(line for output, _ in said for line in output.splitlines())
    assert done == Counter(f"{number} 1" for number in range(80))
    assert waiting(queue) == 0


def test_jobs_are_claimed_oldest_first_and_by_kind(queue: Queue) -> None:
    add(queue, 1, 2)
    add(queue, 3, kind="other")
    assert [claim(queue).payload["number"] for _ in range(2)] == [1, 2]
    assert queue.claim(["count"], "a") is None
    other = queue.claim(["count", "other"], "a")
    assert other is not None
    assert (other.kind, other.subject, other.payload, other.attempts) == ("other", "arn:3", {"number": 3}, 1)


def test_a_job_is_added_with_its_cause_or_not_at_all(queue: Queue) -> None:
    def fails() -> None:
        with queue.database.write() as connection:
            queue.add(connection, "count", "arn:1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert queue.claim(["count"], "a") is None


# checklist: L07
def test_the_job_of_a_dead_worker_is_claimed_again_when_its_lease_ran_out(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(queue, 1)
    monkeypatch.setattr(queue_module, "LEASE_SECONDS", -1.0)
    dead = claim(queue, "dead")
    monkeypatch.undo()
    again = claim(queue, "alive")
    assert (again.id, again.attempts) == (dead.id, 2)
    for late in (lambda: queue.renew(dead, "dead"), lambda: finish(queue, dead, "dead")):
        with pytest.raises(LeaseLost, match="not held by dead"):
            late()
    finish(queue, again, "alive")
    assert waiting(queue) == 0


def test_a_lease_that_is_renewed_lasts(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    add(queue, 1)
    monkeypatch.setattr(queue_module, "LEASE_SECONDS", -1.0)
    job = claim(queue)
    monkeypatch.undo()
    assert queue.renew(job, "a") is False
    assert queue.claim(["count"], "b") is None


def test_what_a_worker_releases_others_may_claim_at_once(queue: Queue) -> None:
    add(queue, 1, 2)
    claim(queue, "a")
    claim(queue, "b")
    queue.release("a")
    assert claim(queue, "c").payload == {"number": 1}
    assert queue.claim(["count"], "c") is None


def test_a_job_that_a_leaving_worker_gives_back_was_not_an_attempt(queue: Queue) -> None:
    add(queue, 1)
    claim(queue, "killed")
    queue.release("killed")
    assert claim(queue, "leaving").attempts == 2
    queue.give_back("leaving")
    assert claim(queue, "next").attempts == 2


def test_a_census_counts_what_waits_and_names_who_holds_the_rest(queue: Queue) -> None:
    add(queue, 1, 2, 3)
    add(queue, 4, kind="other")
    assert queue.census(["count"]) == (3, set())
    claim(queue, "a")
    assert queue.census(["count"]) == (2, {"a"})
    queue.postpone(claim(queue, "b"), "b", 60)
    assert queue.census(["count"]) == (1, {"a"})
    queue.release("a")
    assert queue.census(["count"]) == (2, set())


def test_finishing_is_undone_with_the_effect(queue: Queue) -> None:
    add(queue, 1)
    job = claim(queue)

    def fails() -> None:
        with queue.database.write() as connection:
            queue.finish(connection, job, "a")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert waiting(queue) == 1
    finish(queue, job)
    assert waiting(queue) == 0


def test_a_worker_learns_of_a_cancellation_when_it_renews(queue: Queue) -> None:
    add(queue, 1)
    job = claim(queue)
    with queue.database.write() as connection:
        assert queue.cancel(connection, "arn:1")
        assert not queue.cancel(connection, "arn:2")
    assert queue.renew(job, "a") is True
