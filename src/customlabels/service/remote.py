"""What other machines do for a server, each with its own connection to the state: a training, a model's folder.

They are given the server's settings as variables. Where they keep what is theirs alone is for them to say.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from customlabels.engine.work import work_on
from customlabels.service.service import Service, open_service
from customlabels.service.worker import KINDS, handlers
from customlabels.settings import Settings

_HOME = "CUSTOMLABELS_HOME"


def train_next(environment: Mapping[str, str], worker: str) -> None:
    """Do a training that waits, if there is one, and hold it by the name `worker`."""
    os.umask(0o077)
    service = _open(environment)
    try:
        work_on(service.queue, sorted(KINDS["training"]), worker, handlers(service))
    finally:
        service.close()


def model_folder(environment: Mapping[str, str], name: str) -> Path:
    """A folder on this machine with the model of a row of `versions` (its column `model`)."""
    service = _open(environment)
    try:
        return service.model_folder(name)
    finally:
        service.close()


def _open(environment: Mapping[str, str]) -> Service:
    here = os.environ.get(_HOME)
    return open_service(Settings.from_environment(environment, home=Path(here) if here else None))
