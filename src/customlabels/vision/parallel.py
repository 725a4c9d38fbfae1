"""The same work on many things at once, in threads, without running ahead of whoever takes the results."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
Job = TypeVar("Job")


def in_chunks(function: Callable[[Job], T], jobs: Sequence[Job], size: int) -> Iterator[Iterator[T]]:
    """What `function` makes of each job, in order, by chunks of `size`; take all of a chunk before the next one.

    A pool's map over all jobs would do everything at once, ahead of disk or network, and keep it in memory.
    """
    with ThreadPoolExecutor() as pool:
        for first in range(0, len(jobs), size):
            yield pool.map(function, jobs[first : first + size])


def ahead(function: Callable[[Job], T], jobs: Iterable[Job], width: int = 2) -> Iterator[T]:
    """What `function` makes of each job, in order, `width` of them in work or waiting to be taken.

    With two, one picture is decoded while the network runs on another. Raises what `function` does, in its turn.
    """
    with ThreadPoolExecutor(width) as pool:
        waiting: deque[Future[T]] = deque()
        for job in jobs:
            if len(waiting) == width:
                yield waiting.popleft().result()
            waiting.append(pool.submit(function, job))
        while waiting:
            yield waiting.popleft().result()
