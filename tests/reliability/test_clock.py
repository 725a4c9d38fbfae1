"""A clock that jumps, back and forth: leases, delays, ids, and what clients sign."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from customlabels.engine.queue import Job, Queue
from customlabels.service.access.caller import Caller
from customlabels.service.projects import create_project, delete_project, describe_projects
from customlabels.store.clock import Clock
from customlabels.store.database import now

from .site import Site, until

HOUR = 3600 * 1000
Jump = Callable[[int], None]


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Jump:
    """jump(milliseconds) sets the clock of the queue and of ids so much forth, or back."""

    def to(milliseconds: int) -> None:
        monkeypatch.setattr("customlabels.engine.queue.Clock", lambda: Clock() + milliseconds)
        monkeypatch.setattr("customlabels.service.clock.now", lambda: now() + milliseconds)

    return to


@pytest.mark.parametrize("hours", [1, -1, 24 * 365, -24 * 365])
def test_a_job_that_is_held_stays_held_and_one_of_a_dead_worker_is_free_after_a_jump(
    place: Site, jump: Jump, hours: int
) -> None:
    with place.service() as service:
        queue = Queue(service.database)
        with service.database.write() as connection:
            queue.add(connection, "clock", "arn:clock")
        held = _claim(queue, "alive")
        jump(hours * HOUR)
        assert queue.renew(held, "alive") is False
        assert queue.claim(["clock"], "other") is None
        jump(0)
        again = _claim(queue, "other")  # nobody renews any more, and the lease of "alive" is of another time
        with service.database.write() as connection:
            queue.finish(connection, again, "other")


def test_work_that_was_put_off_is_not_forgotten_when_the_clock_is_set_back(place: Site, jump: Jump) -> None:
    with place.service() as service:
        queue = Queue(service.database)
        with service.database.write() as connection:
            queue.add(connection, "clock", "arn:clock")
        queue.postpone(_claim(queue, "a"), "a", 60)
        assert queue.claim(["clock"], "a") is None
        jump(-HOUR)
        last = _claim(queue, "a")
        with service.database.write() as connection:
            queue.finish(connection, last, "a")


def test_no_id_is_given_twice_though_the_clock_is_set_back(place: Site, jump: Jump) -> None:
    with place.service() as service:
        caller = Caller.administrator(service.account)

        def there() -> bool:
            return bool(describe_projects(service, caller, project_names=["again"])["ProjectDescriptions"])

        arns = []
        for hours in (0, 0, 1, -1, -24 * 365):
            jump(hours * HOUR)
            arns.append(create_project(service, caller, project_name="again")["ProjectArn"])
            delete_project(service, caller, project_arn=arns[-1])
            until(lambda: not there())
    assert len(set(arns)) == len(arns)


def _claim(queue: Queue, worker: str) -> Job:
    job = queue.claim(["clock"], worker)
    assert job is not None
    return job
