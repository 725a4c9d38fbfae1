"""How right, how fast, how large: `python benchmarks/time_to_f1.py DIR [--resplit N] [--set NAME] [--effort E]`.

DIR holds sets as `sets.py` describes them. For each set and split the program trains through the public interface in a
process of its own, measures the seconds from the call of `train` to the report on disk and the peak memory of the
process tree, and trains the baselines in the same run. It prints a table; `--json FILE` keeps every single run, with
`--resume` what FILE holds is not trained again. `--answers FILE` keeps all that our models say of the test images, for
`calibration.py --from FILE`.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np

import calibration
from customlabels.vision.evaluate import Evaluation, evaluate_classification, evaluate_detection
from customlabels.vision.predictions import Boxed
from machine import PeakMemory, describe
from sets import LabelledSet, find_sets

T = TypeVar("T")


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
    parser.add_argument("--resume", action="store_true", help="keep the runs that the --json file holds already")
    parser.add_argument("--answers", type=Path, metavar="FILE")
    args = parser.parse_args(argv)
    print(describe(), flush=True)
    print(f"effort {args.effort}, seeds {list(range(args.resplit)) or 'own split, seed 0'}\n", flush=True)
    header = "| set | images | labels | method | macro F1 | AP50 / top-1 | seconds | peak MB |"
    print(header + "\n" + "| --- " * 8 + "|", flush=True)
    runs = _stored(args.json, Run) if args.resume else []
    answers = _stored(args.answers, calibration.Run) if args.resume else []
    for labelled in find_sets(args.folder):
        if args.set and labelled.name not in args.set:
            continue
        for seed in range(max(1, args.resplit)):
            if not any((run.set, run.seed) == (labelled.name, seed) for run in runs):
                found, said = calibration.apart(
                    _measure_split, labelled, args.resplit, seed, args.effort, not args.no_baselines
                )
                runs += found
                answers.append(said)
                _store(args.json, runs)
                _store(args.answers, answers)
        print_rows([run for run in runs if run.set == labelled.name])


def _stored(path: Path | None, kind: Callable[..., T]) -> list[T]:
    if path is None or not path.exists():
        return []
    return [kind(**run) for run in json.loads(path.read_text())]


def _store(path: Path | None, runs: Sequence[Any]) -> None:
    if path is not None:
        path.write_text(json.dumps([asdict(run) for run in runs]) + "\n")


def _measure_split(
    labelled: LabelledSet, resplit: int, seed: int, effort: Any, baselines: bool
) -> tuple[list[Run], calibration.Run]:
    """Every method on one split, and all that ours says of the test images."""
    import baselines as methods
    from customlabels.vision.preparing import prepare
    from customlabels.vision.train import train

    _, train_set, test_set = list(labelled.splits(resplit))[seed]
    with tempfile.TemporaryDirectory() as folder, PeakMemory() as memory:
        began = time.monotonic()
        model = train(train_set, Path(folder) / "model", test=test_set, effort=effort, seed=seed)
        seconds = time.monotonic() - began
        evaluation = model.evaluation
        data = prepare(train_set, test_set, seed)
        said = calibration.answers(data.test, calibration.predicted(model, data.test))
    assert evaluation is not None
    counts = (len(train_set) + len(test_set), len(train_set.labels))

    def run(method: str, scores: Evaluation, took: float, megabytes: float) -> Run:
        second = scores.average_precision if scores.average_precision is not None else _top1(scores)
        return Run(labelled.name, method, seed, scores.f1, second, took, megabytes, *counts)

    runs = [run("customlabels", evaluation, seconds, memory.megabytes)]
    answers = calibration.Run(labelled.name, data.task, effort, seed, said)
    if not baselines:
        return runs, answers
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
    return runs, answers


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
