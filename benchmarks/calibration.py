"""How far confidences can be believed: `python benchmarks/calibration.py DIR [--resplit N] [--set NAME] [--plot FILE]`.

DIR holds sets as `sets.py` describes them. Each split is trained in a process of its own, and the model asked about the
test images. In detection every box of at least the floor's confidence counts, and is right if it found a true box of
its label (the product's matching, IoU 0.5); in classification every pair of an image and a label. The answers of all
re-splits of a set are put together and sorted into ten bins of equal width.

The expected calibration error (ECE) is the mean over answers of the distance between a bin's mean confidence and its
share of right answers (Guo et al., arXiv 1706.04599). Noise alone makes it positive, so the table says beside it what
perfectly honest confidences of the same number would show: the mean of draws in which each answer is right with the
chance it claims. The interval is a bootstrap over images (all answers of an image stay together), reversed around the
figure because resampling adds that noise a second time; with few images it can end below the figure. In 100 simulations
of 60 images with 8 answers each it held the truth in 88 where confidences were off by 0.1, and in 59 where they were
honest: go by the draws there. An image that is tested in several re-splits counts as one, but the models share training
images: intervals are rather too narrow.
Where sets are put together, one that promises too much and one that promises too little cancel out in part.

`--json FILE` keeps every answer; `--from FILE` reads such a file instead of training.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
from numpy.typing import NDArray

from customlabels.vision.matching import match
from customlabels.vision.model import Model
from customlabels.vision.parallel import ahead
from customlabels.vision.predictions import Boxed
from customlabels.vision.samples import Sample
from machine import describe
from sets import LabelledSet, find_sets

Floats = NDArray[np.float64]
T = TypeVar("T")

BINS = 10
FLOOR = 0.05
"""Boxes below this confidence are left out: there are hundreds of them on every image, and nobody asks for them."""
AROUND = (0.75, 0.85)
DRAWS = 1000


@dataclass(frozen=True)
class Answers:
    """What a model said of test images and whether it was right, equally long: an image's name, a confidence in
    [0, 1] and a verdict for each answer."""

    image: tuple[str, ...]
    confidence: tuple[float, ...]
    right: tuple[bool, ...]


@dataclass(frozen=True)
class Run:
    """The answers of one training; `answers` may be given as a dictionary, as files hold them."""

    set: str
    task: str
    effort: str
    seed: int
    answers: Answers

    def __post_init__(self) -> None:
        if isinstance(self.answers, dict):
            object.__setattr__(self, "answers", Answers(**self.answers))


@dataclass(frozen=True)
class Bins:
    """The answers in each bin that has any: how many, their mean confidence, how many are right, (K,) each."""

    count: NDArray[np.int64]
    confidence: Floats
    right: NDArray[np.int64]


@dataclass(frozen=True)
class Row:
    """A line of the table; `around_right` of the `around` answers with a confidence of AROUND are right."""

    name: str
    task: str
    images: int
    answers: int
    error: float
    interval: tuple[float, float]
    by_chance: float
    around: int
    around_right: int


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", metavar="DIR")
    parser.add_argument("--resplit", type=int, default=0, metavar="N", help="N random stratified re-splits")
    parser.add_argument("--set", action="append", default=[], metavar="NAME", help="only this set (repeatable)")
    parser.add_argument("--effort", default="balanced", choices=["fast", "balanced", "best"])
    parser.add_argument("--floor", type=float, default=FLOOR, help=f"least confidence of a box, {FLOOR} by default")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--from", type=Path, metavar="FILE", dest="source", help="answers that --json kept")
    parser.add_argument("--plot", type=Path, metavar="FILE.webp")
    args = parser.parse_args(argv)
    if (args.folder is None) == (args.source is None):
        parser.error("name either a folder with sets or, with --from, a file with answers")
    print(describe() if args.source is None else f"from {args.source}", flush=True)
    runs: list[Run] = []
    if args.source is not None:
        runs = [Run(**run) for run in json.loads(args.source.read_text())]
        runs = [run for run in runs if not args.set or run.set in args.set]
    else:
        for labelled in find_sets(args.folder):
            if args.set and labelled.name not in args.set:
                continue
            for seed in range(max(1, args.resplit)):
                runs.append(apart(_trained, labelled, args.resplit, seed, args.effort))
                print(f"{labelled.name}, seed {seed}: {len(runs[-1].answers.right)} answers", flush=True)
                if args.json:
                    args.json.write_text(json.dumps([asdict(run) for run in runs]) + "\n")
    if not runs:
        parser.error("no set was chosen")
    sets = [[run for run in runs if run.set == name] for name in dict.fromkeys(run.set for run in runs)]
    seeds = sorted({run.seed for run in runs})
    print(
        f"\neffort {', '.join(sorted({run.effort for run in runs}))}, seeds {seeds}, {BINS} bins of equal width,",
        end="",
    )
    print(f" boxes from a confidence of {args.floor:g} on\n")
    print_rows(sets, args.floor)
    if args.plot:
        plot(sets, args.floor, args.plot)


def apart(function: Callable[..., T], *arguments: Any) -> T:
    """What a function gives in a fresh process. Raises what it raises, and BrokenProcessPool where the process dies."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def _trained(labelled: LabelledSet, resplit: int, seed: int, effort: Any) -> Run:
    from customlabels.vision.preparing import prepare
    from customlabels.vision.train import train

    _, train_set, test_set = list(labelled.splits(resplit))[seed]
    with tempfile.TemporaryDirectory() as folder:
        model = train(train_set, Path(folder) / "model", test=test_set, effort=effort, seed=seed)
        samples = prepare(train_set, test_set, seed).test
        found = answers(samples, predicted(model, samples))
    return Run(labelled.name, model.task, effort, seed, found)


