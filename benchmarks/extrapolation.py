"""From what a call costs to what a load needs: arithmetic on measured figures, nothing is measured here."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from customlabels.service.servers import BEAT_SECONDS

USABLE = 0.7
"""Share of its time that anything may be busy before those who wait for it wait long."""
CONNECTIONS = 40
"""Connections to the database that a server takes at most: `_POOL` and `_POSTGRESQL_OVERFLOW` of store/engines.py."""
WORKER_CONNECTIONS = 3
DEFAULT_CONNECTIONS = 100
"""`max_connections` of PostgreSQL, where nobody has raised it."""
MACHINE_GIGABYTES = 64.0
MACHINE_CORES = 32.0
"""A large machine of today, as what one PostgreSQL, and the models of one server, have to do with."""
_MOST_TIMES = 1e6


class Spent(NamedTuple):
    """Processor milliseconds by group of processes. `server` is one Python process, which uses one core at most."""

    server: float
    units: float
    workers: float
    database: float
    store: float


@dataclass(frozen=True)
class Load:
    """What is asked of an installation: calls and images a second, models that run, images that are kept."""

    lists: float
    pages: float
    writes: float
    pictures: float
    entries: float
    models: float
    images: float

    def times(self, factor: float) -> Load:
        return Load(**{name: factor * value for name, value in vars(self).items()})


ONE = Load(lists=5, pages=3, writes=1, pictures=5, entries=10, models=10, images=100_000)
"""1x: some fifty people with the console open, ten models that run, 36,000 images imported in the hour."""


@dataclass(frozen=True)
class Costs:
    """What was measured.

    `calls` has milliseconds of one call by the names of `Load`'s rates; `rest` those of a second of a server, with a
    worker, that nobody asks anything; `neighbour` those of a second of a server for each model of each other server.
    The turn is what writers take one after another: milliseconds of a small write, and of an image that is imported.
    """

    calls: Mapping[str, Spent]
    rest: Spent
    neighbour: Spent
    write_turn: float
    entry_turn: float
    unit_megabytes: float
    entry_bytes: float

    def silent(self) -> Costs:
        """As if servers told each other nothing."""
        return replace(self, neighbour=Spent(*(0.0 for _ in Spent._fields)))

    def demand(self, load: Load) -> Spent:
        """Milliseconds a second of the calls of a load."""
        each = [tuple(vars(load)[name] * ms for ms in spent) for name, spent in self.calls.items()]
        return Spent(*(sum(group) for group in zip(*each, strict=True)))


@dataclass(frozen=True)
class Needs:
    """What a load needs: processes, busy cores by group, and what they share.

    `turn` is the share of the time in which somebody writes; `gigabytes` those of the models, on each server.
    """

    servers: int
    workers: int
    cores: Spent
    turn: float
    connections: int
    gigabytes: float
    database_gigabytes: float


def needs(costs: Costs, load: Load) -> Needs | None:
    """None where no number of servers is enough, since each has more to do the more there are."""
    calls = costs.demand(load)
    news = [load.models * ms for ms in costs.neighbour]
    servers = _servers(calls.server, costs.rest.server, news[0])
    if servers is None:
        return None
    workers = max(1, math.ceil(calls.workers / (1000 * USABLE)))
    cores = Spent(
        *(
            (called + servers * (rest + (servers - 1) * heard)) / 1000
            for called, rest, heard in zip(calls, costs.rest, news, strict=True)
        )
    )
    small = load.writes + servers / BEAT_SECONDS + workers  # a worker renews the lease of its job each second
    return Needs(
        servers=servers,
        workers=workers,
        cores=cores,
        turn=(small * costs.write_turn + load.entries * costs.entry_turn) / 1000,
        connections=CONNECTIONS * servers + WORKER_CONNECTIONS * workers,
        gigabytes=load.models * costs.unit_megabytes / 1024,
        database_gigabytes=load.images * costs.entry_bytes / 1e9,
    )


def _servers(calls: float, rest: float, news: float) -> int | None:
    """The fewest servers n with calls / n + rest + (n - 1) * news <= USABLE of a second; milliseconds a second."""
    left = 1000 * USABLE - rest + news  # so n * n * news - n * left + calls <= 0
    if news <= 0:
        return max(1, math.ceil(calls / left)) if left > 0 else None
    root = left * left - 4 * news * calls
    if left <= 0 or root < 0:
        return None
    fewest = max(1, math.ceil((left - math.sqrt(root)) / (2 * news)))
    return fewest if calls / fewest + rest + (fewest - 1) * news <= 1000 * USABLE else None


LIMITS: Mapping[str, Callable[[Needs], bool]] = {
    "one server: its process has no more of a core": lambda found: found.servers > 1,
    f"connections to PostgreSQL: {DEFAULT_CONNECTIONS}, its default": lambda found: (
        found.connections > DEFAULT_CONNECTIONS
    ),
    f"a server's memory for all models: {MACHINE_GIGABYTES:.0f} GB": lambda found: found.gigabytes > MACHINE_GIGABYTES,
    f"the writers' turn: {USABLE:.0%} of the time": lambda found: found.turn > USABLE,
    f"one database's cores: {USABLE:.0%} of {MACHINE_CORES:.0f}": lambda found: (
        found.cores.database > USABLE * MACHINE_CORES
    ),
}
"""What ends, and when it is over."""
NEWS = "what servers tell each other of their models"


def limits(costs: Costs, one: Load = ONE) -> dict[str, float]:
    """By how many times `one` may grow before each of LIMITS is reached, and NEWS; to two digits, inf for never.

    NEWS is where no number of servers is enough; the others are reckoned without it, since each is to stand for itself.
    """
    found = {what: _last(costs.silent(), one, over) for what, over in LIMITS.items()}
    return found | {NEWS: _last(costs, one, lambda _: False)}


def _last(costs: Costs, one: Load, over: Callable[[Needs], bool]) -> float:
    low, high = math.log(1e-3), math.log(_MOST_TIMES)
    for _ in range(60):
        middle = (low + high) / 2
        found = needs(costs, one.times(math.exp(middle)))
        low, high = (low, middle) if found is None or over(found) else (middle, high)
    times = math.exp(low)
    return math.inf if times > 0.99 * _MOST_TIMES else float(f"{times:.2g}")
