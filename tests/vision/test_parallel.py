"""Work in threads comes back in order and never runs far ahead."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from customlabels.vision.parallel import ahead, in_chunks


def test_chunks_come_in_order() -> None:
    assert [list(chunk) for chunk in in_chunks(lambda n: n * n, range(5), 2)] == [[0, 1], [4, 9], [16]]


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_results_come_in_order(count: int) -> None:
    assert list(ahead(lambda n: n * n, range(count))) == [n * n for n in range(count)]


def test_two_are_in_work_at_once() -> None:
    both = threading.Barrier(2, timeout=30)
    assert [n for n, _ in ahead(lambda n: (n, both.wait()), range(4))] == [0, 1, 2, 3]


def test_jobs_are_not_taken_before_their_time() -> None:
    taken = 0

    def jobs() -> Iterator[int]:
        nonlocal taken
        for n in range(100):
            taken += 1
            yield n

    results = ahead(lambda n: n, jobs())
    assert next(results) == 0
    assert taken <= 3
    results.close()  # type: ignore[attr-defined]


def test_an_error_comes_in_its_turn() -> None:
    results = ahead(lambda n: 1 // n, [1, 0, 1])
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
