"""The workshop from end to end, as a user of AWS's SDK would walk it, against a server of our own.

Starts `customlabels serve` on a home in the output folder, uploads labelled photos, lets the system hold back a fifth
of them for testing, trains, reads the scores, starts the model, asks it about a test photo, and stops what it started.
Where the puppies' photos cannot be had it takes handwritten digits on pictures that it makes itself.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from customlabels.cli.display import Display
from customlabels.cli.tables import print_table
from customlabels.examples.digits import digits_folder
from customlabels.examples.photos import PUPPIES, PhotosMissing, checksums, find_photos
from customlabels.manifest.opener import Folder
from customlabels.vision.draw import annotate
from customlabels.vision.model import Detection
from customlabels.vision.weights import cache_folder

BUCKET = "workshop"


@dataclass(frozen=True)
class Example:
    """Labelled photos: lines of Ground Truth manifests with paths, and where the paths lead."""

    name: str
    lines: list[dict[str, Any]]
    photos: Folder


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; the server's home and the annotated photo are in the folder that `--out` names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/demo"), help="folder to write to (default: out/demo)")
    parser.add_argument("--effort", choices=("fast", "balanced", "best"), default="balanced")
    args = parser.parse_args(argv)
    home = (args.out / "home").resolve()
    home.mkdir(parents=True, exist_ok=True)

    with Display() as display:
        example = _find_photos(display)
    with server(home) as environment:
        session = boto3.Session(
            environment["AWS_ACCESS_KEY_ID"],
            environment["AWS_SECRET_ACCESS_KEY"],
            region_name=environment["AWS_REGION"],
        )
        endpoint = environment["AWS_ENDPOINT_URL"]
        walk(
            example,
            session.client("s3", endpoint_url=endpoint),
            session.client("rekognition", endpoint_url=endpoint),
            args,
        )

    print(f"Annotated photo: {(args.out / 'detected.jpg').resolve()}")
    print(f"All it made:     {home}")
    print(f"Open it again:   {shlex.join([_command(), 'serve', '--home', str(home)])}")
    print("                 Its link opens the console in your browser.")
    return 0


@contextmanager
def server(home: Path) -> Iterator[dict[str, str]]:
    """A server on this home and a free port of the loopback; gives the settings that clients of AWS need."""
    log = home / "serve.log"
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [_command(), "serve", "--home", str(home), "--port", "0"], stdout=stream, stderr=subprocess.STDOUT
        )
    try:
        _poll(lambda: process.poll() is not None or (home / "server.json").is_file(), "the server's start", 60)
        if process.poll() is not None:
            raise SystemExit(f"The server did not start; its last words are in {log}.")
        printed = subprocess.run([_command(), "env", "--home", str(home)], check=True, capture_output=True, text=True)
        yield dict(shlex.split(line)[1].split("=", 1) for line in printed.stdout.splitlines())
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def walk(example: Example, s3: Any, rekognition: Any, args: argparse.Namespace) -> None:
    """The workshop: bucket, upload, project, datasets, distribute, train, evaluate, start, detect, stop."""
    print(f"Uploading {len(example.lines)} photos and their labels to s3://{BUCKET}/{example.name}/")
    s3.create_bucket(Bucket=BUCKET)
    lines = []
    for line in example.lines:
        key = f"{example.name}/{line['source-ref']}"
        s3.upload_file(str(example.photos.path(line["source-ref"])), BUCKET, key)
        lines.append(json.dumps({**line, "source-ref": f"s3://{BUCKET}/{key}"}))
    manifest = f"{example.name}/labels.manifest"
    s3.put_object(Bucket=BUCKET, Key=manifest, Body="\n".join(lines).encode())

    name, project = _create_project(rekognition, example.name)
    print(f"Project {name}: a training dataset with all photos, and a fifth of them moved to a test dataset")
    source = {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": manifest}}}
    train = rekognition.create_dataset(ProjectArn=project, DatasetType="TRAIN", DatasetSource=source)["DatasetArn"]
    test = rekognition.create_dataset(ProjectArn=project, DatasetType="TEST")["DatasetArn"]
    for dataset in (train, test):
        _settled(rekognition, dataset)
    rekognition.distribute_dataset_entries(Datasets=[{"Arn": train}, {"Arn": test}])
    stats = [_settled(rekognition, dataset)["DatasetStats"]["TotalEntries"] for dataset in (train, test)]
    print(f"Learning from {stats[0]} photos, testing with {stats[1]}\n", flush=True)

    began = time.monotonic()
    version = f"{name}.{datetime.now(UTC):%Y-%m-%dT%H.%M.%S}"
    arn = rekognition.create_project_version(
        ProjectArn=project,
        VersionName=version,
        OutputConfig={"S3Bucket": BUCKET, "S3KeyPrefix": f"{example.name}/output"},
        Tags={"customlabels:effort": args.effort},
    )["ProjectVersionArn"]
    described = _trained(rekognition, project, version)
    seconds = time.monotonic() - began
    _print_scores(
        example.name, described, _read_json(s3, described["EvaluationResult"]["Summary"]["S3Object"]), seconds
    )

    began = time.monotonic()
    rekognition.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
    waiter = rekognition.get_waiter("project_version_running")
    waiter.wait(ProjectArn=project, VersionNames=[version], WaiterConfig={"Delay": 1})
    print(f"The model runs (it took {time.monotonic() - began:.1f} s).")
    entry = json.loads(rekognition.list_dataset_entries(DatasetArn=test, MaxResults=1)["DatasetEntries"][0])
    key = entry["source-ref"].removeprefix(f"s3://{BUCKET}/")
    answer = rekognition.detect_custom_labels(
        ProjectVersionArn=arn, Image={"S3Object": {"Bucket": BUCKET, "Name": key}}
    )
    _print_labels(key, answer["CustomLabels"])
    photo = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    annotate(photo, [_detection(label) for label in answer["CustomLabels"]]).save(args.out / "detected.jpg", quality=92)
    rekognition.stop_project_version(ProjectVersionArn=arn)
    _poll(lambda: _describe(rekognition, project, version)["Status"] == "STOPPED", "the model's stop", 60)
    print("The model is stopped, and nothing runs any more.\n")


def _find_photos(display: Display) -> Example:
    """The puppies where they can be had, else the digits; the source is printed."""
    try:
        found = find_photos(
            PUPPIES,
            checksums(PUPPIES.data / "SHA256SUMS"),
            lambda done, total: display.step("downloading", done / total),
        )
    except PhotosMissing as error:
        print(f"The Puppy Challenge's photos are not to be had: {error}")
        folder = digits_folder(cache_folder())
        print("Source: made here from scikit-learn's handwritten digits on scikit-image's photographs and textures")
        return Example("digits", _lines(folder), Folder(folder))
    print(f"Source: photos of the Puppy Challenge, from {found.source}")
    return Example("puppies", _lines(PUPPIES.data), Folder(found.folder))


def _lines(folder: Path) -> list[dict[str, Any]]:
    files = (folder / "train.manifest", folder / "test.manifest")
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def _create_project(rekognition: Any, name: str) -> tuple[str, str]:
    """The first free name of NAME, NAME-2, NAME-3..., and the new project's ARN: what is there already stays."""
    for number in range(1, 1000):
        candidate = name if number == 1 else f"{name}-{number}"
        try:
            return candidate, rekognition.create_project(ProjectName=candidate)["ProjectArn"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceInUseException":
                raise
    raise SystemExit("There are a thousand demo projects; remove the output folder.")


def _settled(rekognition: Any, dataset: str) -> dict[str, Any]:
    """The description of a dataset once its work is done."""

    def describe() -> dict[str, Any]:
        description: dict[str, Any] = rekognition.describe_dataset(DatasetArn=dataset)["DatasetDescription"]
        return description

    _poll(lambda: not describe()["Status"].endswith("IN_PROGRESS"), dataset, 300)
    description = describe()
    if description["Status"].endswith("FAILED"):
        raise SystemExit(f"{dataset}: {description['StatusMessage']}")
    return description


def _trained(rekognition: Any, project: str, version: str) -> dict[str, Any]:
    """The description of a version once its training is done; shows how far it is meanwhile."""
    shown = ""
    while (found := _describe(rekognition, project, version))["Status"] == "TRAINING_IN_PROGRESS":
        if found["StatusMessage"] != shown and sys.stderr.isatty():
            shown = found["StatusMessage"]
            print(f"\r\033[K{shown}", end="", file=sys.stderr, flush=True)
        time.sleep(0.2)
    if shown:
        print("\r\033[K", end="", file=sys.stderr)
    if found["Status"] != "TRAINING_COMPLETED":
        raise SystemExit(f"The training failed: {found['StatusMessage']}")
    return found


def _describe(rekognition: Any, project: str, version: str) -> dict[str, Any]:
    answer = rekognition.describe_project_versions(ProjectArn=project, VersionNames=[version])
    description: dict[str, Any] = answer["ProjectVersionDescriptions"][0]
    return description


def _read_json(s3: Any, place: dict[str, str]) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(s3.get_object(Bucket=place["Bucket"], Key=place["Name"])["Body"].read())
    return content


def _print_scores(name: str, described: dict[str, Any], summary: dict[str, Any], seconds: float) -> None:
    scores = summary["AggregatedEvaluationResults"]
    print(f"F1 score {described['EvaluationResult']['F1Score']:.3f}")
    print(f"Average precision {scores['Precision']:.3f}")
    print(f"Overall recall {scores['Recall']:.3f}")
    print(f"Trained in {seconds:.1f} s\n")
    print_table(
        ("Label", "F1 score", "Test images", "Precision", "Recall", "Assumed threshold"),
        (
            (
                label["Label"],
                f"{label['Metrics']['F1Score']:.3f}",
                str(label["NumberOfTestingImages"]),
                *(f"{label['Metrics'][metric]:.3f}" for metric in ("Precision", "Recall", "Threshold")),
            )
            for label in summary["LabelEvaluationResults"]
        ),
    )
    if name == "puppies":
        print_table(
            ("Puppy Challenge, 24 photos to learn from, 6 to test with", "F1 score", "Trained in"),
            (
                ("The workshop's own result on AWS (their own 30 photos)", "0.667", "1.056 hours"),
                ("This run", f"{described['EvaluationResult']['F1Score']:.3f}", f"{seconds:.1f} s"),
            ),
        )


def _print_labels(key: str, labels: list[dict[str, Any]]) -> None:
    print(f"On the test photo {Path(key).name}:")
    sides = ("Left", "Top", "Width", "Height")
    print_table(
        ("Label", "Confidence", *sides),
        (
            (
                label["Name"],
                f"{label['Confidence']:.1f} %",
                *(f"{label['Geometry']['BoundingBox'][side]:.3f}" for side in sides if "Geometry" in label),
            )
            for label in labels
        ),
    )


def _detection(label: dict[str, Any]) -> Detection:
    box = label.get("Geometry", {}).get("BoundingBox")
    return Detection(
        label["Name"], label["Confidence"], (box["Left"], box["Top"], box["Width"], box["Height"]) if box else None
    )


def _poll(done: Callable[[], bool], what: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise SystemExit(f"Waited {seconds:.0f} s in vain for {what}.")
        time.sleep(0.1)


def _command() -> str:
    """The `customlabels` of the environment that this program runs in."""
    beside = Path(sys.executable).parent / "customlabels"
    return os.path.relpath(beside) if beside.is_relative_to(Path.cwd()) else str(beside)


if __name__ == "__main__":
    sys.exit(main())
