"""`customlabels convert`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from customlabels.cli.exits import DATA, OK, DataError, UsageError
from customlabels.cli.problems import print_problems, problem_json
from customlabels.cli.tables import print_json

if TYPE_CHECKING:
    from customlabels.manifest.entry import Dataset


def run(args: argparse.Namespace) -> int:
    """Read one format, write another; what could not be read or written is named."""
    from customlabels.manifest.read import read_dataset, write_dataset

    dataset = read_dataset(args.data, args.format)
    if not dataset.entries:
        raise DataError(f"{args.data} has no image to convert.")
    if args.s3:
        dataset = _in_bucket(dataset, args)
    problems = [*dataset.dropped, *write_dataset(dataset, args.out, args.to)]
    written = _images_in(args.out, args.to)
    if args.json:
        print_json({"out": str(args.out), "images": written, "findings": [*map(problem_json, problems)]})
    else:
        print(f"{written:,} of {len(dataset):,} images written to {args.out} ({args.to})")
        print_problems(problems)
    return OK if written == len(dataset) else DATA


def _in_bucket(dataset: Dataset, args: argparse.Namespace) -> Dataset:
    from customlabels.manifest.formats.groundtruth import uploaded
    from customlabels.manifest.opener import is_s3

    if args.to != "groundtruth" or not is_s3(f"{args.s3.rstrip('/')}/x"):
        raise UsageError("--s3 takes s3://bucket or s3://bucket/path, and goes with --to groundtruth only.")
    folder = args.data if args.data.is_dir() else args.data.parent
    return uploaded(dataset, folder, args.s3)


def _images_in(path: Path, format_: str) -> int:
    """How many images the result has for one who reads it: the only count that cannot be wrong."""
    from customlabels.manifest.problems import DatasetError
    from customlabels.manifest.read import read_dataset

    try:
        return len(read_dataset(path, format_))
    except DatasetError:
        return 0
