"""`customlabels inspect`."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING

from customlabels.cli.display import Display
from customlabels.cli.exits import DATA, OK
from customlabels.cli.problems import print_problems, problem_json
from customlabels.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from customlabels.manifest.statistics import Statistics


def run(args: argparse.Namespace) -> int:
    """Count what is there and open every image; data with an error exits 3, warnings do not."""
    from customlabels.manifest.read import read_dataset
    from customlabels.manifest.statistics import statistics
    from customlabels.manifest.validate import check_images

    dataset = read_dataset(args.data, args.format)
    with Display() as display:
        checked = check_images(
            dataset.entries, dataset.open, progress=lambda done, total: display.step("checking images", done / total)
        )
    dataset = dataclasses.replace(dataset, entries=checked.entries)
    problems = [*dataset.dropped, *(found for entry in dataset.entries for found in entry.problems)]
    counts = statistics(dataset)
    if args.json:
        print_json(counts.to_json() | {"usable": len(checked.usable), "findings": [*map(problem_json, problems)]})
    else:
        _print(counts, len(checked.usable))
        print_problems(problems)
    return DATA if any(not found.is_warning for found in problems) else OK


def _print(counts: Statistics, usable: int) -> None:
    rows = [
        ("Images", counts.images),
        ("Usable", usable),
        ("Labeled", counts.labeled),
        ("Negatives (looked at, nothing there)", counts.negatives),
        ("Unlabeled", counts.unlabeled),
        ("With errors", counts.with_errors),
        ("Dropped lines or files", counts.dropped),
        ("Boxes", counts.boxes),
        *((f"Marked as {name}", count) for name, count in counts.split.items()),
    ]
    print_table(("", "Count"), ((name, f"{count:,}") for name, count in rows))
    print_table(
        ("Label", "Images", "Images with boxes", "Boxes"),
        ((item.label, f"{item.images:,}", f"{item.boxed_images:,}", f"{item.boxes:,}") for item in counts.labels),
    )
    if counts.problems:
        print_table(("Finding", "Count"), ((code, f"{count:,}") for code, count in counts.problems.items()))
