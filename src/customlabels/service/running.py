"""The models that run: rows of `versions` say which, the units of a fleet follow, and the rows say how that went."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.exc import SQLAlchemyError

from customlabels.engine.fleet import Fleet
from customlabels.engine.placement import ModelPlacement
from customlabels.engine.units import Counts, Wanted
from customlabels.engine.wire import Answer, Question
from customlabels.settings import Settings
from customlabels.store import Database
from customlabels.store.database import DatabaseUnavailable
from customlabels.store.tables import tags, versions

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
"""How soon a change of the rows by another process is noticed."""
NO_MODEL = "no-model"
"""Name of a folder that never exists: for a row that has none."""

MESSAGES = {
    "STARTING": "The model is starting.",
    "RUNNING": "The model is running.",
    "STOPPING": "The model is stopping.",
    "STOPPED": "The model is stopped.",
}
"""StatusMessage of each state in which a model starts, runs or stops."""


@dataclass(frozen=True)
class RunningModel:
    """What a call for a model needs to know of it."""

    account: str
    tags: Mapping[str, str]


class RunningModels:
    """Keeps the units of this server's models as the rows want them, from its making until `close`.

    Only rows last: models that were running when a server ended, in whatever way, run again under the next one.
    """

    def __init__(self, settings: Settings, database: Database, fleet: ModelPlacement | None = None) -> None:
        """In the processes of `fleet`; without one, in processes of this machine."""
        self._settings = settings
        self._database = database
        self._fleet = fleet or Fleet(settings.unit_queue, settings.idle_seconds)
        self._running: dict[str, RunningModel] = {}
        self._looking = threading.Lock()
        self._closed = False
        self._keeper = threading.Thread(target=self._keep, name="running-models", daemon=True)
        self._keeper.start()

    def find(self, arn: str) -> RunningModel | None:
        """A model that is RUNNING, without a query: what other processes changed is up to LOOK_SECONDS old."""
        return self._running.get(arn)

    def ask(self, arn: str, question: Question) -> Answer:
        """The answer of a unit of a model. Raises NotRunning, CapacityExceeded, UnitLost."""
        return self._fleet.ask(arn, question)

    def counts(self) -> dict[str, Counts]:
        """Inference units, by the ARN of the model, of all that are starting or running."""
        return self._fleet.counts()

    def refresh(self) -> None:
        """Follow the rows now. After a row was changed by this process, `find` knows of it when this returns."""
        with self._looking:
            if self._closed:
                return
            rows = self._rows()
            wanted = [row for row in rows if row.status != "STOPPING"]
            self._fleet.run({row.arn: self._wanted(row) for row in wanted})
            running = [row.arn for row in wanted if row.status == "RUNNING"]
            tagged = self._tags(running)
            self._running = {row.arn: RunningModel(row.account, tagged[row.arn]) for row in wanted if row.arn in tagged}
            self._settle(rows)

    def close(self) -> None:
        """End the units. The rows stay as they are."""
        with self._looking:
            self._closed = True
        self._fleet.news.set()
        self._keeper.join()
        self._fleet.close()

    def _keep(self) -> None:
        while not self._closed:
            self._fleet.news.clear()
            try:
                self.refresh()
            except (DatabaseUnavailable, SQLAlchemyError) as error:
                log.error("the states of running models cannot be read or written, for now: %s", error)
            self._fleet.news.wait(LOOK_SECONDS)

    def _rows(self) -> Sequence[Row[Any]]:
        columns = [versions.c[name] for name in ("arn", "account", "status", "model", "min_units", "max_units")]
        query = select(*columns).where(versions.c.status.in_(("STARTING", "RUNNING", "STOPPING")))
        with self._database.read() as connection:
            return connection.execute(query).all()

    def _wanted(self, row: Row[Any]) -> Wanted:
        least = max(1, row.min_units or 1)
        return Wanted(self._settings.models / (row.model or NO_MODEL), least, max(least, row.max_units or least))

    def _tags(self, arns: Sequence[str]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {arn: {} for arn in arns}
        if found:
            with self._database.read() as connection:
                for row in connection.execute(select(tags).where(tags.c.arn.in_(arns))):
                    found[row.arn][row.key] = row.value
        return found

    def _settle(self, rows: Sequence[Row[Any]]) -> None:
        """Write down what became of models that were to start or stop, and of those that cannot go on."""
        failures, counts, present = self._fleet.failures(), self._fleet.counts(), self._fleet.present()
        changes = []
        for row in rows:
            if row.arn in failures:
                changes.append((row, "FAILED", failures[row.arn]))
            elif row.status == "STARTING" and counts[row.arn].in_service:
                changes.append((row, "RUNNING", MESSAGES["RUNNING"]))
            elif row.status == "STOPPING" and row.arn not in present:
                changes.append((row, "STOPPED", MESSAGES["STOPPED"]))
        if not changes:
            return
        with self._database.write() as connection:
            for row, status, message in changes:
                unchanged = (versions.c.arn == row.arn) & (versions.c.status == row.status)
                values = {"status": status, "status_message": message}
                connection.execute(update(versions).where(unchanged).values(values))
        self._fleet.news.set()  # to look again at once
