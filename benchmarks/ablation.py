"""What each part of the trainers is worth.

    python benchmarks/ablation.py DIR [--resplit N] [--set NAME] [--part NAME] [--json FILE [--resume]]

DIR holds sets as `sets.py` describes them. Each split of each set is trained with the full method and then once for
every part of its task, with that part removed or replaced from outside: the trainer's functions and constants are
exchanged in a process of its own, and the product has no options for it. A name that the trainer no longer has stops
the program. Where a part has no bearing on a set (the depth that it forces was chosen anyway), the result is the full
method's, and where that is known from the plan nothing is trained.

The tables give means over all sets and splits, each set counting the same, and the difference to the full method on
the very same splits. Its 95 % interval (Student's t, Welch and Satterthwaite's degrees of freedom) is about re-splits
of these sets, not about other sets; re-splits share images, so it is rather too narrow. AP is AP50 in detection, and in
classification the area under precision and recall, means over labels; ECE is as in `calibration.py`.

`--json FILE` keeps every run; with `--resume` what FILE holds is not trained again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
from numpy.typing import NDArray

from calibration import FLOOR, answers, apart, calibration_error, predicted
from customlabels.vision.counts import mean
from customlabels.vision.curves import Sweep
from customlabels.vision.predictions import Boxed
from customlabels.vision.samples import Sample
from machine import describe
from sets import LabelledSet, find_sets

FULL = "full"
FLAT = {"scale": (1.0, 1.0), "aspect": 0.0}
COLOURLESS = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "tint": 0.0, "grey": 0.0}
"""Values of augment.Recipe that leave shape or colour alone."""
STRENGTH = 1e-3
"""The fixed regularisation, the best of those in LOG.md."""


class Unchanged(Exception):
    """The part has no bearing on this training: it would be the full method's."""


@dataclass(frozen=True)
class Part:
    """A part of the trainer: of which task, what the table says is done instead, and what does it in the child."""

    task: str
    words: str
    change: Callable[[], None]


@dataclass(frozen=True)
class Run:
    """One training. `part` is FULL or a key of PARTS; `digest` stands for all that the model said of the test."""

    set: str
    task: str
    part: str
    effort: str
    splits: str
    seed: int
    f1: float
    ap: float
    ece: float
    seconds: float
    digest: str


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--resplit", type=int, default=0, metavar="N", help="N random stratified re-splits")
    parser.add_argument("--set", action="append", default=[], metavar="NAME", help="only this set (repeatable)")
    parser.add_argument(
        "--part", action="append", default=[], choices=PARTS, metavar="NAME", help=f"repeatable: {', '.join(PARTS)}"
    )
    # With `best` the depths compete after the plan is made, which would undo what a part has changed in it.
    parser.add_argument("--effort", default="balanced", choices=["fast", "balanced"])
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--resume", action="store_true", help="keep the runs that the --json file holds already")
    args = parser.parse_args(argv)
    print(describe(), flush=True)
    print(f"effort {args.effort}, seeds {list(range(args.resplit)) or 'own split, seed 0'}\n", flush=True)
    chosen = tuple(args.part) or tuple(PARTS)
    splits = "random" if args.resplit else "own"
    done: dict[tuple[str, str, int], Run] = {}
    if args.resume and args.json and args.json.exists():
        stored = [Run(**run) for run in json.loads(args.json.read_text())]
        if any((run.effort, run.splits) != (args.effort, splits) for run in stored):
            parser.error(f"{args.json} holds runs of another effort or of other splits")
        done = {(run.set, run.part, run.seed): run for run in stored}
    runs: list[Run] = []
    for labelled in find_sets(args.folder):
        if args.set and labelled.name not in args.set:
            continue
        task = "detection" if labelled.task == "detection" else "classification"
        parts = (FULL, *(name for name in chosen if PARTS[name].task == task))
        for seed in range(max(1, args.resplit)):
            for part in parts:
                run = done.get((labelled.name, part, seed)) or apart(
                    _trained, labelled, args.resplit, splits, seed, args.effort, part
                )
                if run is None:  # the full method came first in this split
                    run = replace(next(r for r in reversed(runs) if r.part == FULL), part=part)
                runs.append(run)
                done[labelled.name, part, seed] = run
                print(f"{run.set}, seed {seed}, {part}: F1 {run.f1:.3f}, {run.seconds:.0f} s", flush=True)
                if args.json:
                    kept = [asdict(run) for run in done.values()]
                    args.json.write_text(json.dumps(kept, indent=1) + "\n")
    for task in dict.fromkeys(run.task for run in runs):
        print_table([run for run in runs if run.task == task])


