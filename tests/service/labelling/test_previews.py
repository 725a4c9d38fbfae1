"""Small pictures that are made ahead: of images that were just added, some at a time, and of nothing else."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select

from customlabels.engine.work import work_on
from customlabels.service import dataset_jobs, datasets
from customlabels.service.access.caller import Caller
from customlabels.service.access.users import add_account
from customlabels.service.labelling import previews
from customlabels.service.labelling.thumbnails import has_thumbnail
from customlabels.service.service import Service
from customlabels.store.tables import jobs, versions

from ...conftest import Picture
from ..manifests import BUCKET, asked, changed, made, plain, put, work
from ..rows import add_version


def small(service: Service, *keys: str, bucket: str = BUCKET) -> list[bool]:
    """Whether there are small pictures of images."""
    return [has_thumbnail(service, bucket, key, service.objects.head(bucket, key).etag) for key in keys]


def waiting(service: Service) -> list[str]:
    with service.database.read() as connection:
        return list(connection.execute(select(jobs.c.kind)).scalars())


@pytest.fixture(autouse=True)
def a_picture_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "SECONDS", 0.000001)
    monkeypatch.setattr(previews, "_PAGE", 2)


def test_a_new_dataset_has_small_pictures_as_far_as_there_are_images(
    service: Service, caller: Caller, picture: Picture
) -> None:
    for number, key in enumerate("abc"):
        put(service, picture(seed=number), f"{key}.png")
    put(service, b"no image", "d.png")
    arn = made(service, caller, [plain(f"{key}.png") for key in ("a", "d", "none", "b")])
    assert small(service, "a.png", "b.png", "c.png", "d.png") == [True, True, False, False]
    changed(service, caller, arn, [plain("a.png"), plain("c.png")])
    assert small(service, "c.png") == [True]
    assert waiting(service) == []


def test_no_small_picture_is_made_of_what_others_own(service: Service, caller: Caller, picture: Picture) -> None:
    service.objects.create_bucket("theirs", add_account(service.database, "others"))
    service.objects.put("theirs", "a.png", picture())
    made(service, caller, [plain("a.png").replace(BUCKET, "theirs")])
    assert small(service, "a.png", bucket="theirs") == [False]


def test_it_waits_while_a_model_trains(service: Service, caller: Caller, picture: Picture) -> None:
    put(service, picture(), "a.png")
    add_version(service, "v1", "TRAINING_IN_PROGRESS")
    made(service, caller, [plain("a.png")])
    assert waiting(service) == ["dataset.thumbnails"]
    assert small(service, "a.png") == [False]
    with service.database.write() as connection:
        connection.execute(delete(versions))
        connection.execute(jobs.update().values(lease_until=0))
    work(service)
    assert small(service, "a.png") == [True]


def test_it_ends_with_its_dataset(service: Service, caller: Caller, picture: Picture) -> None:
    put(service, picture(), "a.png")
    arn = asked(service, caller, [plain("a.png"), plain("b.png"), plain("c.png")])
    known = dataset_jobs.handlers(service)
    assert work_on(service.queue, ["dataset.create"], "test", known)
    datasets.delete_dataset(service, caller, dataset_arn=arn)
    assert work_on(service.queue, ["dataset.delete"], "test", known)
    work(service)
    assert waiting(service) == []
    assert small(service, "a.png") == [False]
