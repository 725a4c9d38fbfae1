"""What the console keeps for a while only."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path
from threading import Event

import pytest
from PIL import Image

from customlabels.service.access.caller import Caller
from customlabels.service.console_bucket import console_bucket
from customlabels.service.labelling import housekeeping
from customlabels.service.labelling.housekeeping import DAY, keep_home, keep_house, remove_archives, remove_thumbnails
from customlabels.service.labelling.thumbnails import thumbnail
from customlabels.service.service import Service
from customlabels.store.database import now

from ..manifests import BUCKET, ref


@pytest.fixture
def tomorrow(monkeypatch: pytest.MonkeyPatch) -> None:
    later = now() + 1000 * (DAY + 60)
    monkeypatch.setattr(housekeeping, "now", lambda: later)


def keys(service: Service, bucket: str) -> list[str]:
    return [stored.key for stored in service.objects.list_objects(bucket)]


@pytest.mark.usefixtures("tomorrow")
def test_an_archive_goes_after_a_day_and_nothing_else(service: Service, caller: Caller) -> None:
    bucket = console_bucket(service, caller.account)
    service.objects.create_bucket(BUCKET, caller.account)
    for key in ("uploads/0123/photos.zip", "uploads/4567/needed.zip", "datasets/a/photo.jpg"):
        service.objects.put(bucket, key, b"content")
    service.objects.put(BUCKET, "uploads/mine.zip", b"content")
    with service.database.write() as connection:
        payload = {"source": {"Archive": {"Bucket": bucket, "Name": "uploads/4567/needed.zip"}}}
        service.queue.add(connection, "dataset.create", "arn:of:a:dataset", payload)
    assert remove_archives(service) == 1
    assert keys(service, bucket) == ["datasets/a/photo.jpg", "uploads/4567/needed.zip"]
    assert "uploads/mine.zip" in keys(service, BUCKET)


def test_a_new_archive_stays(service: Service, caller: Caller) -> None:
    bucket = console_bucket(service, caller.account)
    service.objects.put(bucket, "uploads/0123/photos.zip", b"content")
    assert remove_archives(service) == 0
    assert keys(service, bucket) == ["uploads/0123/photos.zip"]


def aged(path: Path, seconds: float) -> None:
    at = time.time() - seconds
    os.utime(path, (at, at))


def test_small_pictures_that_nobody_looks_at_go(service: Service, caller: Caller) -> None:
    service.objects.create_bucket(BUCKET, caller.account)
    for name in ("old.png", "shown.png"):
        buffer = io.BytesIO()
        Image.new("RGB", (90, 70), "teal").save(buffer, "PNG")
        service.objects.put(BUCKET, name, buffer.getvalue())
        thumbnail(service, caller, ref(name))
    files = list((service.settings.home / "thumbnails").glob("*/*"))
    assert len(files) == 2
    for path in files:
        aged(path, 91 * DAY)
    thumbnail(service, caller, ref("shown.png"))
    assert remove_thumbnails(service, Event()) == 1
    (left,) = (service.settings.home / "thumbnails").glob("*/*")
    assert left.stat().st_mtime > time.time() - DAY


def test_a_home_is_kept_tidy(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    old = service.settings.home / "thumbnails" / "ab" / "cd.jpg"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"small")
    aged(old, 91 * DAY)
    asked: list[object] = []
    monkeypatch.setattr(type(service.models), "tidy", lambda _, known: asked.append(known))
    leave = Event()
    monkeypatch.setattr(leave, "wait", lambda _: True)
    keep_home(service, leave)
    assert not old.exists()
    assert asked == [set()]


def test_a_fault_does_not_end_it(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fails(_: Service) -> int:
        asked.append(1)
        raise PermissionError("the disk is read-only")

    monkeypatch.setattr(housekeeping, "remove_archives", fails)
    leave = Event()
    leave.set()
    keep_house(service, leave)
    assert asked