def _trained(labelled: LabelledSet, resplit: int, splits: str, seed: int, effort: Any, part: str) -> Run | None:
    """A training without a part; None where that makes no difference."""
    from customlabels.vision.preparing import prepare
    from customlabels.vision.train import train

    if part != FULL:
        PARTS[part].change()
    _, train_set, test_set = list(labelled.splits(resplit))[seed]
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        try:
            model = train(train_set, Path(folder) / "model", test=test_set, effort=effort, seed=seed)
        except Unchanged:
            return None
        seconds = time.monotonic() - began
        samples = prepare(train_set, test_set, seed).test
        found = predicted(model, samples)
        evaluation = model.evaluation
    assert evaluation is not None
    said = answers(samples, found)
    confidence, right = np.array(said.confidence), np.array(said.right, dtype=bool)
    if model.task == "detection":
        confidence, right = confidence[confidence >= FLOOR], right[confidence >= FLOOR]
        ap = evaluation.average_precision
        assert ap is not None
    else:
        ap = _area(samples, found)
    if part == "raw":
        confidence = least_squares(confidence)
    error = calibration_error(confidence, right)
    return Run(labelled.name, model.task, part, effort, splits, seed, evaluation.f1, ap, error, seconds, _digest(found))


def _area(samples: Sequence[Sample], found: Sequence[Boxed | NDArray[np.float32]]) -> float:
    """Mean over the labels that the images carry of the area under precision and recall."""
    truth = np.array([sample.labels for sample in samples])
    confidence = np.array([values for values in found if not isinstance(values, Boxed)])
    counts = truth.sum(0)
    tested = np.flatnonzero(counts)
    return mean(Sweep.of(confidence[:, i], truth[:, i], int(counts[i])).average_precision() for i in tested)


def _digest(found: Sequence[Boxed | NDArray[np.float32]]) -> str:
    everything = hashlib.sha256()
    for values in found:
        for array in (values.boxes, values.classes, values.scores) if isinstance(values, Boxed) else (values,):
            everything.update(np.ascontiguousarray(array).tobytes())
    return everything.hexdigest()[:16]


def print_table(runs: Sequence[Run]) -> None:
    """A row a part; then the differences in F1 set by set."""
    task = runs[0].task
    full = [run for run in runs if run.part == FULL]
    sets = list(dict.fromkeys(run.set for run in full))
    parts = list(dict.fromkeys(run.part for run in runs if run.part != FULL))
    area = "AP50" if task == "detection" else "AP"
    print(f"\n{task}: {len(sets)} sets, {len(full)} splits\n")
    print(f"| | changed | macro F1 | difference | {area} | difference | ECE | difference | seconds |")
    print("| --- " * 9 + "|")
    cells = [f"{_mean(full, name):.3f} | " for name in ("f1", "ap", "ece")]
    print(f"| full method | | {' | '.join(cells)} | {_mean(full, 'seconds'):.1f} |")
    idle = []
    for part in parts:
        mine = {(run.set, run.seed): run for run in runs if run.part == part}
        pairs = [(mine[run.set, run.seed], run) for run in full]
        changed = sum(run.digest != whole.digest for run, whole in pairs)
        if not changed:
            idle.append(part)
        cells = [f"{_mean(list(mine.values()), name):.3f} | {_difference(pairs, name)}" for name in ("f1", "ap", "ece")]
        seconds = _mean(list(mine.values()), "seconds")
        print(f"| {PARTS[part].words} | {changed} of {len(pairs)} | {' | '.join(cells)} | {seconds:.1f} |")
    print(f"\nDifference in macro F1, set by set\n\n| | {' | '.join(sets)} |\n" + "| --- " * (len(sets) + 1) + "|")
    whole = [f"{_mean([run for run in full if run.set == name], 'f1'):.3f}" for name in sets]
    print(f"| full method | {' | '.join(whole)} |")
    for part in parts:
        cells = []
        for name in sets:
            ours, theirs = ([r for r in runs if (r.set, r.part) == (name, which)] for which in (part, FULL))
            same = {run.digest for run in ours} <= {run.digest for run in theirs}
            cells.append("=" if same else f"{_mean(ours, 'f1') - _mean(theirs, 'f1'):+.3f}")
        print(f"| {PARTS[part].words} | {' | '.join(cells)} |")
    for part in idle:
        print(f"\n{part} changed nothing: it has no bearing on these sets, or the trainer has outgrown this program.")


