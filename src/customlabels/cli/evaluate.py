"""`customlabels evaluate`."""

from __future__ import annotations

import argparse
import sys

from customlabels.cli.display import Display
from customlabels.cli.exits import OK, DataError
from customlabels.cli.problems import in_words
from customlabels.cli.tables import evaluation_json, print_evaluation, print_json


def run(args: argparse.Namespace) -> int:
    """Score the model on every usable image of the data, whatever split the data itself names."""
    from customlabels.manifest.read import read_dataset
    from customlabels.manifest.task import task_data
    from customlabels.manifest.validate import check_images
    from customlabels.vision.model import Model
    from customlabels.vision.preparing import make_samples
    from customlabels.vision.progress import Monitor
    from customlabels.vision.train import evaluate

    model = Model.load(args.model)
    model.warm()
    dataset = read_dataset(args.data, args.format)
    with Display() as display:
        checked = check_images(
            dataset.entries,
            dataset.open,
            progress=lambda done, total: display.step("checking images", 0.2 * done / total),
        )
        data = task_data((), checked.entries, model.task)
        if not data.test:
            reason = f", for example {in_words(data.unusable[0])}" if data.unusable else ""
            raise DataError(f"{args.data} has no image that tests a {model.task} model{reason}")
        known = set(model.labels)
        if not any(known & set(entry.all_labels) for entry in data.test):
            raise DataError(f"{args.data} has none of the model's labels ({', '.join(model.labels[:10])}).")
        samples = make_samples(data.test, model.labels, model.task, dataset.open)
        evaluation = evaluate(model, samples, Monitor(display.show, start=0.2), model.thresholds)
    left_out = len(data.unusable) + len(dataset.dropped)
    if args.json:
        print_json({"model": str(model.folder), "left_out": left_out, "evaluation": evaluation_json(evaluation)})
        return OK
    print_evaluation(evaluation)
    if left_out:
        print(f"{left_out} findings left images out; see: customlabels inspect {args.data}", file=sys.stderr)
    return OK
