"""A worker's process: `python -m customlabels.service.worker data|training`, started by the server.

It finds its settings in the environment, is woken by bytes on its standard input, and leaves when that ends.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence

from customlabels.engine.work import Handler, work_on
from customlabels.engine.workers import Role, python
from customlabels.logs import start_logging
from customlabels.service.service import Service, open_service
from customlabels.settings import Settings
from customlabels.store.database import DatabaseUnavailable

log = logging.getLogger(__name__)
POLL_SECONDS = 1.0
"""How soon work is found that nobody woke this worker for: from another server, or of a worker that died."""
QUIT_SECONDS = 1.0

KINDS = {
    "data": frozenset(
        {
            "dataset.create",
            "dataset.update",
            "dataset.distribute",
            "dataset.relabel",
            "dataset.thumbnails",
            "dataset.delete",
            "project.delete",
            "version.copy",
            "version.delete",
        }
    ),
    "training": frozenset({"version.train"}),
}
"""What each sort of worker does."""


def roles(settings: Settings) -> list[Role]:
    """The workers that a server with these settings has."""
    numbers = {"data": settings.data_workers, "training": settings.training_workers}
    return [Role(name, python("customlabels.service.worker", name), KINDS[name], n) for name, n in numbers.items()]


def handlers(service: Service) -> dict[str, Handler]:
    """How every kind of job is done."""
    from customlabels.service import dataset_jobs, version_jobs

    return {**dataset_jobs.handlers(service), **version_jobs.handlers(service)}


def run(service: Service, kinds: Sequence[str], worker: str, wake: threading.Event, leave: threading.Event) -> None:
    """Do jobs as they come until `leave` is set."""
    known: Mapping[str, Handler] = handlers(service)
    while not leave.is_set():
        try:
            if work_on(service.queue, kinds, worker, known):
                continue
        except DatabaseUnavailable as error:
            log.error("worker %s: %s", worker, error)
        wake.wait(POLL_SECONDS)
        wake.clear()


def main(arguments: Sequence[str]) -> int:
    """Run a worker of the sort that the first argument names."""
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the server decides
    sort = arguments[0]
    settings = Settings.from_environment()
    name = os.environ["CUSTOMLABELS_WORKER"]
    start_logging(settings, name.rpartition(":")[2])
    wake, leave = threading.Event(), threading.Event()

    def listen() -> None:
        while os.read(0, 4096):
            wake.set()
        _quit(service, name)  # the server stops, or is gone

    def end(*_: object) -> None:
        leave.set()
        wake.set()
        threading.Timer(2.0, _quit, (service, name)).start()  # in the midst of a job

    service = open_service(settings)
    signal.signal(signal.SIGTERM, end)
    threading.Thread(target=listen, name="wake", daemon=True).start()
    if sort == "training":
        from customlabels.service.training import warm_up

        threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    if sort == "data":
        from customlabels.service.labelling.housekeeping import keep_house

        threading.Thread(target=keep_house, args=(service, leave), name="housekeeping", daemon=True).start()
    run(service, sorted(KINDS[sort]), name, wake, leave)
    service.close()
    os._exit(0)


def _quit(service: Service, name: str) -> None:
    """End this process at once; a job in its hands is begun anew by another, and is none the worse for it."""
    threading.Timer(QUIT_SECONDS, os._exit, (0,)).start()  # else its lease runs out
    try:
        service.queue.give_back(name)
    finally:
        os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
