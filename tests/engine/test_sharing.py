"""Jobs shared with others: in order, whatever these do, and never more than a few ahead."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from customlabels.engine import sharing
from customlabels.engine.sharing import shared

JOBS = range(20)
SECONDS = 30.0


def here(job: int) -> Iterator[str]:
    yield from (f"{job} begun", f"{job} done")


EXPECTED = [piece for job in JOBS for piece in here(job)]


def never(job: int, wanted: Callable[[], bool]) -> None:
    """Somebody who takes a job and is not heard of again."""
    while wanted():
        time.sleep(0.005)


@pytest.mark.parametrize("hands", [0, 1, 3])
def test_results_come_in_the_order_of_jobs(hands: int) -> None:
    assert list(shared(JOBS, here, lambda job, wanted: list(here(job)), hands)) == EXPECTED


def test_others_do_a_part() -> None:
    both, again = threading.Barrier(2, timeout=SECONDS), threading.Event()
    mine: list[int] = []
    theirs: list[int] = []

    def ours(job: int) -> Iterator[str]:
        mine.append(job)
        if len(mine) == 1:
            both.wait()
        else:
            assert again.wait(SECONDS)  # the other's first job is done, then
        yield f"{job} here"

    def elsewhere(job: int, wanted: Callable[[], bool]) -> Sequence[str]:
        theirs.append(job)
        if len(theirs) == 1:
            both.wait()
        else:
            again.set()
        return [f"{job} elsewhere"]

    made = list(shared(range(6), ours, elsewhere, 1))
    assert made[theirs[0]] == f"{theirs[0]} elsewhere"
    assert [int(piece.split()[0]) for piece in made] == list(range(6))


def test_nobody_is_waited_for() -> None:
    assert list(shared(JOBS, here, never, 2)) == EXPECTED


def test_what_fails_elsewhere_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "RETRY_SECONDS", 0.0)
    failed: list[int] = []

    def elsewhere(job: int, wanted: Callable[[], bool]) -> None:
        failed.append(job)

    assert list(shared(JOBS, here, elsewhere, 2)) == EXPECTED


def test_what_somebody_else_has_done_is_not_done_to_its_end() -> None:
    taken, given = threading.Event(), threading.Event()
    mine: list[int] = []

    def ours(job: int) -> Iterator[str]:
        mine.append(job)
        if len(mine) == 1:
            assert taken.wait(SECONDS)
            yield f"{job} here"
            return
        given.set()
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            yield "a bit of it"

    def elsewhere(job: int, wanted: Callable[[], bool]) -> Sequence[str]:
        taken.set()
        assert given.wait(SECONDS)  # nothing else is left to do here, then
        return [f"{job} elsewhere"]

    made = list(shared([0, 1], ours, elsewhere, 1))
    assert sorted(made) in (["0 here", "1 elsewhere"], ["0 elsewhere", "1 here"])


@pytest.mark.parametrize("hands", [1, 3])
def test_only_a_few_are_done_ahead(hands: int) -> None:
    theirs: list[int] = []

    def elsewhere(job: int, wanted: Callable[[], bool]) -> Sequence[int]:
        theirs.append(job)
        return [job]

    for job in shared(range(100), lambda job: [job], elsewhere, hands):
        time.sleep(0.002)  # in which others could do all of them
        assert max(theirs, default=0) <= job + 2 * (hands + 1)


def test_others_are_told_when_nobody_wants_results_any_more() -> None:
    taken, left = threading.Event(), threading.Event()

    def elsewhere(job: int, wanted: Callable[[], bool]) -> None:
        taken.set()
        never(job, wanted)
        left.set()

    def mine(job: int) -> Sequence[str]:
        assert taken.wait(SECONDS)
        return [str(job)]

    made = shared(JOBS, mine, elsewhere, 1)
    next(made)
    made.close()  # type: ignore[attr-defined]
    assert left.is_set()


def test_an_error_here_ends_it() -> None:
    def mine(job: int) -> Iterator[int]:
        yield 1 // (3 - job)

    with pytest.raises(ZeroDivisionError):
        list(shared(JOBS, mine, never, 2))
