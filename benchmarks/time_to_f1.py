"""How right, how fast, how large: `python benchmarks/time_to_f1.py DIR [--resplit N] [--set NAME] [--effort E]`.

DIR holds sets as `sets.py` describes them. For each set and split the program trains through the public interface in a
process of its own, measures the seconds from the call of `train` to the report on disk and the peak memory of the
process tree, and trains the baselines in the same run. It prints a table; `--json FILE` keeps every single run.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np

from customlabels.vision.evaluate import Evaluation, evaluate_classification, evaluate_detection
from customlabels.vision.predictions import Boxed
from machine import PeakMemory, describe
from sets import LabelledSet, find_sets


@dataclass(frozen=True)
class Run:
    """One method on one split. `second` is AP50 in detection, the share of true labels ranked first otherwise."""

    set: str
    method: str
    seed: int
    f1: float
    second: float
    seconds: float
    megabytes: float
    images: int
    labels: int


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--resplit", type=int, default=0, metavar="N", help="N random stratified re-splits")
    parser.add_argument("--set", action="append", default=[], metavar="NAME", help="only this set (repeatable)")
    parser.add_argument("--effort", default="balanced", choices=["fast", "balanced", "best"])
    parser.add_argument("--no-baselines", action="store_true")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args(argv)
    print(describe(), flush=True)
    print(f"effort {args.effort}, seeds {list(range(args.resplit)) or 'own split, seed 0'}\n", flush=True)
    header = "| set | images | labels | method | macro F1 | AP50 / top-1 | seconds | peak MB |"
    print(header + "\n" + "| --- " * 8 + "|", flush=True)
    runs: list[Run] = []
    for labelled in find_sets(args.folder):
        if not args.set or labelled.name in args.set:
            found = measure(labelled, args.resplit, args.effort, not args.no_baselines)
            runs += found
            print_rows(found)
            if args.json:
                args.json.write_text(json.dumps([asdict(run) for run in runs], indent=1) + "\n")


def measure(labelled: LabelledSet, resplit: int, effort: str, baselines: bool) -> list[Run]:
    """Every method on every split of a set, each split in a fresh process."""
    context = multiprocessing.get_context("spawn")
    runs = []
    for seed in range(max(1, resplit)):
        with context.Pool(1) as pool:
            runs += pool.apply(_measure_split, (labelled, resplit, seed, effort, baselines))
    return runs


def _measure_split(labelled: LabelledSet, resplit: int, seed: int, effort: Any, baselines: bool) -> list[Run]:
    import baselines as methods
    from customlabels.vision.preparing import prepare
    from customlabels.vision.train import train

    _, train_set, test_set = list(labelled.splits(resplit))[seed]
    with tempfile.TemporaryDirectory() as folder, PeakMemory() as memory:
        began = time.monotonic()
        model = train(train_set, Path(folder) / "model", test=test_set, effort=effort, seed=seed)
        seconds = time.monotonic() - began
        evaluation = model.evaluation
    assert evaluation is not None
    counts = (len(train_set) + len(test_set), len(train_set.labels))

    def run(method: str, scores: Evaluation, took: float, megabytes: float) -> Run:
        second = scores.average_precision if scores.average_precision is not None else _top1(scores)
        return Run(labelled.name, method, seed, scores.f1, second, took, megabytes, *counts)

    runs = [run("customlabels", evaluation, seconds, memory.megabytes)]
    if not baselines:
        return runs
    data = prepare(train_set, test_set, seed)
    if data.task == "detection":
        for method in (methods.plain_ssd, methods.full_ssd):
            began = time.monotonic()
            found = method(data.train, data.test, len(data.labels), seconds, seed)
            truths = [sample.truth for sample in data.test if isinstance(sample.truth, Boxed)]
            runs.append(
                run(method.__name__, evaluate_detection(data.labels, truths, found), time.monotonic() - began, 0)
            )
    else:
        began = time.monotonic()
        confidences = methods.logistic_regression(data.train, data.test, seed)
        truth = np.array([sample.labels for sample in data.test])
        scores = evaluate_classification(data.labels, truth, confidences)
        runs.append(run("logistic_regression", scores, time.monotonic() - began, 0))
    return runs


def _top1(evaluation: Evaluation) -> float:
    """Mean over labels of the share of images ranked right: the diagonal of the confusion matrix."""
    assert evaluation.confusion is not None
    return float(np.mean(np.diag(np.array(evaluation.confusion))))


def print_rows(runs: Sequence[Run]) -> None:
    """A row a method: means over the splits; F1 with the 95 % interval of the mean (Student's t over splits)."""
    for method in dict.fromkeys(run.method for run in runs):
        mine = [run for run in runs if run.method == method]
        f1 = np.array([run.f1 for run in mine])
        spread = f" ± {_t95(len(f1)) * f1.std(ddof=1) / len(f1) ** 0.5:.3f}" if len(f1) > 1 else ""
        second, seconds = (float(np.mean([getattr(run, name) for run in mine])) for name in ("second", "seconds"))
        peak = max(run.megabytes for run in mine)
        print(
            f"| {mine[0].set} | {mine[0].images} | {mine[0].labels} | {method} | {f1.mean():.3f}{spread} "
            f"| {second:.3f} | {seconds:.1f} | {f'{peak:.0f}' if peak else '-'} |",
            flush=True,
        )


def _t95(count: int) -> float:
    """Two-sided 95 % quantile of Student's t with `count` - 1 degrees of freedom."""
    from scipy.stats import t

    return float(t.ppf(0.975, count - 1))


if __name__ == "__main__":
    main()
