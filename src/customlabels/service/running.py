"""The models that run: rows of `versions` say which, the units of a fleet follow, and the rows say how that went."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select, update

from customlabels.engine.fleet import Fleet
from customlabels.engine.placement import ModelPlacement
from customlabels.engine.process import UnitLost
from customlabels.engine.units import Counts, NotRunning, Wanted
from customlabels.engine.wire import Answer, Question
from customlabels.service.arrivals import Arrivals, Elsewhere
from customlabels.service.servers import FAILED, LEAVING, LOADING, SERVING, Servers
from customlabels.settings import Settings
from customlabels.store import Database
from customlabels.store.database import DatabaseUnavailable
from customlabels.store.models import Models
from customlabels.store.tables import tags, versions

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
"""How soon a change of the rows by another process is noticed."""
ARRIVAL_SECONDS = 20.0
"""How long a request waits for a model that runs elsewhere, and is on its way to this machine."""
RETRY_SECONDS = 30.0
"""How soon a server that cannot run a model tries again, while others run it."""
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


@dataclass(frozen=True)
class _Look:
    """The rows of models that start, run or stop; what this server has of each; and what is to be written of them."""

    rows: Sequence[Row[Any]]
    states: dict[str, str]
    changes: list[tuple[Row[Any], str, str]]
    tags: dict[str, dict[str, str]]


class RunningModels:
    """Keeps the units of this server's models as the rows want them, from its making until `close`.

    Only rows last: models that were running when a server ended, in whatever way, run again under the next one. Every
    server of a database runs every model. A model is RUNNING when the first one can answer, FAILED when none can, and
    STOPPED when none has a unit of it any more.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        models: Models,
        server: str,
        fleet: ModelPlacement | None = None,
    ) -> None:
        """`server` is an id that no other server has. Units are in the processes of `fleet`, else of this machine."""
        self._database = database
        self._servers = Servers(database, server)
        self._fleet = fleet or Fleet(settings.unit_queue, settings.idle_seconds)
        self._models = models
        self._arrivals = Arrivals(models, self._fleet.news.set) if self._fleet.here else Elsewhere()
        self._running: dict[str, RunningModel] = {}
        self._told: dict[str, str] | None = None
        self._failed_at: dict[str, float] = {}
        self._looking = threading.Lock()
        self._closed = False
        self._keeper = threading.Thread(target=self._keep, name="running-models", daemon=True)
        self._keeper.start()

    def find(self, arn: str) -> RunningModel | None:
        """A model that is RUNNING, without a query: what other processes changed is up to LOOK_SECONDS old."""
        return self._running.get(arn)

    def ask(self, arn: str, question: Question) -> Answer:
        """The answer of a unit of a model. Raises NotRunning, CapacityExceeded, UnitLost."""
        deadline = time.monotonic() + ARRIVAL_SECONDS
        while True:
            try:
                return self._fleet.ask(arn, question)
            except NotRunning:
                if arn not in self._running:
                    raise
            if time.monotonic() > deadline:
                raise UnitLost("This server has not got the model yet.")
            time.sleep(0.02)  # it runs elsewhere, and is on its way to this machine

    def counts(self) -> dict[str, Counts]:
        """Inference units of this server, by the ARN of the model, of all that are starting or running."""
        return self._fleet.counts()

    def refresh(self) -> None:
        """Follow the rows now. After a row was changed by this process, `find` knows of it when this returns."""
        with self._looking:
            if self._closed:
                return
            with self._database.read() as connection:
                look = self._look(connection)
            if look.changes or look.states != self._told or self._servers.due():
                with self._database.write() as connection:  # what is written holds for the rows of this very moment
                    look = self._look(connection)
                    self._servers.tell(connection, look.states)
                    for row, status, message in look.changes:
                        values = {"status": status, "status_message": message}
                        connection.execute(update(versions).where(versions.c.arn == row.arn).values(values))
                self._told = look.states
                if look.changes:
                    self._fleet.news.set()  # to look again at once
            self._follow(look)

    def close(self) -> None:
        """End the units. The rows of models stay as they are."""
        with self._looking:
            self._closed = True
            self._running = {}
        self._fleet.news.set()
        self._keeper.join()
        self._fleet.close()
        try:
            self._servers.leave()
        except DatabaseUnavailable as error:
            log.warning("others will take a while to notice that this server is gone: %s", error)

    def _keep(self) -> None:
        while not self._closed:
            self._fleet.news.clear()
            try:
                self.refresh()
            except DatabaseUnavailable as error:
                log.error("the states of running models cannot be read or written, for now: %s", error)
            except Exception:  # of whatever kind: without this thread no model would start or stop any more
                log.exception("the states of running models cannot be followed, for now")
            self._fleet.news.wait(LOOK_SECONDS)

    def _look(self, connection: Connection) -> _Look:
        columns = [versions.c[name] for name in ("arn", "account", "status", "model", "min_units", "max_units")]
        query = select(*columns).where(versions.c.status.in_(("STARTING", "RUNNING", "STOPPING")))
        rows = connection.execute(query).all()
        others = self._servers.others(connection)
        failures, counts, present = self._failures(rows), self._fleet.counts(), self._fleet.present()
        states = dict.fromkeys(present, LEAVING)
        changes = []
        for row in rows:
            if row.status == "STOPPING":
                if row.arn not in present and row.arn not in others:
                    changes.append((row, "STOPPED", MESSAGES["STOPPED"]))
            elif row.arn in failures:
                states[row.arn] = FAILED
                if not {LOADING, SERVING} & others.get(row.arn, set()):
                    changes.append((row, "FAILED", failures[row.arn]))
            elif row.arn in counts and counts[row.arn].in_service:
                states[row.arn] = SERVING
                if row.status == "STARTING":
                    changes.append((row, "RUNNING", MESSAGES["RUNNING"]))
            else:
                states[row.arn] = LOADING
        return _Look(rows, states, changes, _tags(connection, [row.arn for row in rows if row.status == "RUNNING"]))

    def _failures(self, rows: Sequence[Row[Any]]) -> dict[str, str]:
        """Why models cannot run here; those whose folder turns out to be damaged are given another try."""
        found = {}
        failures = self._fleet.failures()
        for row in rows:
            name = row.model or NO_MODEL
            reason = self._arrivals.failure(name)
            if reason is not None:
                found[row.arn] = f"The model cannot be loaded: {reason}"
            elif row.arn in failures and self._arrivals.mended(name) is False:
                found[row.arn] = failures[row.arn]
        return found

    def _follow(self, look: _Look) -> None:
        """Have the fleet run what it is to run, as far as it is on this machine."""
        now = time.monotonic()
        failures = self._fleet.failures()
        given_up = {row.arn for row, status, _ in look.changes if status == "FAILED"}
        wanted = {}
        for row in look.rows:
            name = row.model or NO_MODEL
            if row.arn in given_up:
                self._arrivals.forget(name)
            if row.status == "STOPPING" or row.arn in given_up:
                continue
            since = self._failed_at.setdefault(row.arn, now) if look.states[row.arn] == FAILED else now
            if now - since > RETRY_SECONDS or (row.arn in failures and self._arrivals.mended(name)):
                self._failed_at.pop(row.arn, None)
                self._arrivals.forget(name)  # without it in this round, it is begun anew in the next one
                self._fleet.news.set()
            elif folder := self._folder(name, look.states[row.arn]):
                least = max(1, row.min_units or 1)
                wanted[row.arn] = Wanted(folder, least, max(least, row.max_units or least))
        self._failed_at = {arn: at for arn, at in self._failed_at.items() if look.states.get(arn) == FAILED}
        self._fleet.run(wanted)
        self._running = {
            row.arn: RunningModel(row.account, look.tags[row.arn]) for row in look.rows if row.arn in look.tags
        }

    def _folder(self, name: str, state: str) -> Path | None:
        """Where a model is; None while it is on its way. What serves goes on, though its copy was lost."""
        return self._arrivals.folder(name) or (self._models.new(name) if state == SERVING else None)


def _tags(connection: Connection, arns: Sequence[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {arn: {} for arn in arns}
    if found:
        for row in connection.execute(select(tags).where(tags.c.arn.in_(arns))):
            found[row.arn][row.key] = row.value
    return found
