"""Objects that cannot be reached, that come slowly, and that break off."""

from __future__ import annotations

import http.client
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from customlabels.service.service import Service
from customlabels.store import Database
from customlabels.store.objects import StoreUnavailable
from customlabels.store.objects.endpoint import EndpointObjects
from customlabels.store.tables import jobs

from .. import tiny
from ..torture.operations import BUCKET
from .site import Site, refused, until


@contextmanager
def unreachable(place: Site) -> Iterator[None]:
    """The S3 endpoint is cut off; of a folder, the disk of the bucket is not there."""
    if place.proxy is not None:
        with place.proxy.state("cut"):
            yield
        return
    away = place.buckets / ".away"
    os.rename(place.buckets / BUCKET, away)
    try:
        yield
    finally:
        os.rename(away, place.buckets / BUCKET)


# checklist: L07
def test_objects_that_cannot_be_reached_are_waited_for(place: Site) -> None:
    red = tiny.picture(255)
    place.s3.put_object(Bucket=BUCKET, Key="o/red.png", Body=red)
    model = place.new_model("unreachable")
    place.rekognition.start_project_version(ProjectVersionArn=model, MinInferenceUnits=1)
    until(lambda: place.status(model)[0] == "RUNNING")
    stored = {"S3Object": {"Bucket": BUCKET, "Name": "o/red.png"}}
    worker = place.worker("data")
    worker.suspend()
    arn = place.new_dataset(place.new_project("unreachable"))

    def detect() -> object:
        return place.rekognition.detect_custom_labels(ProjectVersionArn=model, Image=stored)

    with unreachable(place):
        worker.resume()
        for call in (
            lambda: place.s3.put_object(Bucket=BUCKET, Key="o/red.png", Body=b"other"),
            lambda: place.s3.get_object(Bucket=BUCKET, Key="o/red.png"),
        ):
            assert refused(call)[:2] == ("ServiceUnavailable", 503)
        assert refused(detect) == ("ThrottlingException", 500, "Service Unavailable")
        assert place.ask(model, red)[0]["Name"] == "red"
        with place.service() as service:
            until(lambda: _put_off(service, arn))
        assert place.dataset(arn)["Status"] == "CREATE_IN_PROGRESS"
    assert place.s3.get_object(Bucket=BUCKET, Key="o/red.png")["Body"].read() == red
    assert detect()
    until(lambda: place.dataset(arn)["Status"] == "CREATE_COMPLETE")
    assert place.dataset(arn)["DatasetStats"]["TotalEntries"] == 24
    place.rekognition.stop_project_version(ProjectVersionArn=model)


def _put_off(service: Service, arn: str) -> bool:
    """Whether the job of a dataset has met with an outage."""
    with service.database.read() as connection:
        payload = connection.execute(select(jobs.c.payload).where(jobs.c.subject == arn)).scalar_one()
    return bool(payload.get("outages", 0) > 0)


def test_objects_that_come_slowly_come(place: Site) -> None:
    content = bytes(1_000_000)
    if place.proxy is None:
        pytest.skip("A folder on a slow disk only takes its time.")
    with place.proxy.state("slow"):
        place.s3.put_object(Bucket=BUCKET, Key="o/slow", Body=content)
        assert place.s3.get_object(Bucket=BUCKET, Key="o/slow")["Body"].read() == content


def test_an_endpoint_that_is_silent_is_given_up(place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    if place.proxy is None:
        pytest.skip("There is no endpoint.")
    monkeypatch.setattr("customlabels.store.objects.endpoint_client._READ_SECONDS", 1)
    database = Database(place.settings.database)
    with closing(database), closing(EndpointObjects(place.settings, database)) as objects:
        with place.proxy.state("silent"), pytest.raises(StoreUnavailable, match="CUSTOMLABELS_S3_ENDPOINT"):
            objects.head(BUCKET, "i/0.png")
        assert objects.head(BUCKET, "i/0.png").size > 0


@pytest.mark.parametrize("killed", [False, True])
def test_an_object_that_breaks_off_leaves_the_old_one(place: Site, killed: bool) -> None:
    place.s3.put_object(Bucket=BUCKET, Key="o/half", Body=b"old")
    signed = place.s3.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": "o/half"})
    address = urlsplit(signed)
    connection = http.client.HTTPConnection(address.hostname or "", address.port or 0)
    connection.putrequest("PUT", f"{address.path}?{address.query}")
    connection.putheader("Content-Length", "20000000")
    connection.endheaders()
    connection.send(bytes(10_000_000))
    if killed:
        place.server.kill()
        place.server.start()
    connection.close()
    until(lambda: place.s3.get_object(Bucket=BUCKET, Key="o/half")["Body"].read() == b"old")
    listed = place.s3.list_objects_v2(Bucket=BUCKET, Prefix="o/half")
    assert [(entry["Key"], entry["Size"]) for entry in listed["Contents"]] == [("o/half", 3)]
    if not killed:
        until(lambda: "Uploads" not in place.s3.list_multipart_uploads(Bucket=BUCKET))
    place.s3.put_object(Bucket=BUCKET, Key="o/half", Body=b"new")
    assert place.s3.get_object(Bucket=BUCKET, Key="o/half")["Body"].read() == b"new"
