"""A server at saturation for a long time: memory and handles stay flat, too much is refused, and it recovers."""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from botocore.exceptions import ClientError

from .ledger import line
from .operations import BUCKET, IMAGES, Operations, image
from .running import RunningServer

pytestmark = pytest.mark.torture
T = TypeVar("T")

DETECTING, OTHERS, QUEUE = 12, 4, 4
"""Threads that ask the model, threads that do everything else, and requests that the one unit may have at once: few,
since a client in Python cannot send many."""
BACK_PRESSURE = {"ProvisionedThroughputExceededException", "ThrottlingException"}
GROWTH = 1.15, 48 * 2**20
"""Memory of the last third may be so many times that of the second, and so many bytes more."""
SLOWER = 2.0, 1.0
"""The slowest of a hundred answers may take so many times as long in the last third, and so many seconds more."""
ENOUGH = 500
"""Answers of which the slowest hundredth is told."""
PROJECT = "soak"


@dataclass
class Noted:
    """What all threads saw: answers by operation and code, seconds of those that were answered with success."""

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def do(self, name: str, call: Callable[[], Any]) -> Any:
        """Call, and note how that went; None where it was refused. Raises what is no refusal, but a failure."""
        began = time.monotonic()
        try:
            answer = call()
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise
            with self.lock:
                self.answers[name, error.response["Error"]["Code"]] += 1
            return None
        with self.lock:
            self.answers[name, "OK"] += 1
            self.seconds.setdefault(name, []).append(time.monotonic() - began)
        return answer