def _mean(runs: Sequence[Run], name: str) -> float:
    """Mean over sets of the mean over their splits."""
    sets = dict.fromkeys(run.set for run in runs)
    return mean(mean(getattr(run, name) for run in runs if run.set == one) for one in sets)


def _difference(pairs: Sequence[tuple[Run, Run]], name: str) -> str:
    """Part less full method: mean over sets, with its 95 % interval where there are several splits."""
    from scipy.stats import t

    sets = dict.fromkeys(run.set for run, _ in pairs)
    values = [
        np.array([getattr(run, name) - getattr(whole, name) for run, whole in pairs if run.set == one]) for one in sets
    ]
    middle = mean(float(v.mean()) for v in values)
    if min(map(len, values)) < 2:
        return f"{middle:+.3f}"
    variances = np.array([v.var(ddof=1) / len(v) for v in values])
    if not variances.any():
        return f"{middle:+.3f} ± 0.000"
    freedom = variances.sum() ** 2 / sum(variances**2 / np.array([len(v) - 1 for v in values]))
    return f"{middle:+.3f} ± {float(t.ppf(0.975, freedom)) * variances.sum() ** 0.5 / len(values):.3f}"


def least_squares(confidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sigmoids of scores near -1 and 1 to the chance that least squares itself gives: (score + 1) / 2, in [0, 1]."""
    bounded = np.clip(confidence, 1e-9, 1 - 1e-9)
    return np.clip((np.log(bounded / (1 - bounded)) + 1) / 2, 0, 1)


# From here on what is done in the child process. torch is imported there alone.


def put(owner: Any, name: str, value: Any) -> Any:
    """Exchange what a module or class has under a name, and give the old. Raises AttributeError where it has none."""
    old = getattr(owner, name)
    setattr(owner, name, value)
    return old


def wrap(owner: Any, name: str, around: Callable[[Any], Any]) -> None:
    """Exchange what a module has under a name for what `around` makes of it; raises as `put`."""
    put(owner, name, around(getattr(owner, name)))


def _replanned(trainer: Any, change: Callable[[Any], Any]) -> None:
    """Another plan than the trainer's."""

    def around(make: Callable[..., Any]) -> Callable[..., Any]:
        def made(*args: Any, **named: Any) -> Any:
            plan = make(*args, **named)
            other = change(plan)
            if other == plan:
                raise Unchanged
            return other

        return made

    wrap(trainer, "make_plan", around)


def _plan_constant(name: str, value: Any) -> None:
    """Another value of a constant in plan.py, which the frame or the plan depend on."""
    from customlabels.vision import detector, plan

    old = put(plan, name, value)
    different: list[bool] = []

    def compared(function: Callable[..., Any], last: bool) -> Callable[..., Any]:
        def both(*args: Any, **named: Any) -> Any:
            ours = function(*args, **named)
            put(plan, name, old)
            theirs = function(*args, **named)
            put(plan, name, value)
            different.append(ours != theirs)
            if last and not any(different):
                raise Unchanged
            return ours

        return both

    wrap(detector, "choose_frame", lambda function: compared(function, last=False))
    wrap(detector, "make_plan", lambda function: compared(function, last=True))


def _recipe(**values: Any) -> None:
    """Other views: of the pictures, and of the boxes in the second look."""
    from customlabels.vision import detector, naming
    from customlabels.vision.augment import Recipe

    known = {*FLAT, *COLOURLESS, "mirror"}
    if known != {field.name for field in fields(Recipe)}:
        raise AttributeError(f"augment.Recipe has other fields than {sorted(known)}: say here what each of them does.")
    _replanned(detector, lambda plan: replace(plan, recipe=replace(plan.recipe, **values)))
    put(naming, "RECIPE", replace(naming.RECIPE, **values))


def _plain_views() -> None:
    _recipe(**FLAT, **COLOURLESS)


def _no_colour() -> None:
    _recipe(**COLOURLESS)


def _random_start() -> None:
    """Class layers as RetinaNet starts them (arXiv 1708.02002): small random weights, a chance of one in a hundred."""
    from torch import nn

    from customlabels.vision import detector

    fit = detector.fit

    def fitted(top: Any, heads: Any, *rest: Any, **named: Any) -> Any:
        for layer in heads.classes:
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.constant_(layer.bias, -4.6)
        return fit(top, heads, *rest, **named)

    put(detector, "fit", fitted)


def _cut(blocks: int) -> None:
    from customlabels.vision import detector

    _replanned(detector, lambda plan: replace(plan, cut=blocks))


def _constant_rate() -> None:
    """Half the highest rate throughout, about the one-cycle's mean; also where the second look is trained."""
    from torch.optim import lr_scheduler

    def constant(optimizer: Any, max_lr: Any, **_: Any) -> Any:
        return lr_scheduler.LambdaLR(optimizer, lambda step: 0.5)

    put(lr_scheduler, "OneCycleLR", constant)


def _no_bf16() -> None:
    from customlabels.vision import detector, devices, finetune

    def has_not(device: Any) -> bool:
        if not devices.has_bf16(device):
            raise Unchanged
        return False

    for module in (detector, finetune):
        put(module, "has_bf16", has_not)


def _no_second_look() -> None:
    from customlabels.vision import detector

    put(detector, "train_namer", lambda *_, **__: None)


def _no_second_opinion() -> None:
    from customlabels.vision import classifier

    _replanned(classifier, lambda plan: replace(plan, tuned_views=0, lost_views=0))


def _no_tail() -> None:
    from customlabels.vision import classifier

    _replanned(classifier, lambda plan: replace(plan, tail_epochs=0))


def _no_competition() -> None:
    from customlabels.vision import classifier

    put(classifier, "exclusive", lambda truth: False)


def _depthwise_too() -> None:
    from customlabels.vision import detector, finetune

    for module in (detector, finetune):
        put(module, "freeze_depthwise", lambda layers: None)


def _one_size() -> None:
    import torch
    from torch import Tensor

    from customlabels.vision import classifier
    from customlabels.vision.backbones.efficientnet_lite import normalised

    class OneSize(classifier.Features):
        def look(self, images: Tensor) -> tuple[Tensor, Tensor]:
            full = self.backbone(normalised(images))
            maps = full[-classifier.STAGES :]
            return torch.cat([values.mean((2, 3)) for values in maps], 1), full[-3]

    def built(backbone: Any) -> Any:
        ours, theirs = OneSize(backbone).eval(), both(backbone).eval()
        with torch.no_grad():
            image = torch.randint(0, 256, (1, 128, 128, 3), dtype=torch.uint8)
            half, whole = ours(image), theirs(image)
        if whole.shape[1] != 2 * half.shape[1] or not torch.allclose(whole[:, : half.shape[1]], half, atol=1e-4):
            raise AttributeError("classifier.Features is no longer two sizes in a row: write OneSize anew.")
        return ours

    both = put(classifier, "Features", built)


def _no_mirror() -> None:
    """The picture alone, in training and in the network."""
    import torch

    from customlabels.vision import classifier, views

    put(classifier, "with_mirror_images", lambda images: torch.cat([images, images]))
    training_views = views.training_views

    def unmirrored(*args: Any, **named: Any) -> Any:
        shown = training_views(*args, **named)
        if not (shown[1] == shown[0][:, ::-1]).all():
            raise AttributeError("The second of views.training_views is no longer the mirror image.")
        shown[1] = shown[0]
        return shown

    put(views, "training_views", unmirrored)


def _no_random_views() -> None:
    from customlabels.vision import classifier

    _replanned(classifier, lambda plan: replace(plan, random_views=0))


def _last_map() -> None:
    from customlabels.vision import classifier

    put(classifier, "STAGES", 1)


def _uncompressed() -> None:
    from customlabels.vision import classifier

    put(classifier, "compressed", lambda x: x)


def _fixed_strength() -> None:
    from customlabels.vision import classifier

    wrap(classifier, "fit_ridge", lambda fit: lambda rows, labels: fit(rows, labels, (STRENGTH,)))


def _uncalibrated() -> None:
    """The sigmoid of the score itself, from which `least_squares` takes the score again."""
    from customlabels.vision import classifier
    from customlabels.vision.calibration import Calibration

    put(classifier, "fit_calibration", lambda *_: Calibration(1.0, 0.0))


def _default_calibration() -> None:
    from customlabels.vision import calibration, classifier

    slope = calibration.DEFAULT_SLOPE
    put(classifier, "fit_calibration", lambda *_: calibration.Calibration(slope, 0.0))


def _small_backbone() -> None:
    from customlabels.vision import classifier

    _replanned(classifier, lambda plan: replace(plan, variant="efficientnet_lite0"))


PARTS = {
    "views": Part("detection", "no random views: letterbox and mirror image only", _plain_views),
    "colour": Part("detection", "no colour augmentation", _no_colour),
    "start": Part("detection", "class layers start at random, not from COCO classes", _random_start),
    "depth-13": Part("detection", "always the last layers only (from block 13)", lambda: _cut(13)),
    "depth-7": Part("detection", "always the middle layers, too (from block 7)", lambda: _cut(7)),
    "frame": Part("detection", "always the smallest frame", lambda: _plan_constant("MOST_SIDES", 1.0)),
    "detail": Part("detection", "no larger frame for crowded pictures", lambda: _plan_constant("DETAIL", 1.0)),
    "depthwise": Part("detection", "depthwise kernels learn, too", _depthwise_too),
    "second-look": Part("detection", "no second look at the names", _no_second_look),
    "one-cycle": Part("detection", "a constant rate (the same mean)", _constant_rate),
    "bf16": Part("detection", "float32 throughout", _no_bf16),
    "tail": Part("classification", "last stage not tuned", _no_tail),
    "competition": Part("classification", "labels never compete", _no_competition),
    "second-opinion": Part("classification", "no second opinion", _no_second_opinion),
    "second-size": Part("classification", "one size only", _one_size),
    "mirror": Part("classification", "no mirror image", _no_mirror),
    "random-views": Part("classification", "no random views", _no_random_views),
    "maps": Part("classification", "the last map only", _last_map),
    "square-root": Part("classification", "no signed square root", _uncompressed),
    "press": Part("classification", f"regularisation fixed at {STRENGTH:g}", _fixed_strength),
    "raw": Part("classification", "no calibration: least squares' own (score + 1) / 2", _uncalibrated),
    "calibration": Part("classification", "the default curve for every set", _default_calibration),
    "lite2": Part("classification", "EfficientNet-Lite0", _small_backbone),
}


if __name__ == "__main__":
    main()
