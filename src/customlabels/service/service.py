"""All that a verb of Custom Labels works with."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import select

from customlabels.engine.decoders import Decoders
from customlabels.engine.placement import ModelPlacement
from customlabels.engine.queue import Queue
from customlabels.service.access.caller import Caller
from customlabels.service.paging import Pages
from customlabels.service.running import RunningModels
from customlabels.settings import Settings
from customlabels.store import Database, Objects
from customlabels.store.database import now
from customlabels.store.models import Models, open_models
from customlabels.store.objects.place import open_objects
from customlabels.store.tables import accounts, facts
from customlabels.vision.extraction import Extract, extract_here


@dataclass(frozen=True)
class Service:
    """A server's state, shared by its threads. Each process of a server opens its own."""

    settings: Settings
    database: Database
    objects: Objects
    models: Models
    queue: Queue
    pages: Pages
    account: str
    """The account that was made at the first start."""
    units: RunningModels | None = None
    """What answers for running models; only the process that serves has them."""
    decoders: Decoders = field(default_factory=Decoders)
    """What opens pictures that people have put in, to show them, and before a training does."""
    extract: Callable[[Caller], Extract] = lambda caller: extract_here
    """Where the features of a training's pictures are made, which are read with the rights of its caller."""

    @property
    def region(self) -> str:
        return self.settings.region

    def model_folder(self, name: str) -> Path:
        """A local folder with the model of a row of `versions` (its column `model`).

        Fetches it first where models are elsewhere. Raises NoSuchModel, StoreUnavailable.
        """
        return self.models.folder(name)

    def with_units(self, server: str, fleet: ModelPlacement | None = None) -> Service:
        """The same state, with the units of all models that are to run; they start at once. `server` is a unique id."""
        return replace(self, units=RunningModels(self.settings, self.database, self.models, server, fleet))

    def close(self) -> None:
        if self.units is not None:
            self.units.close()
        self.decoders.close()
        self.database.close()


def open_service(settings: Settings) -> Service:
    """Open, and at the first time make, the state in a home. Raises OSError, sqlalchemy.exc.SQLAlchemyError."""
    for folder in (settings.home, settings.models, settings.logs):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(settings.database)
    database.migrate()
    known = _facts(database)
    return Service(
        settings,
        database,
        open_objects(settings, database),
        open_models(settings, database),
        Queue(database),
        Pages(bytes.fromhex(known["pagination_key"])),
        known["account"],
    )


def _facts(database: Database) -> dict[str, str]:
    with database.read() as connection:
        known = {row.name: row.value for row in connection.execute(select(facts))}
    if known:
        return known
    with database.write() as connection:
        known = {row.name: row.value for row in connection.execute(select(facts))}
        if not known:
            account = str(10**11 + secrets.randbelow(9 * 10**11))
            known = {"account": account, "pagination_key": secrets.token_hex(32)}
            connection.execute(accounts.insert(), {"id": account, "name": "default", "created": now()})
            connection.execute(facts.insert(), [{"name": name, "value": value} for name, value in known.items()])
    return known