class Soak:
    """A model that runs, and threads that ask for it and for everything else until they are told to stop."""

    def __init__(self, server: RunningServer, seed: int) -> None:
        self._server = server
        self._seed = seed
        self.noted = Noted()
        self._stop = threading.Event()
        self._rekognition, self._s3 = server.client("rekognition"), server.client("s3")
        self._images = [image(number)[2] for number in range(IMAGES)]
        Operations(self._rekognition, self._s3, random.Random(seed)).prepare()
        self._arn = _running_model(self._rekognition, self._s3)
        self._expected = [self._ask(number) for number in range(IMAGES)]

    def run(self, seconds: float) -> list[tuple[int, int]]:
        """Saturate the server; gives its memory in bytes and its open handles, about every second."""
        work = [self._detect] * DETECTING + [self._other] * OTHERS
        threads = [threading.Thread(target=self._guarded, args=(job, n)) for n, job in enumerate(work)]
        for thread in threads:
            thread.start()
        seen = []
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.noted.wrong:
            seen.append(self._server.size())
            time.sleep(1.0)
        self._stop.set()
        for thread in threads:
            thread.join()
        return seen

    def answers_again(self) -> float:
        """Seconds until the model answers one caller, after the others are gone. Raises as the call does."""
        began = time.monotonic()
        while self.noted.do("recovery", lambda: self._ask(0)) is None:
            assert time.monotonic() - began < 60, "The server does not recover."
        return time.monotonic() - began

    def _guarded(self, job: Callable[[random.Random], None], number: int) -> None:
        try:
            chance = random.Random(f"{self._seed} {number}")
            while not self._stop.is_set():
                job(chance)
        except Exception as error:
            self.noted.wrong.append(f"{type(error).__name__}: {error}")

    def _detect(self, chance: random.Random) -> None:
        number = chance.randrange(IMAGES)
        found = self.noted.do("DetectCustomLabels", lambda: self._ask(number))
        if found is None:
            time.sleep(0.02)  # as a client that backs off
        elif found != self._expected[number]:
            self.noted.wrong.append(f"picture {number}: {found}, not {self._expected[number]}")

    def _other(self, chance: random.Random) -> None:
        rekognition, s3 = self._rekognition, self._s3
        key, content = f"soak/{chance.randrange(200)}", chance.randbytes(chance.choice((0, 1000, 300_000)))
        name = f"p{chance.getrandbits(64):x}"
        chance.choice(
            (
                lambda: self.noted.do("DescribeProjects", rekognition.describe_projects),
                lambda: self.noted.do("ListObjectsV2", lambda: s3.list_objects_v2(Bucket=BUCKET, MaxKeys=50)),
                lambda: self._object(key, content),
                lambda: self._project(name, chance),
                lambda: self.noted.do(
                    "DetectCustomLabels, no image",
                    lambda: rekognition.detect_custom_labels(ProjectVersionArn=self._arn, Image={"Bytes": content}),
                ),
            )
        )()

    def _object(self, key: str, content: bytes) -> None:
        s3 = self._s3
        if self.noted.do("PutObject", lambda: s3.put_object(Bucket=BUCKET, Key=key, Body=content)) is not None:
            self.noted.do("GetObject", lambda: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    def _project(self, name: str, chance: random.Random) -> None:
        rekognition = self._rekognition
        made = self.noted.do("CreateProject", lambda: rekognition.create_project(ProjectName=name))
        if made is None:
            return
        arn = made["ProjectArn"]
        dataset = self.noted.do(
            "CreateDataset", lambda: rekognition.create_dataset(ProjectArn=arn, DatasetType="TRAIN")
        )
        if dataset is not None:
            lines = "\n".join(line(image(n)[0], image(n)[1]) for n in chance.sample(range(IMAGES), 5)).encode()
            place = dataset["DatasetArn"]
            self.noted.do(
                "UpdateDatasetEntries",
                lambda: rekognition.update_dataset_entries(DatasetArn=place, Changes={"GroundTruth": lines}),
            )
            listed = self.noted.do(
                "ListDatasetEntries", lambda: rekognition.list_dataset_entries(DatasetArn=place, MaxResults=50)
            )
            if listed is not None and len(listed["DatasetEntries"]) not in (0, 5):
                self.noted.wrong.append(f"{len(listed['DatasetEntries'])} of 5 entries")
            self.noted.do("DeleteDataset", lambda: rekognition.delete_dataset(DatasetArn=place))
        self.noted.do("DeleteProject", lambda: rekognition.delete_project(ProjectArn=arn))

    def _ask(self, number: int) -> Any:
        return self._rekognition.detect_custom_labels(
            ProjectVersionArn=self._arn, Image={"Bytes": self._images[number]}, MinConfidence=0
        )["CustomLabels"]


def _running_model(rekognition: Any, s3: Any) -> str:
    """Trains on the pictures and starts what comes of it; gives its ARN."""
    manifest = "\n".join(line(*image(number)[:2]) for number in range(IMAGES)).encode()
    s3.put_object(Bucket=BUCKET, Key="soak.manifest", Body=manifest)
    project = rekognition.create_project(ProjectName=PROJECT)["ProjectArn"]
    place = {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": "soak.manifest"}}}
    version = rekognition.create_project_version(
        ProjectArn=project,
        VersionName="v1",
        OutputConfig={"S3Bucket": BUCKET, "S3KeyPrefix": "out"},
        TrainingData={"Assets": [place]},
        TestingData={"AutoCreate": True},
        Tags={"customlabels:effort": "fast"},
    )["ProjectVersionArn"]
    quickly = {"Delay": 1, "MaxAttempts": 600}
    waiter = rekognition.get_waiter("project_version_training_completed")
    waiter.wait(ProjectArn=project, VersionNames=["v1"], WaiterConfig=quickly)
    rekognition.start_project_version(ProjectVersionArn=version, MinInferenceUnits=1)
    waiter = rekognition.get_waiter("project_version_running")
    waiter.wait(ProjectArn=project, VersionNames=["v1"], WaiterConfig=quickly)
    return str(version)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    running = RunningServer(tmp_path / "home", settings={"CUSTOMLABELS_UNIT_QUEUE": str(QUEUE)})
    yield running
    assert running.stop() == 0


def test_a_saturated_server_neither_grows_nor_breaks(
    server: RunningServer, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    seconds: int = request.config.getoption("--torture-seconds")
    soak = Soak(server, request.config.getoption("--torture-seed"))
    seen = soak.run(seconds)
    recovery = soak.answers_again()
    noted = soak.noted
    with capsys.disabled():
        print(f"\n{seconds} s of saturation, then an answer after {recovery:.2f} s; memory and handles of the servers:")
        for third in range(3):
            part = _third(seen, third)
            print(f"  {_median(part, 0) / 2**20:.0f} MB, {_median(part, 1):.0f} handles")
        for name, taken in sorted(noted.seconds.items()):
            middle, slowest = _percentile(taken, 50), _percentile(taken, 99)
            print(f"  {name}: {len(taken)} done, p50 {1000 * middle:.0f} ms, p99 {1000 * slowest:.0f} ms")
        refused = {" ".join(key): count for key, count in sorted(noted.answers.items()) if key[1] != "OK"}
        print(f"  refused: {refused}")
    assert not noted.wrong, noted.wrong[:5]
    assert any(code in BACK_PRESSURE for name, code in noted.answers if name == "DetectCustomLabels")
    assert noted.answers["DetectCustomLabels", "OK"]
    second, last = _third(seen, 1), _third(seen, 2)
    assert _median(last, 0) <= GROWTH[0] * _median(second, 0) + GROWTH[1]
    assert _median(last, 1) <= _median(second, 1) + 50
    for name, taken in noted.seconds.items():
        before, then = _third(taken, 1), _third(taken, 2)
        if len(before) >= ENOUGH:
            assert _percentile(then, 99) <= SLOWER[0] * _percentile(before, 99) + SLOWER[1], name


def _third(values: list[T], number: int) -> list[T]:
    """The first, second or last one, by 0, 1 or 2."""
    return values[number * len(values) // 3 : (number + 1) * len(values) // 3]


def _median(seen: list[tuple[int, int]], column: int) -> float:
    return statistics.median([row[column] for row in seen])


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1] if len(values) > 1 else values[0]