def predicted(model: Model, samples: Sequence[Sample]) -> list[Boxed | NDArray[np.float32]]:
    """All that a model says of each image, before any threshold."""
    return list(ahead(lambda sample: model.predict(sample.read()), samples))


def answers(samples: Sequence[Sample], predictions: Sequence[Boxed | NDArray[np.float32]]) -> Answers:
    """Each predicted box, or each confidence for a label, with whether the image's truth agrees."""
    boxed = [(sample.truth, found) for sample, found in zip(samples, predictions, strict=True)]
    if boxes := [(truth, found) for truth, found in boxed if truth is not None and isinstance(found, Boxed)]:
        assert len(boxes) == len(samples)
        right = match([truth for truth, _ in boxes], [found for _, found in boxes]) >= 0
        confidence = np.concatenate([found.scores for _, found in boxes])
        counts = [len(found) for _, found in boxes]
    else:
        right = np.concatenate([sample.labels for sample in samples])
        confidence = np.concatenate([found for found in predictions if not isinstance(found, Boxed)])
        counts = [len(sample.labels) for sample in samples]
    names = [sample.source_ref for sample, count in zip(samples, counts, strict=True) for _ in range(count)]
    return Answers(tuple(names), tuple(confidence.astype(float).round(6).tolist()), tuple(right.tolist()))


def calibration_error(confidence: Floats, right: NDArray[np.bool_]) -> float:
    """Expected calibration error over BINS bins of equal width, in [0, 1]; 0 without answers."""
    gaps = np.bincount(_bin(confidence), weights=confidence - right, minlength=BINS)
    return float(np.abs(gaps).sum() / max(1, len(confidence)))


def bins(confidence: Floats, right: NDArray[np.bool_]) -> Bins:
    """The points of a reliability diagram, by rising confidence."""
    index = _bin(confidence)
    count = np.bincount(index, minlength=BINS)
    kept = count > 0
    mean = np.bincount(index, weights=confidence, minlength=BINS)[kept] / count[kept]
    return Bins(count[kept], mean, np.bincount(index[right], minlength=BINS)[kept])


def print_rows(sets: Sequence[Sequence[Run]], floor: float) -> None:
    """A row a set, and one for all sets of a task together."""
    rows = [summarised(runs[0].set, runs, floor) for runs in sets]
    for task in dict.fromkeys(row.task for row in rows):
        together = [run for runs in sets for run in runs if run.task == task]
        if len({run.set for run in together}) > 1:
            rows.append(summarised(f"all {task}", together, floor))
    low, high = (f"{100 * bound:.0f}" for bound in AROUND)
    print(f"| set | task | images | answers | ECE | 95 % | ECE by chance | right at {low} to {high} % | 95 % | of |")
    print("| --- " * 10 + "|")
    for row in rows:
        share = f"{row.around_right / row.around:.3f}" if row.around else "-"
        span = "{:.3f} to {:.3f}".format(*share_interval(row.around_right, row.around)) if row.around else "-"
        print(
            f"| {row.name} | {row.task} | {row.images} | {row.answers} | {row.error:.3f} "
            f"| {row.interval[0]:.3f} to {row.interval[1]:.3f} | {row.by_chance:.3f} "
            f"| {share} | {span} | {row.around} |"
        )


