"""A model's folder: its files, how they are written, and how it takes its place as a whole."""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from customlabels.vision.evaluation import Evaluation, Task
from customlabels.vision.learned import Learned
from customlabels.vision.model import FORMAT, Model, ModelError
from customlabels.vision.preparing import Prepared
from customlabels.vision.report import Training, write_report
from customlabels.vision.snapshot import snapshot_testing, snapshot_training, summary

FILES = {
    "model.json",
    "network.onnx",
    "network.xml",
    "network.bin",
    "namer.onnx",
    "namer.xml",
    "namer.bin",
    "evaluation.json",
    "EvaluationResultSummary.json",
    "TrainingGroundTruth.json",
    "TestingGroundTruth.json",
    "report.html",
}
"""All that a model's folder holds."""


def export(learned: Learned, task: Task, folder: Path) -> None:
    """Write the network's files."""
    from customlabels.vision.export import save_network, to_onnx

    outputs = ["boxes", "confidence"] if task == "detection" else ["confidence"]
    save_network(to_onnx(learned.network, learned.frame, outputs), folder)
    if learned.namer is not None:
        save_network(to_onnx(learned.namer.network, learned.namer.frame, ["chance"]), folder, "namer")


def info(prepared: Prepared, learned: Learned, effort: str, seed: int, began: datetime) -> dict[str, Any]:
    """The content of model.json, its thresholds still to be found."""
    namer = learned.namer
    packages = ["customlabels", "numpy", "pillow", "torch"]
    return {
        "format": FORMAT,
        "task": prepared.task,
        "labels": list(prepared.labels),
        "thresholds": dict.fromkeys(prepared.labels, 0.5),
        "frame": list(learned.frame),
        **_origin(learned),
        "namer": None if namer is None else {"frame": list(namer.frame), **_origin(namer)},
        "effort": effort,
        "seed": seed,
        "began": began.isoformat(timespec="seconds"),
        "training_images": len(prepared.train),
        "test_images": len(prepared.test),
        "unusable_images": len(prepared.unusable),
        "method": dict(learned.notes),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
    }


def _origin(learned: Learned) -> dict[str, Any]:
    return {"backbone": learned.backbone, "weights": dict(learned.provenance)}


def write(
    folder: Path,
    facts: dict[str, Any],
    evaluation: Evaluation,
    prepared: Prepared,
    learned: Learned,
    began: datetime,
    version_arn: str,
) -> None:
    """All files but the network's."""
    ended = datetime.now(UTC)
    name = "customlabels"
    documents = {
        "model.json": facts,
        "evaluation.json": evaluation.to_json(),
        "EvaluationResultSummary.json": summary(
            evaluation, project_version_arn=version_arn, training_images=len(prepared.train), ended=ended
        ),
    }
    for file, document in documents.items():
        indent = None if file == "evaluation.json" else 1
        (folder / file).write_text(json.dumps(document, indent=indent) + "\n", encoding="utf-8")
    snapshots = {
        "TrainingGroundTruth.json": snapshot_training(prepared.train, prepared.labels, created=ended),
        "TestingGroundTruth.json": snapshot_testing(prepared.test, prepared.labels, evaluation, created=ended),
    }
    for file, lines in snapshots.items():
        with (folder / file).open("w", encoding="utf-8") as stream:
            stream.writelines(f"{line}\n" for line in lines)
    details = {"Effort": facts["effort"], "Seed": str(facts["seed"]), "Backbone": facts["backbone"]}
    training = Training(name, began, facts["seconds"], len(prepared.train), len(prepared.labels), details)
    write_report(folder / "report.html", training, evaluation, prepared.test, learned.curve)


def checked_target(out: Path) -> Path:
    """The place for the model, absolute. What is there is replaced only if it is a model, too."""
    if out.is_dir() and any(out.iterdir()):
        strangers = sorted(file.name for file in out.iterdir() if file.name not in FILES)
        try:
            Model.load(out)
        except ModelError as error:
            raise FileExistsError(f"{out} exists and is not a model: choose another folder, or empty it.") from error
        if strangers:
            raise FileExistsError(f"{out} holds more than a model ({strangers[0]}): choose another folder.")
    if out.exists() and not out.is_dir():
        raise FileExistsError(f"{out} is a file: choose another name for the model's folder.")
    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    return out.absolute()


def move(place: Path, target: Path | None) -> Path:
    """Put the finished folder where it belongs, in one rename."""
    place.chmod(0o755)  # mkdtemp makes it private
    if target is None:
        return place
    if target.exists():
        old = Path(tempfile.mkdtemp(prefix="customlabels-", dir=target.parent))
        os.replace(target, old / "old")
        os.replace(place, target)
        shutil.rmtree(old)
    else:
        os.replace(place, target)
    return target
