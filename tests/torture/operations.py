"""Random operations of a client, each with what it changes if the server acknowledges it."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from PIL import Image

from .ledger import State, digest, line

BUCKET = "pictures"
MAIN = "pets"
LABELS = {"red": (200, 40, 40), "blue": (40, 40, 200)}
IMAGES = 24


@dataclass(frozen=True)
class Operation:
    """`call` asks the server; `effect` changes what is expected, if that succeeds."""

    name: str
    call: Callable[[], Any]
    effect: Callable[[State], object]


def image(number: int) -> tuple[str, str, bytes]:
    """Source-ref, label and content of the picture of a number: noise around the colour of its label."""
    noise = random.Random(number)
    label = list(LABELS)[number % 2]
    pixels = bytes(
        max(0, min(255, noise.gauss(value, 30))).__int__() for _ in range(64 * 64) for value in LABELS[label]
    )
    stream = io.BytesIO()
    Image.frombytes("RGB", (64, 64), pixels).save(stream, "PNG")
    return f"s3://{BUCKET}/i/{number}.png", label, stream.getvalue()


class Operations:
    """Chooses what a client does next."""

    def __init__(self, rekognition: Any, s3: Any, chance: random.Random) -> None:
        self._rekognition, self._s3, self._chance = rekognition, s3, chance
        self._number = 0

    def prepare(self) -> None:
        """The bucket and its pictures, before anything is killed."""
        self._s3.create_bucket(Bucket=BUCKET)
        for number in range(IMAGES):
            source, _, content = image(number)
            self._s3.put_object(Bucket=BUCKET, Key=source.split("/", 3)[3], Body=content)

    def next(self, state: State, trained: set[str]) -> Operation:
        """Something that makes sense in a state; the server may refuse it all the same, if it is busy.

        `trained`: the versions that can be started.
        """
        if MAIN not in state.projects:
            return self._create_project(MAIN)
        choices: list[tuple[int, Callable[[], Operation]]] = [
            (4, lambda: self._put(state)),
            (2, lambda: self._create_project(f"other-{self._next()}")),
        ]
        if state.objects:
            choices.append((2, lambda: self._delete(state)))
        if len(state.projects) > 1:
            choices.append((2, lambda: self._delete_project(state)))
        for type in ("TRAIN", "TEST"):
            if type not in state.datasets:
                choices.append((6, partial(self._create_dataset, type)))
            else:
                choices.append((4, partial(self._update_dataset, type)))
                choices.append((1, partial(self._delete_dataset, type)))
        if all(len(set(state.datasets.get(type, {}).values())) == 2 for type in ("TRAIN", "TEST")):
            choices.append((1, self._train))
        running = [name for name, status in state.versions.items() if status == "RUNNING"]
        startable = [name for name in trained if name in state.versions and name not in running]
        if startable and len(running) < 2:
            choices.append((8, lambda: self._start(self._chance.choice(startable))))
        if running:
            choices.append((1, lambda: self._stop(self._chance.choice(running))))
        idle = [name for name in state.versions if name not in running]
        if len(idle) > 2:
            choices.append((3, lambda: self._delete_version(self._chance.choice(idle))))
        makers = [make for _, make in choices]
        return self._chance.choices(makers, [weight for weight, _ in choices])[0]()

    def version_arn(self, name: str) -> str:
        arn = self._project_arn(MAIN)
        answer = self._rekognition.describe_project_versions(ProjectArn=arn, VersionNames=[name])
        return str(answer["ProjectVersionDescriptions"][0]["ProjectVersionArn"])

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _put(self, state: State) -> Operation:
        key = f"o/{self._chance.randrange(20)}"
        content = self._chance.randbytes(self._chance.choice((0, 100, 10_000, 3_000_000)))
        return Operation(
            f"put {key} ({len(content)} bytes)",
            lambda: self._s3.put_object(Bucket=BUCKET, Key=key, Body=content),
            lambda expected: expected.objects.update({key: digest(content)}),
        )

    def _delete(self, state: State) -> Operation:
        key = self._chance.choice(sorted(state.objects))
        return Operation(
            f"delete {key}",
            lambda: self._s3.delete_object(Bucket=BUCKET, Key=key),
            lambda expected: expected.objects.pop(key, None),
        )

    def _create_project(self, name: str) -> Operation:
        return Operation(
            f"create project {name}",
            lambda: self._rekognition.create_project(ProjectName=name),
            lambda expected: expected.projects.add(name),
        )

    def _delete_project(self, state: State) -> Operation:
        name = self._chance.choice(sorted(state.projects - {MAIN}))
        return Operation(
            f"delete project {name}",
            lambda: self._rekognition.delete_project(ProjectArn=self._project_arn(name)),
            lambda expected: expected.projects.discard(name),
        )

    def _entries(self, least: int) -> dict[str, str]:
        numbers = self._chance.sample(range(IMAGES), self._chance.randint(least, IMAGES))
        entries = {}
        for number in numbers:
            source, label, _ = image(number)
            entries[source] = label
        return entries

    def _create_dataset(self, type: str) -> Operation:
        entries = self._entries(8)
        manifest = f"m/{self._next()}.manifest"
        body = "\n".join(line(source, label) for source, label in entries.items()).encode()

        def call() -> None:
            self._s3.put_object(Bucket=BUCKET, Key=manifest, Body=body)
            place = {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": manifest}}}
            self._rekognition.create_dataset(ProjectArn=self._project_arn(MAIN), DatasetType=type, DatasetSource=place)

        return Operation(
            f"create dataset {type} of {len(entries)}", call, lambda expected: expected.datasets.update({type: entries})
        )

    def _project_arn(self, name: str) -> str:
        return str(self._described(name)["ProjectArn"])

    def _dataset_arn(self, type: str) -> str:
        datasets = self._described(MAIN)["Datasets"]
        return str(next(item["DatasetArn"] for item in datasets if item["DatasetType"] == type))

    def _described(self, name: str) -> dict[str, Any]:
        (described,) = self._rekognition.describe_projects(ProjectNames=[name])["ProjectDescriptions"]
        return dict(described)

    def _update_dataset(self, type: str) -> Operation:
        entries = self._entries(1)
        if self._chance.random() < 0.3:  # some get another label, until the next update
            entries |= {source: self._chance.choice(list(LABELS)) for source in list(entries)[:3]}
        changes = "\n".join(line(source, label) for source, label in entries.items()).encode()
        return Operation(
            f"update dataset {type} with {len(entries)}",
            lambda: self._rekognition.update_dataset_entries(
                DatasetArn=self._dataset_arn(type), Changes={"GroundTruth": changes}
            ),
            lambda expected: expected.datasets[type].update(entries),
        )

    def _delete_dataset(self, type: str) -> Operation:
        return Operation(
            f"delete dataset {type}",
            lambda: self._rekognition.delete_dataset(DatasetArn=self._dataset_arn(type)),
            lambda expected: expected.datasets.pop(type),
        )

    def _train(self) -> Operation:
        name = f"v{self._next()}"
        return Operation(
            f"train {name}",
            lambda: self._rekognition.create_project_version(
                ProjectArn=self._project_arn(MAIN),
                VersionName=name,
                OutputConfig={"S3Bucket": BUCKET, "S3KeyPrefix": "out"},
                Tags={"customlabels:effort": "fast"},
            ),
            lambda expected: expected.versions.update({name: "ENDED"}),
        )

    def _start(self, name: str) -> Operation:
        return Operation(
            f"start {name}",
            lambda: self._rekognition.start_project_version(
                ProjectVersionArn=self.version_arn(name), MinInferenceUnits=1
            ),
            lambda expected: expected.versions.update({name: "RUNNING"}),
        )

    def _stop(self, name: str) -> Operation:
        return Operation(
            f"stop {name}",
            lambda: self._rekognition.stop_project_version(ProjectVersionArn=self.version_arn(name)),
            lambda expected: expected.versions.update({name: "STOPPED"}),
        )

    def _delete_version(self, name: str) -> Operation:
        return Operation(
            f"delete version {name}",
            lambda: self._rekognition.delete_project_version(ProjectVersionArn=self.version_arn(name)),
            lambda expected: expected.versions.pop(name),
        )