def summarised(name: str, runs: Sequence[Run], floor: float) -> Row:
    """The figures of some runs' answers together."""
    image, confidence, right = pooled(runs, floor)
    close = (confidence >= AROUND[0]) & (confidence <= AROUND[1])
    rng = np.random.default_rng(0)
    chance = [calibration_error(confidence, rng.random(len(right)) < confidence) for _ in range(DRAWS)]
    return Row(
        name,
        runs[0].task,
        len(np.unique(image)),
        len(right),
        calibration_error(confidence, right),
        error_interval(image, confidence, right),
        float(np.mean(chance)),
        int(close.sum()),
        int(right[close].sum()),
    )


def pooled(runs: Sequence[Run], floor: float) -> tuple[NDArray[np.int64], Floats, NDArray[np.bool_]]:
    """Image number, confidence and verdict of the answers that count, (A,) each."""
    names = [f"{run.set}/{image}" for run in runs for image in run.answers.image]
    confidence = np.array([value for run in runs for value in run.answers.confidence], dtype=np.float64)
    right = np.array([verdict for run in runs for verdict in run.answers.right], dtype=bool)
    image = np.unique(np.array(names, dtype=str), return_inverse=True)[1].astype(np.int64)
    kept = confidence >= (floor if runs[0].task == "detection" else 0.0)
    return image[kept], confidence[kept], right[kept]


def error_interval(image: NDArray[np.int64], confidence: Floats, right: NDArray[np.bool_]) -> tuple[float, float]:
    """95 % interval of the calibration error: bootstrap over images, reversed, not below 0."""
    if not len(image):
        return 0.0, 1.0
    rows = np.unique(image, return_inverse=True)[1]
    images = int(rows.max()) + 1
    gaps = np.zeros((images, BINS))
    np.add.at(gaps, (rows, _bin(confidence)), confidence - right)
    weights = np.random.default_rng(0).multinomial(images, np.full(images, 1 / images), DRAWS)
    errors = np.abs(weights @ gaps).sum(1) / np.maximum(1, weights @ np.bincount(rows))
    low, high = np.percentile(errors, (2.5, 97.5))
    error = calibration_error(confidence, right)
    return max(0.0, 2 * error - float(high)), max(0.0, 2 * error - float(low))


def share_interval(right: int, count: int) -> tuple[float, float]:
    """95 % interval of a share (Jeffreys; 0 and 1 where none or all are right), answers taken as independent."""
    from scipy.stats import beta

    low, high = beta.ppf([0.025, 0.975], right + 0.5, count - right + 0.5)
    return float(low) if right else 0.0, float(high) if right < count else 1.0


def plot(sets: Sequence[Sequence[Run]], floor: float, path: Path) -> None:
    """A panel a set: confidence across, share of right answers up, with 95 % intervals; honest is the diagonal."""
    import plots

    columns = min(4, len(sets))
    rows = -(-len(sets) // columns)
    figure, axes = plots.panels(rows, columns, 0.4 + 2.2 * rows, sharex=True, sharey=True)
    for place, runs in zip(axes, sets, strict=False):
        _, confidence, right = pooled(runs, floor)
        found = bins(confidence, right)
        share = found.right / found.count
        spans = [share_interval(int(k), int(n)) for k, n in zip(found.right, found.count, strict=True)]
        reach = np.array([(s - low, high - s) for s, (low, high) in zip(share, spans, strict=True)]).T
        place.plot([0, 1], [0, 1], color=plots.FAINT, linewidth=1, zorder=1)
        colour = plots.COLOURS[runs[0].task]
        if len(share):
            place.errorbar(found.confidence, share, reach, color=colour, linewidth=1, zorder=2)
            sizes = 8 + 60 * np.sqrt(found.count / found.count.max())
            place.scatter(found.confidence, share, sizes, color=colour, zorder=3)
        place.set_title(runs[0].set, loc="left", pad=16)
        what = "boxes" if runs[0].task == "detection" else "pairs"
        error = calibration_error(confidence, right)
        place.text(0, 1.04, f"ECE {error:.3f}, {len(right):,} {what}", fontsize=8, transform=place.transAxes)
        place.set(xlim=(0, 1), ylim=(0, 1.02), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1], aspect="equal")
        place.set_xticklabels(["0", "50", "100 %"])
        place.set_yticklabels(["0", "50", "100 %"])
        place.tick_params(labelbottom=True)
    for place in axes[len(sets) :]:
        place.set_visible(False)
    figure.supxlabel("Confidence", fontsize=10)
    figure.supylabel("Right answers", fontsize=10)
    plots.save(figure, path)


def _bin(confidence: Floats) -> NDArray[np.int64]:
    return np.minimum((confidence * BINS).astype(np.int64), BINS - 1)


if __name__ == "__main__":
    main()
