"""Servers and workers of one database and one store of objects, how to ask them, and what each group spends."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

import psutil
from sqlalchemy import text

from customlabels.store import Database
from customlabels.store.clock import Clock
from customlabels.store.tables import servers as servers_table
from extrapolation import Spent
from load import Ask, Serving, beside, own_seconds, processor_seconds, seconds_below

CONNECTIONS = 8
_HELD = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted")


@dataclass(frozen=True)
class Site:
    """`postmaster` is the database's process that all its others come from."""

    servers: Sequence[Serving]
    workers: Sequence[psutil.Process]
    store: psutil.Process
    database: Database
    postmaster: psutil.Process

    def asking(self, operation: str, bodies: Sequence[dict[str, object]]) -> Ask:
        """Asks the servers in turn."""
        asks = [
            server.asking([server.request(operation, body) for body in bodies], CONNECTIONS) for server in self.servers
        ]

        def ask(number: int) -> None:
            which, request = number % len(asks), number // len(asks)
            asks[which](request)

        return ask

    def spent(self) -> Spent:
        """Milliseconds so far."""
        servers = [server.process for server in self.servers]
        others = [processor_seconds(group) for group in (self.workers, [self.postmaster], [self.store])]
        return Spent(*(1000 * seconds for seconds in (own_seconds(servers), seconds_below(servers), *others)))

    def since(self, before: Spent) -> Spent:
        """Milliseconds since `before`."""
        return Spent(*(now - then for now, then in zip(self.spent(), before, strict=True)))

    def megabytes(self) -> tuple[float, float]:
        """Memory that belongs to one process alone, in the mean: of servers, and of units."""
        servers = [server.process for server in self.servers]
        units = [
            each for server in servers for each in server.children() if "customlabels.engine.unit" in each.cmdline()
        ]
        return _own(servers), _own(units)

    @contextmanager
    def neighbours(self, number: int, models: int, arn: str) -> Iterator[None]:
        """As if there were so many more servers with so many models each: their rows are there, they are not."""
        told = {f"{arn}{model:04}": "serving" for model in range(models)}
        rows = [{"id": f"neighbour-{each}", "models": told} for each in range(number)]
        with self.database.write() as connection:
            connection.execute(servers_table.insert().values(seen=Clock() + 3_600_000), rows)
        try:
            yield
        finally:
            with self.database.write() as connection:
                connection.execute(servers_table.delete().where(servers_table.c.id.startswith("neighbour-")))


@dataclass
class Turns:
    """How often somebody was looked for who has the writers' turn, and how often there was one."""

    looks: int = 0
    held: int = 0

    @property
    def share(self) -> float:
        """Of the time, in which somebody has it."""
        return self.held / max(self.looks, 1)


@contextmanager
def turns(database: Database, seconds: float) -> Iterator[Turns]:
    """Looks about every so many seconds."""
    found, random = Turns(), Random(0)  # looks at random, else they could keep in step with what they look at

    def look(stop: threading.Event) -> None:
        with database.read() as connection:
            while not stop.wait(seconds * random.uniform(0.5, 1.5)):
                found.held += connection.execute(_HELD).scalar_one()
                found.looks += 1

    with beside(look):
        yield found


def postmaster(database: Database) -> psutil.Process:
    """The process of a database that all others come from. Raises RuntimeError where it is not on this machine."""
    with database.read() as connection:  # whose process ends with it
        number = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        try:
            found = psutil.Process(number).parent()
        except psutil.NoSuchProcess:
            found = None
    if found is None or not found.name().startswith("postgres"):
        raise RuntimeError(
            "The database is on another machine or in a container: what it costs cannot be measured. Start one here, "
            "as --help says."
        )
    return found


def answer(database: Database, question: str) -> int:
    """The number that a query answers."""
    with database.read() as connection:
        return int(connection.execute(text(question)).scalar_one())


def _own(processes: Sequence[psutil.Process]) -> float:
    return sum(process.memory_full_info().uss for process in processes) / max(len(processes), 1) / 2**20
