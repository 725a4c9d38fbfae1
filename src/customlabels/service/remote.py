"""What other machines do for a server, each with its own connection to the state: a training, a model's folder.

They are given the server's settings as variables. Where they keep what is theirs alone is for them to say.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from customlabels.engine.work import work_on
from customlabels.service.arrivals import AGAIN_SECONDS
from customlabels.service.service import Service, open_service
from customlabels.service.worker import KINDS, handlers
from customlabels.settings import Settings
from customlabels.store.database import DatabaseUnavailable
from customlabels.store.models import known_models
from customlabels.store.objects import StoreUnavailable

log = logging.getLogger(__name__)
_HOME = "CUSTOMLABELS_HOME"


def train_next(environment: Mapping[str, str], worker: str) -> None:
    """Do a training that waits, if there is one, and hold it by the name `worker`."""
    os.umask(0o077)
    service = _open(environment)
    try:
        work_on(service.queue, sorted(KINDS["training"]), worker, handlers(service))
        service.models.tidy(known_models(service.database))
    finally:
        service.close()


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
