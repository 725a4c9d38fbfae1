"""Bad images, archives and manifests: each is refused or used, and none harms the server."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from customlabels.engine.decoders import Decoders
from customlabels.imaging.images import ImageError
from customlabels.service.labelling.thumbnails import SHOWN, SIDE

from .mutation import bad_archive, bad_manifest, bad_picture
from .watched import API, BUCKET, Watched

pytestmark = pytest.mark.torture

LOST = ("ended over this image", "more than 60 seconds")
"""Words on a picture that has ended its decoder, or kept it for too long."""


class BadFiles:
    """Ways of a bad file into a server."""

    def __init__(self, watched: Watched, decoders: Decoders, chance: random.Random) -> None:
        self._watched, self._decoders, self._chance = watched, decoders, chance
        self._rekognition, self._console = watched.rekognition, watched.console
        self._number = 0

    def next(self) -> None:
        """One bad file. Raises AssertionError where it does harm."""
        self._number += 1
        ways: tuple[Callable[[], None], ...] = (self._open, self._detect, self._upload, self._unpack, self._import)
        self._chance.choices(ways, (40, 30, 25, 3, 2))[0]()

    def _open(self) -> None:
        words = ""
        try:
            self._decoders.small(bad_picture(self._chance), SHOWN, SIDE, 82)
        except ImageError as error:
            words = str(error)
        self._watched.counts["pictures refused" if words else "pictures opened"] += 1
        assert not any(lost in words for lost in LOST)

    def _detect(self) -> None:
        image = {"Bytes": bad_picture(self._chance) or b"x"}
        self._call(
            "detect",
            lambda: self._rekognition.detect_custom_labels(ProjectVersionArn=self._watched.version, Image=image),
        )

    def _upload(self) -> None:
        query = {"DatasetArn": self._watched.dataset, "Name": f"{self._number}.png"}
        answer = self._console.put(f"{API}images/upload", content=bad_picture(self._chance), params=query)
        self._watched.note("upload", answer.status_code)
        assert not any(words in answer.text for words in LOST)

    def _unpack(self) -> None:
        content = bad_archive(self._chance)
        answer = self._console.put(f"{API}archives", content=content, params={"Name": "a.zip"})
        self._watched.note("archive", answer.status_code)
        body = {"ProjectArn": self._watched.project, "DatasetType": "TEST", "Source": {"Archive": answer.json()}}
        made = self._console.post(f"{API}datasets", json=body)
        self._watched.note("archive imported", made.status_code)
        self._settle(made.json()["DatasetArn"])

    def _import(self) -> None:
        content = bad_manifest(self._chance, BUCKET)
        self._watched.s3.put_object(Bucket=BUCKET, Key="a.manifest", Body=content)
        source = {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": "a.manifest"}}}
        made = self._rekognition.create_dataset(
            ProjectArn=self._watched.project, DatasetType="TEST", DatasetSource=source
        )
        self._settle(made["DatasetArn"])

    def _settle(self, arn: str) -> None:
        """Wait for a dataset, and remove it."""
        deadline = time.monotonic() + 120
        while True:
            told = self._rekognition.describe_dataset(DatasetArn=arn)["DatasetDescription"]
            if not told["Status"].endswith("IN_PROGRESS"):
                break
            assert time.monotonic() < deadline, told
            time.sleep(0.02)
        assert told.get("StatusMessageCode") != "SERVICE_ERROR", told
        self._watched.counts[told["Status"]] += 1
        self._rekognition.delete_dataset(DatasetArn=arn)
        while self._datasets():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def _datasets(self) -> list[object]:
        (project,) = self._rekognition.describe_projects(ProjectNames=["fuzzed"])["ProjectDescriptions"]
        return [item for item in project["Datasets"] if item["DatasetType"] == "TEST"]

    def _call(self, what: str, ask: Callable[[], object]) -> None:
        try:
            ask()
            self._watched.note(what, 200)
        except ClientError as error:
            self._watched.note(what, error.response["ResponseMetadata"]["HTTPStatusCode"])


def test_bad_files_do_no_harm(
    watched: Watched, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    count: int = request.config.getoption("--fuzz-count")
    seed: int = request.config.getoption("--torture-seed")
    decoders = Decoders()
    files = BadFiles(watched, decoders, random.Random(seed))
    began = time.monotonic()
    for number in range(1, count + 1):
        try:
            files.next()
            watched.look(number, count)
        except BaseException as error:
            error.add_note(f"This was bad file {number} of seed {seed}.")
            raise
    decoders.close()
    with capsys.disabled():
        print(f"\n{count} bad files, seed {seed}, {time.monotonic() - began:.0f} s: {dict(watched.counts)}")
