"""The servers of one database: which are alive, and what each of them has of the models that run.

Each has a row that it renews. What a row says was true when it was written, in a transaction that saw the states of the
models at that time; so whoever sees a model STOPPING, and no row that has it, knows that it runs nowhere.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, select, update

from customlabels.store import Database
from customlabels.store.clock import Clock
from customlabels.store.tables import servers

BEAT_SECONDS = 4.0
"""How often a server says that it is alive."""
DEAD_SECONDS = 20.0
"""A server that has not said so for this long is taken for dead, and its units with it."""

LOADING = "loading"
SERVING = "serving"
LEAVING = "leaving"
FAILED = "failed"
_DEAD = servers.c.seen < Clock() - int(1000 * DEAD_SECONDS)


class Servers:
    """The row of this server, whose `id` no other that is alive has, and those of the others."""

    def __init__(self, database: Database, id: str) -> None:
        self._database = database
        self._id = id
        self._beat = 0.0

    def due(self) -> bool:
        """Whether it is time to `tell`, though there is no news. A SQLite database has one server, which need not."""
        return not self._database.is_sqlite and time.monotonic() - self._beat >= BEAT_SECONDS

    def tell(self, connection: Connection, models: Mapping[str, str]) -> None:
        """Say that this server is alive, and what it has of which model, by ARN."""
        values = {"seen": Clock(), "models": dict(models)}
        if connection.execute(update(servers).where(servers.c.id == self._id).values(values)).rowcount == 0:
            connection.execute(insert(servers).values(id=self._id, **values))
        connection.execute(delete(servers).where(_DEAD))
        self._beat = time.monotonic()

    def others(self, connection: Connection) -> dict[str, set[str]]:
        """What other servers that are alive have of models, by ARN."""
        found: dict[str, set[str]] = {}
        if not self._database.is_sqlite:
            alive = (servers.c.id != self._id) & ~_DEAD
            for models in connection.execute(select(servers.c.models).where(alive)).scalars():
                for arn, state in models.items():
                    found.setdefault(arn, set()).add(state)
        return found

    def leave(self) -> None:
        """This server has no models any more, and ends. Raises DatabaseUnavailable."""
        with self._database.write() as connection:
            connection.execute(delete(servers).where(servers.c.id == self._id))
