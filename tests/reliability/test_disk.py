"""A disk that is full, that can only be read, or that is gone."""

from __future__ import annotations

import secrets
import subprocess
import sys

from ..torture.ledger import line
from ..torture.operations import BUCKET
from .disk import read_only
from .site import Site, refused, until


# checklist: L07
def test_a_full_disk_refuses_what_it_cannot_keep_and_takes_it_when_there_is_room(place: Site) -> None:
    arn = place.new_dataset(place.new_project("full-disk"))
    until(lambda: place.dataset(arn)["Status"] == "CREATE_COMPLETE")
    lines = "\n".join(line(f"s3://{BUCKET}/{secrets.token_hex(400)}.png", "red") for _ in range(3000)).encode()

    def update() -> None:
        place.rekognition.update_dataset_entries(DatasetArn=arn, Changes={"GroundTruth": lines})

    with place.disk.full():
        code, status, _ = refused(lambda: place.s3.put_object(Bucket=BUCKET, Key="o/new", Body=bytes(1_000_000)))
        assert (code, status) == ("ServiceUnavailable", 503)
        assert refused(update) == ("ThrottlingException", 500, "Service Unavailable")
        assert place.dataset(arn)["DatasetStats"]["TotalEntries"] == 24
    update()
    until(lambda: place.dataset(arn)["Status"] == "UPDATE_COMPLETE")
    assert place.dataset(arn)["DatasetStats"]["TotalEntries"] == 3024
    assert refused(lambda: place.s3.head_object(Bucket=BUCKET, Key="o/new"))[1] == 404
    place.s3.put_object(Bucket=BUCKET, Key="o/new", Body=b"new")
    place.rekognition.delete_dataset(DatasetArn=arn)


def test_a_disk_that_can_only_be_read_serves_what_it_has(place: Site) -> None:
    place.s3.put_object(Bucket=BUCKET, Key="o/old", Body=b"old")
    with read_only(place.buckets):
        code, status, words = refused(lambda: place.s3.put_object(Bucket=BUCKET, Key="o/old", Body=b"new"))
        assert (code, status) == ("ServiceUnavailable", 503)
        assert place.settings.s3_endpoint in words if place.proxy else "may only be read" in words
        assert place.s3.get_object(Bucket=BUCKET, Key="o/old")["Body"].read() == b"old"
    place.s3.put_object(Bucket=BUCKET, Key="o/old", Body=b"new")
    assert place.s3.get_object(Bucket=BUCKET, Key="o/old")["Body"].read() == b"new"


def test_a_home_that_can_only_be_read_ends_the_start_with_its_name(place: Site) -> None:
    home = place.disk.root / "only-read"
    home.mkdir()
    command = [sys.executable, "-m", "customlabels", "serve", "--home", str(home), "--port", "0"]
    with read_only(home):
        ended = subprocess.run(command, env=place.server.environment, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 1
    assert "Read-only file system" in ended.stderr
    assert str(home) in ended.stderr
    assert "Traceback" not in ended.stderr
