"""`customlabels convert`."""

from __future__ import annotations

import argparse

from customlabels.cli.exits import OK, DataError
from customlabels.cli.problems import print_problems, problem_json
from customlabels.cli.tables import print_json


def run(args: argparse.Namespace) -> int:
    """Read one format, write another; what could not be read or written is named."""
    from customlabels.manifest.read import read_dataset, write_dataset

    dataset = read_dataset(args.data, args.format)
    if not dataset.entries:
        raise DataError(f"{args.data} has no image to convert.")
    problems = [*dataset.dropped, *(write_dataset(dataset, args.out, args.to) or ())]
    if args.json:
        print_json({"out": str(args.out), "images": len(dataset), "findings": [*map(problem_json, problems)]})
        return OK
    print(f"{len(dataset):,} images written to {args.out} ({args.to})")
    print_problems(problems)
    return OK
