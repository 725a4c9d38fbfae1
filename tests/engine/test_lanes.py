"""Who is admitted to the units of a model, and in whose hands a request ends up when units come and go."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from customlabels.engine.lanes import CapacityExceeded, Lanes
from customlabels.engine.process import Lane, UnitLost, UnitProcess
from customlabels.engine.units import NotRunning
from customlabels.engine.wire import Answer, Kind, Question, receive_question, send_answer

from .conftest import Until


class Echo:
    """A unit in a thread: once `open`, it answers each request with its image."""

    def __init__(self, open: bool = True) -> None:
        ours, self.theirs = socket.socketpair()
        self.lanes = [Lane(cast(UnitProcess, self), ours)]
        self.seen: list[bytes] = []
        self.open = threading.Event()
        if open:
            self.open.set()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        with self.theirs:
            try:
                while True:
                    question = receive_question(self.theirs)
                    self.seen.append(question.image)
                    self.open.wait(20)
                    if question.image == b"poison":
                        return
                    send_answer(self.theirs, Answer(Kind.FOUND, question.image))
            except OSError:
                return


class Site:
    """Lanes, the units put on them, and what they told."""

    def __init__(self, capacity: int) -> None:
        self.lost: list[Any] = []
        self.needed = threading.Event()
        self.lanes = Lanes(capacity, self.lost.append, self.needed.set)
        self.units: list[Echo] = []

    def add(self, open: bool = True) -> Echo:
        unit = Echo(open)
        self.units.append(unit)
        self.lanes.add(cast(UnitProcess, unit))
        return unit

    def remove(self, unit: Echo) -> None:
        self.lanes.remove(cast(UnitProcess, unit))

    def close(self) -> None:
        for unit in self.units:
            unit.open.set()
            self.remove(unit)
            unit.thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site(capacity=3)
    yield made
    made.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as made:
        yield made


# checklist: I20
def test_as_many_requests_are_admitted_as_the_capacity_says(site: Site, pool: ThreadPoolExecutor, until: Until) -> None:
    unit = site.add(open=False)
    asked = [pool.submit(site.lanes.ask, Question(b"%d" % i)) for i in range(3)]
    until(lambda: site.lanes.load().idle_seconds == 0 and _admitted(site) == 3)
    with pytest.raises(CapacityExceeded):
        site.lanes.ask(Question(b"one more"))
    assert site.lanes.load().refused
    unit.open.set()
    assert [future.result().content for future in asked] == [b"0", b"1", b"2"]
    assert site.lanes.ask(Question(b"now")).content == b"now"
    assert not site.lanes.load().refused


def test_a_request_waits_for_the_first_unit_and_asks_for_it(site: Site, pool: ThreadPoolExecutor) -> None:
    asked = pool.submit(site.lanes.ask, Question(b"early"))
    assert site.needed.wait(20)
    site.add()
    assert asked.result().content == b"early"


def test_requests_that_wait_are_served_in_the_order_in_which_they_came(
    site: Site, pool: ThreadPoolExecutor, until: Until
) -> None:
    site.lanes.capacity = 8
    names = [b"%d" % number for number in range(8)]

    def ask(name: bytes) -> None:
        for _ in range(20):  # who is done and asks again stands in line again
            site.lanes.ask(Question(name))

    asked = []
    for number, name in enumerate(names):
        asked.append(pool.submit(ask, name))
        until(lambda number=number: len(site.lanes._line) == number + 1)  # type: ignore[misc]
    unit = site.add()
    for future in asked:
        future.result()
    assert unit.seen[:8] == names
    assert min(unit.seen[:80].count(name) for name in names) >= 8


def test_a_unit_that_ends_with_a_request_fails_that_request_only(site: Site) -> None:
    bad, good = site.add(), site.add()
    with pytest.raises(UnitLost):
        site.lanes.ask(Question(b"poison"))
    assert site.lost == [bad]
    assert site.lanes.ask(Question(b"a")).content == b"a"
    assert not good.theirs._closed  # type: ignore[attr-defined]


def test_a_request_goes_to_another_unit_where_the_first_had_ended_before(site: Site) -> None:
    gone = site.add()
    gone.theirs.shutdown(socket.SHUT_RDWR)
    gone.thread.join()
    site.add()
    assert site.lanes.ask(Question(b"a")).content == b"a"
    assert site.lost == [gone]


def test_a_removed_unit_finishes_what_it_has(site: Site, pool: ThreadPoolExecutor, until: Until) -> None:
    unit = site.add(open=False)
    asked = pool.submit(site.lanes.ask, Question(b"last"))
    until(lambda: _admitted(site) == 1 and not site.lanes._idle)
    site.remove(unit)
    unit.open.set()
    assert asked.result().content == b"last"
    unit.thread.join(20)
    assert not unit.thread.is_alive()


def test_the_end_reaches_those_that_wait_and_those_that_come(
    site: Site, pool: ThreadPoolExecutor, until: Until
) -> None:
    asked = pool.submit(site.lanes.ask, Question(b"waits"))
    until(lambda: _admitted(site) == 1)
    site.lanes.end(NotRunning)
    with pytest.raises(NotRunning):
        asked.result()
    with pytest.raises(NotRunning):
        site.lanes.ask(Question(b"comes"))


def test_load_is_the_mean_number_of_requests_since_the_last_look(
    site: Site, pool: ThreadPoolExecutor, until: Until
) -> None:
    unit = site.add(open=False)
    asked = [pool.submit(site.lanes.ask, Question(b"a")) for _ in range(2)]
    until(lambda: _admitted(site) == 2)
    site.lanes.load()
    assert site.lanes.load().requests == pytest.approx(2)
    unit.open.set()
    assert [future.result().content for future in asked] == [b"a", b"a"]
    site.lanes.load()
    assert site.lanes.load().requests == 0


def _admitted(site: Site) -> int:
    return site.lanes._requests
