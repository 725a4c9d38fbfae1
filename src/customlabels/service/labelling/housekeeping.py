"""What the console keeps for a while only: uploaded archives, and small pictures that nobody looks at any more."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event

from sqlalchemy import select

from customlabels.service.console_bucket import PREFIX
from customlabels.service.labelling.uploads import ARCHIVES
from customlabels.service.service import Service
from customlabels.store.database import DatabaseUnavailable, now
from customlabels.store.models import known_models
from customlabels.store.objects import NoSuchBucket, ObjectError
from customlabels.store.tables import facts, jobs

log = logging.getLogger(__name__)
DAY = 24 * 60 * 60
ARCHIVE_SECONDS = DAY
"""An archive is needed until the datasets are made of it, which begins right after its upload."""
THUMBNAIL_SECONDS = 90 * DAY


def keep_house(service: Service, leave: Event) -> None:
    """Tidy up what all servers share, now and once a day, until `leave` is set."""
    _daily(lambda: remove_archives(service), leave)


def keep_home(service: Service, leave: Event) -> None:
    """Tidy up a home, now and once a day, until `leave` is set."""

    def tidy() -> None:
        remove_thumbnails(service, leave)
        service.models.tidy(known_models(service.database))

    _daily(tidy, leave)


def _daily(do: Callable[[], object], leave: Event) -> None:
    while True:
        try:
            do()
        except (ObjectError, DatabaseUnavailable, OSError) as error:
            log.warning("housekeeping: %s", error)
        if leave.wait(DAY):
            return


def remove_archives(service: Service) -> int:
    """Remove the archives uploaded more than a day ago that no dataset waits for. Returns how many.

    Raises ObjectError.
    """
    with service.database.read() as connection:
        names = connection.execute(select(facts.c.value).where(facts.c.name.startswith(PREFIX))).scalars().all()
        waiting = connection.execute(select(jobs.c.payload).where(jobs.c.kind == "dataset.create")).scalars().all()
    needed = {payload.get("source", {}).get("Archive", {}).get("Name") for payload in waiting}
    oldest, count = now() - 1000 * ARCHIVE_SECONDS, 0
    for bucket in names:
        with suppress(NoSuchBucket):
            after = ""
            while page := service.objects.list_objects(bucket, ARCHIVES, after, 1000):
                gone = [stored.key for stored in page if stored.modified < oldest and stored.key not in needed]
                service.objects.delete(bucket, gone)
                count, after = count + len(gone), page[-1].key
    return count


def remove_thumbnails(service: Service, leave: Event) -> int:
    """Remove the small pictures that were not shown for long. Returns how many. Raises OSError."""
    oldest, count = time.time() - THUMBNAIL_SECONDS, 0
    for path in (service.settings.home / "thumbnails").glob("*/*"):
        if leave.is_set():
            break
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()
                count += 1
    return count
