"""Jobs shared with others who may be slow or get lost: done in order by whoever has time, and nobody is waited for."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
Job = TypeVar("Job")
Elsewhere = Callable[[Job, Callable[[], bool]], Sequence[T] | None]
"""Has a job done, and gives what is made of it; None where that was not to be had. It has to ask its second argument
every now and then, and to give up once nobody wants the job any more."""

RETRY_SECONDS = 5.0
"""How long a hand rests that could not have its job done."""


def shared(
    jobs: Sequence[Job], here: Callable[[Job], Iterable[T]], elsewhere: Elsewhere[Job, T], hands: int
) -> Iterator[T]:
    """What `here` makes of each job, bit by bit, in order. `hands` threads have jobs done `elsewhere` meanwhile.

    The thread that asks does a job itself whenever the next one's results are not there: the first that nobody has, or
    else that very one, until whoever has it is done. Results of twice as many jobs as are in work are kept at most.
    What fails elsewhere is done again. Raises what `here` does.
    """
    board = _Board[T](len(jobs), 2 * (hands + 1))
    threads = [threading.Thread(target=_lend, args=(board, jobs, elsewhere), daemon=True) for _ in range(hands)]
    for thread in threads:
        thread.start()
    try:
        for turn in range(len(jobs)):
            while (made := board.collect(turn)) is None:
                mine = board.take(turn)
                pieces: list[T] = []
                for piece in here(jobs[mine]):
                    pieces.append(piece)
                    if not board.wants(mine):
                        break
                else:
                    board.put(mine, pieces)
            yield from made
    finally:
        board.close()
        for thread in threads:
            thread.join()


def _lend(board: _Board[T], jobs: Sequence[Job], elsewhere: Elsewhere[Job, T]) -> None:
    while (number := board.wait_for_one()) is not None:
        made = elsewhere(jobs[number], lambda number=number: board.wants(number))  # type: ignore[misc]
        if made is not None:
            board.put(number, made)
        else:
            board.give_back(number)
            board.closed.wait(RETRY_SECONDS)


class _Board(Generic[T]):
    """Which jobs nobody has, and what was made of others whose turn has not come."""

    def __init__(self, jobs: int, reach: int) -> None:
        self.closed = threading.Event()
        self._free = list(range(jobs))  # a heap
        self._made: dict[int, Sequence[T]] = {}
        self._turn = 0
        self._reach = reach
        self._changed = threading.Condition()

    def collect(self, turn: int) -> Sequence[T] | None:
        """What was made of the job whose turn it is, if anything; those before it are over."""
        with self._changed:
            made = self._made.pop(turn, None)
            self._turn = turn if made is None else turn + 1
            self._changed.notify_all()
            return made

    def take(self, turn: int) -> int:
        """The first job within reach that nobody has; else the one whose turn it is, though somebody has it."""
        with self._changed:
            number = self._next()
            return turn if number is None else number

    def wait_for_one(self) -> int | None:
        """The first job within reach that nobody has, once there is one; None where none will come."""
        with self._changed:
            while not self.closed.is_set():
                number = self._next()
                if number is not None:
                    return number
                self._changed.wait()
        return None

    def put(self, number: int, made: Sequence[T]) -> None:
        with self._changed:
            if number >= self._turn:
                self._made.setdefault(number, made)

    def give_back(self, number: int) -> None:
        with self._changed:
            heapq.heappush(self._free, number)
            self._changed.notify()

    def wants(self, number: int) -> bool:
        """Whether the results of a job are still of use."""
        with self._changed:
            return not self.closed.is_set() and number >= self._turn and number not in self._made

    def close(self) -> None:
        with self._changed:
            self.closed.set()
            self._changed.notify_all()

    def _next(self) -> int | None:
        while self._free and (self._free[0] < self._turn or self._free[0] in self._made):
            heapq.heappop(self._free)  # given back, but done by then
        if self._free and self._free[0] < self._turn + self._reach:
            return heapq.heappop(self._free)
        return None
