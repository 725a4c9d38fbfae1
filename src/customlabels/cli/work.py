"""`customlabels work`: workers without a port, for a database that others serve, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import os

from customlabels.cli.exits import OK, UsageError
from customlabels.cli.homes import settings_of
from customlabels.cli.stopping import await_stop, stop_signal
from customlabels.logs import start_logging


def run(args: argparse.Namespace) -> int:
    from customlabels.server import Workshop

    os.umask(0o077)
    settings = settings_of(args)
    if not settings.training_workers and not settings.data_workers:
        raise UsageError(
            "There is nothing to start: CUSTOMLABELS_TRAINING_WORKERS and CUSTOMLABELS_DATA_WORKERS are both 0."
        )
    start_logging(settings, "work")
    stopping = stop_signal()
    with Workshop(settings):
        words = f"{settings.training_workers} for trainings, {settings.data_workers} for other jobs"
        print(f"Working in {settings.home}: {words}", flush=True)
        await_stop(stopping)
    return OK
