"""How fast large datasets are: `python benchmarks/entries.py [--entries N] [--database URL]`, on a home of its own.

A manifest of N lines is imported by a worker's code in this process, then listed with every filter, updated, copied,
distributed and deleted. For each list it tells the slower of the first and the last page of 100, in milliseconds,
the best of three calls each. The memory is that of the process, above what it had before.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from customlabels.engine.work import work_on
from customlabels.service import dataset_jobs, dataset_rows, datasets, entries, labels, projects
from customlabels.service.access.caller import Caller
from customlabels.service.service import Service, open_service
from customlabels.settings import Settings
from machine import PeakMemory, describe

BUCKET = "pictures"
CLASSES = [f"class {number}" for number in range(80)]
ABOUT = {"human-annotated": "yes", "creation-date": "2026-01-01T00:00:00", "job-name": "labeling-job/benchmark"}
COMMON = ["even", *CLASSES[:9]]
LISTS: dict[str, dict[str, Any]] = {
    "all": {},
    "a label of two images": {"contains_labels": ["rare"]},
    "a label of half of the images": {"contains_labels": ["even"]},
    "no such label": {"contains_labels": ["none such"]},
    "ten labels": {"contains_labels": COMMON},
    "labeled": {"labeled": True},
    "unlabeled": {"labeled": False},
    "with errors": {"has_errors": True},
    "part of a name, everywhere": {"source_ref_contains": "image"},
    "part of a name, nowhere": {"source_ref_contains": "Image"},
    "part of a name, once": {"source_ref_contains": "/000777."},
    "labeled, nowhere": {"labeled": True, "source_ref_contains": "Image"},
    "with errors, nowhere": {"has_errors": True, "source_ref_contains": "Image"},
    "unlabeled with errors": {"labeled": False, "has_errors": True},
    "a common label on a tenth of the names, never both": {"contains_labels": ["even"], "source_ref_contains": "1.jpg"},
    "a common label, nowhere": {"contains_labels": ["even"], "source_ref_contains": "Image"},
    "a common label never with errors": {"contains_labels": ["even"], "has_errors": True},
    "ten labels, nowhere": {"contains_labels": COMMON, "source_ref_contains": "Image"},
    "ten labels with errors": {"contains_labels": COMMON, "has_errors": True},
    "all filters, nowhere": {
        "contains_labels": COMMON,
        "source_ref_contains": "Image",
        "labeled": True,
        "has_errors": True,
    },
}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=250_000, metavar="N")
    parser.add_argument("--declared", type=int, default=3, metavar="N", help="labels that each class-map declares")
    parser.add_argument("--database", default="", metavar="URL", help="an empty database; default: SQLite")
    args = parser.parse_args(argv)
    print(describe())
    with tempfile.TemporaryDirectory(prefix="customlabels-") as home:
        service = open_service(Settings(home=Path(home), database_url=args.database))
        caller = Caller.administrator(service.account)
        service.objects.create_bucket(BUCKET, service.account)
        service.objects.put(BUCKET, "manifest", (line(n, args.declared).encode() + b"\n" for n in range(args.entries)))
        with PeakMemory() as before:
            time.sleep(0.2)
        with PeakMemory() as peak:
            arn = imported(service, caller)
        print(f"memory: {peak.megabytes - before.megabytes:.0f} MB above {before.megabytes:.0f} MB")
        print(datasets.describe_dataset(service, caller, dataset_arn=arn)["DatasetDescription"]["DatasetStats"])
        pages(service, caller, arn)
        changes(service, caller, arn, args.declared)
        service.close()


def line(number: int, declared: int) -> str:
    """Of ten images eight have two boxes, one has an image-level label, one none; of four one has a bad box, too.

    One of the boxes is "even" or "odd", as the number is; those with bad boxes are odd.
    """
    source_ref = f"s3://{BUCKET}/some/folder/image-{number // 1000}/{number:06}.jpg"
    if number % 10 == 9:
        return json.dumps({"source-ref": source_ref})
    if number % 10 == 8:
        label = "rare" if number < 20 else CLASSES[number // 10 % 8]
        about = {**ABOUT, "confidence": 1, "class-name": label, "type": "groundtruth/image-classification"}
        return json.dumps({"source-ref": source_ref, "label": 1, "label-metadata": about})
    box = {"class_id": 0, "left": number % 50, "top": 10, "width": 40, "height": 30}
    annotations = [box, {**box, "class_id": 1, "left": 5}]
    if number % 4 == 1:
        annotations.append({**box, "left": 1000})
    named = [CLASSES[(number + 7 * i) % len(CLASSES)] for i in range(declared - 1)]
    about = {
        **ABOUT,
        "objects": [{"confidence": 1} for _ in annotations],
        "class-map": {str(i): name for i, name in enumerate(["odd" if number % 2 else "even", *named])},
        "type": "groundtruth/object-detection",
    }
    boxes = {"image_size": [{"width": 640, "height": 480, "depth": 3}], "annotations": annotations}
    return json.dumps({"source-ref": source_ref, "boxes": boxes, "boxes-metadata": about})


def imported(service: Service, caller: Caller) -> str:
    project = projects.create_project(service, caller, project_name="large")["ProjectArn"]
    place = {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": "manifest"}}}
    given: dict[str, Any] = {"project_arn": project, "dataset_type": "TRAIN", "dataset_source": place}
    arn: str = datasets.create_dataset(service, caller, **given)["DatasetArn"]
    timed("import", lambda: work(service))
    return arn


def pages(service: Service, caller: Caller, arn: str) -> None:
    for name, filters in LISTS.items():
        given = {"dataset_arn": arn, **filters}
        first = entries.list_dataset_entries(service, caller, **given)
        tokens = [None, *last_tokens(service, caller, given, first)]
        slowest = max(fastest(service, caller, {**given, "next_token": token}) for token in tokens)
        print(f"{1000 * slowest:8.1f} ms  list: {name}")
    start = time.perf_counter()
    labels.list_dataset_labels(service, caller, dataset_arn=arn)
    print(f"{1000 * (time.perf_counter() - start):8.1f} ms  labels")


def last_tokens(service: Service, caller: Caller, given: dict[str, Any], first: dict[str, Any]) -> Iterator[str]:
    """The token of a page at the end of the dataset, where there is more than one page."""
    if "NextToken" in first:
        filters = [
            sorted(given.get("contains_labels", [])),
            given.get("labeled"),
            given.get("source_ref_contains"),
            given.get("has_errors", False),
        ]
        with service.database.read() as connection:
            row = dataset_rows.find(connection, caller, given["dataset_arn"])
        yield service.pages.token(row.next_position - 1200, "ListDatasetEntries", given["dataset_arn"], filters)


def fastest(service: Service, caller: Caller, given: dict[str, Any]) -> float:
    times = []
    for _ in range(3):
        start = time.perf_counter()
        entries.list_dataset_entries(service, caller, **given)
        times.append(time.perf_counter() - start)
    return min(times)


def changes(service: Service, caller: Caller, arn: str, declared: int) -> None:
    def update(numbers: Sequence[int]) -> None:
        content = "\n".join(line(number, declared) for number in numbers).encode()
        datasets.update_dataset_entries(service, caller, dataset_arn=arn, changes={"GroundTruth": content})
        work(service)

    (project,) = projects.describe_projects(service, caller)["ProjectDescriptions"]
    test = {"project_arn": project["ProjectArn"], "dataset_type": "TEST"}

    def copy() -> None:
        datasets.create_dataset(service, caller, **test, dataset_source={"DatasetArn": arn})

    def remove() -> None:
        datasets.delete_dataset(service, caller, dataset_arn=described(service, caller, "DatasetArn")["TEST"])
        work(service)

    def distribute() -> None:
        empty = datasets.create_dataset(service, caller, **test)["DatasetArn"]
        both = [{"Arn": arn}, {"Arn": empty}]
        datasets.distribute_dataset_entries(service, caller, datasets=both)
        work(service)

    timed("update of one entry", lambda: update([5]))
    timed("update of 5000 entries", lambda: update(range(100, 5100)))
    timed("copy", copy)
    timed("delete", remove)
    timed("distribute", distribute)
    print(described(service, caller, "Status"), described(service, caller, "StatusMessage"))


def described(service: Service, caller: Caller, member: str) -> dict[str, Any]:
    (project,) = projects.describe_projects(service, caller, project_names=["large"])["ProjectDescriptions"]
    return {item["DatasetType"]: item[member] for item in project["Datasets"]}


def work(service: Service) -> None:
    known = dataset_jobs.handlers(service)
    while work_on(service.queue, list(known), "benchmark", known):
        pass


def timed(name: str, call: Callable[[], None]) -> None:
    start = time.perf_counter()
    call()
    print(f"{time.perf_counter() - start:8.2f} s   {name}", flush=True)


if __name__ == "__main__":
    main()
