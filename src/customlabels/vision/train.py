"""From labelled pictures to a model folder: choose the task, split, learn, export, evaluate, write it all down."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from customlabels.manifest.entry import Dataset
from customlabels.manifest.read import read_dataset
from customlabels.vision.evaluate import Evaluation, evaluate_classification, evaluate_detection
from customlabels.vision.extraction import Extract, extract_here
from customlabels.vision.folder import checked_target, export, info, move, write
from customlabels.vision.hub.families import require_task
from customlabels.vision.hub.models import HubModel, find_backbone
from customlabels.vision.learned import Learned
from customlabels.vision.model import Model
from customlabels.vision.parallel import ahead
from customlabels.vision.predictions import Boxed
from customlabels.vision.preparing import Prepared, TrainingError, prepare
from customlabels.vision.progress import Monitor, Progress
from customlabels.vision.runtime import RuntimeMissing
from customlabels.vision.samples import Sample

Effort = Literal["fast", "balanced", "best"]


def train(
    data: Dataset | str | Path,
    out: str | Path | None = None,
    *,
    test: Dataset | str | Path | None = None,
    effort: Effort = "balanced",
    seed: int = 0,
    backbone: str | None = None,
    format: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Model:
    """Learn from labelled pictures, test on others of them, and give the model.

    `data` and `test` are datasets, or paths that `read_dataset` reads (`format` names theirs). Without `test` a fifth
    of the data is held back, each label in proportion, unless the data says itself which images are for testing. The
    model's folder is `out` (a temporary one by default); it appears there complete or not at all. The same data, seed
    (0 to 2**63 - 1) and machine give the same model; on CUDA sums vary in their last digits. `backbone` names another
    pretrained model, with the extra [hub]: a folder, or ORGANISATION/NAME of the Hugging Face hub, from which it is
    downloaded once. Raises TrainingError where the data does not allow a training, DatasetError where it cannot be
    read, RuntimeMissing without torch or the extra, WeightsError for a backbone that cannot be used, Cancelled once
    `cancelled` says so, and FileExistsError where `out` holds something else.
    """
    began = datetime.now(UTC)
    if effort not in get_args(Effort):
        raise TrainingError(f"The effort {effort!r} is unknown: choose one of {', '.join(get_args(Effort))}.")
    if not 0 <= seed < 2**63:
        raise TrainingError(f"The seed is {seed}; it must be from 0 to 2**63 - 1.")
    _require_torch()
    target = None if out is None else checked_target(Path(out))
    hub = None if backbone is None else find_backbone(backbone)
    monitor = Monitor(on_progress, cancelled)
    prepared = prepare(_dataset(data, format), None if test is None else _dataset(test, format), seed, monitor)
    return train_prepared(prepared, target, effort=effort, seed=seed, began=began, monitor=monitor, hub=hub)


def train_prepared(
    prepared: Prepared,
    target: Path | None,
    *,
    effort: Effort,
    seed: int,
    began: datetime,
    monitor: Monitor,
    version_arn: str = "",
    hub: HubModel | None = None,
    extract: Extract = extract_here,
) -> Model:
    """Learn, evaluate and write a model's folder: `target`, which is as `checked_target` gives it, or a temporary one.

    `began` is when the work began, preparing included; `version_arn` goes into the summary; `hub` takes the place of
    the backbone that we would choose; `extract` makes the features of pictures for a classifier, if the processor does.
    Raises as `train`.
    """
    _require_torch()
    learned = _learn(prepared, effort, seed, hub, extract, monitor.span(0.04, 0.9))
    with ExitStack() as stack:
        place = Path(tempfile.mkdtemp(prefix="customlabels-", dir=None if target is None else target.parent))
        stack.callback(shutil.rmtree, place, ignore_errors=True)
        facts = info(prepared, learned, effort, seed, began)
        export(learned, prepared.task, place)
        monitor.report("exporting", 0.93)
        evaluation = evaluate(Model(place, facts), prepared.test, monitor.span(0.93, 0.99))
        seconds = (datetime.now(UTC) - began).total_seconds()
        facts |= {"thresholds": evaluation.thresholds, "seconds": round(seconds, 3)}
        write(place, facts, evaluation, prepared, learned, began, version_arn)
        folder = move(place, target)
        stack.pop_all()
    monitor.report("evaluating", 1.0)
    return Model.load(folder)


def evaluate(
    model: Model,
    samples: Sequence[Sample],
    monitor: Monitor | None = None,
    thresholds: Mapping[str, float] | None = None,
) -> Evaluation:
    """The model's answers on `samples`, through the runtime that serves it, against their truth.

    At the `thresholds` given by label, else at those with the best F1 on these very samples.
    """
    monitor = monitor or Monitor()
    predictions = []
    for i, prediction in enumerate(ahead(lambda sample: model.predict(sample.read()), samples)):
        predictions.append(prediction)
        monitor.report("evaluating", (i + 1) / len(samples))
    if model.task == "detection":
        truths = [sample.truth for sample in samples if sample.truth is not None]
        found = [p for p in predictions if isinstance(p, Boxed)]
        return evaluate_detection(model.labels, truths, found, thresholds)
    confidences = np.array([p for p in predictions if not isinstance(p, Boxed)])
    carried = np.array([sample.labels for sample in samples])
    return evaluate_classification(model.labels, carried, confidences, thresholds)


def _dataset(data: Dataset | str | Path, format_: str | None) -> Dataset:
    return data if isinstance(data, Dataset) else read_dataset(data, format_)


def _require_torch() -> None:
    if find_spec("torch") is None:
        raise RuntimeMissing("Training needs PyTorch: pip install 'customlabels[train]'.")


def _learn(
    prepared: Prepared, effort: Effort, seed: int, hub: HubModel | None, extract: Extract, monitor: Monitor
) -> Learned:
    if hub is not None:
        return _learn_from(hub, prepared, effort, seed, extract, monitor)
    if prepared.task == "detection":
        from customlabels.vision.detector import train_detector

        return train_detector(prepared.train, prepared.labels, effort=effort, seed=seed, monitor=monitor)
    from customlabels.vision.classifier import train_classifier

    return train_classifier(prepared.train, prepared.labels, effort=effort, seed=seed, monitor=monitor, extract=extract)


def _learn_from(
    hub: HubModel, prepared: Prepared, effort: str, seed: int, extract: Extract, monitor: Monitor
) -> Learned:
    require_task(hub.family, prepared.task, hub.name)
    if prepared.task == "detection":
        from customlabels.vision.hub.detectors import train_detector

        return train_detector(prepared.train, prepared.labels, hub, effort=effort, seed=seed, monitor=monitor)
    from customlabels.vision.hub.encoders import train_encoder

    return train_encoder(
        prepared.train, prepared.labels, hub, effort=effort, seed=seed, monitor=monitor, extract=extract
    )
