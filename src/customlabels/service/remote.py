"""What other machines do for a server, each with its own connection to the state: trainings, features, models' folders.

They are given the server's settings as variables. Where they keep what is theirs alone is for them to say.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

from customlabels.engine.work import work_on
from customlabels.service.access.caller import Caller
from customlabels.service.arrivals import AGAIN_SECONDS
from customlabels.service.pictures import Pictures
from customlabels.service.service import Service, open_service
from customlabels.service.worker import KINDS, handlers
from customlabels.settings import Settings
from customlabels.store.database import DatabaseUnavailable
from customlabels.store.models import known_models
from customlabels.store.objects import StoreUnavailable
from customlabels.vision.extraction import Extract, Extraction, Outputs

log = logging.getLogger(__name__)
_HOME = "CUSTOMLABELS_HOME"


def train_next(environment: Mapping[str, str], worker: str) -> None:
    """Do a training that waits, if there is one, and hold it by the name `worker`."""
    os.umask(0o077)
    service = _open(environment)
    service = replace(service, extract=partial(_spread, environment, service.settings.ray_spread_pictures))
    try:
        work_on(service.queue, sorted(KINDS["training"]), worker, handlers(service))
        service.models.tidy(known_models(service.database))
    finally:
        service.close()


@dataclass(frozen=True)
class Extractor:
    """Makes features of pictures that are read with a caller's rights; it can be sent to other machines."""

    environment: Mapping[str, str]
    caller: Caller

    def __call__(self, extraction: Extraction, refs: Sequence[tuple[int, str]], threads: int) -> list[Outputs]:
        """Features of the pictures with these numbers and source-refs, with so many cores.

        Raises ImageError, OSError, StoreUnavailable, DatabaseUnavailable.
        """
        service = _open(self.environment)
        try:
            read = Pictures(service.objects, self.caller).read
            return list(_opened(extraction, threads)([(number, partial(read, ref)) for number, ref in refs]))
        finally:
            service.close()


_opened = lru_cache(maxsize=1)(Extraction.open)
"""Opening takes as long as some pictures do, and the same process often gets more of them."""


def _spread(environment: Mapping[str, str], least: int, caller: Caller) -> Extract:
    from customlabels.engine.ray.spread import Spread

    return Spread(Extractor(environment, caller), least)


def model_folder(environment: Mapping[str, str], name: str) -> Path:
    """A folder on this machine with the model of a row of `versions` (its column `model`)."""
    while True:
        try:
            service = _open(environment)
            try:
                return service.model_folder(name)
            finally:
                service.close()
        except (StoreUnavailable, DatabaseUnavailable) as error:
            log.warning("the model %s cannot be fetched, for now: %s", name, error)
            time.sleep(AGAIN_SECONDS)


def _open(environment: Mapping[str, str]) -> Service:
    settings = Settings.from_environment(environment)
    if settings.database_url and settings.s3_endpoint:  # else the home has the state itself
        here = os.environ.get(_HOME)
        home = Path(here).expanduser().absolute() if here else settings.home
        settings = replace(settings, home=home / "ray")  # apart from that of a server, which sweeps its own
    return open_service(settings)
