"""`customlabels train`: what reaches the library, what is printed, and how it is stopped. Learning itself is tested
elsewhere: here a stand-in for the library's `train` hands out a ready model."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

import customlabels.vision.train
from customlabels.cli.arguments import EFFORTS
from customlabels.vision.evaluate import evaluate_classification
from customlabels.vision.model import Model
from customlabels.vision.progress import Cancelled, Progress

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, classifier: Path) -> dict[str, Any]:
    """What `train` was called with; it answers at once with the model of these tests, scored on four images."""
    arguments: dict[str, Any] = {}
    truths = np.eye(3, dtype=bool)[[0, 0, 1, 2]]
    confidences = np.where(truths, 0.9, 0.2)
    confidences[3] = (0.95, 0.2, 0.1)  # blue is taken for red
    evaluation = evaluate_classification(("Red", "Green", "Blue"), truths, confidences)

    def train(data: Path, out: Path, **settings: Any) -> Model:
        arguments.update(settings, data=data, out=out)
        settings["on_progress"](Progress("training", 0.5, 3.0, 0.25))
        (classifier / "evaluation.json").write_text(json.dumps(evaluation.to_json()))
        return Model.load(classifier)

    monkeypatch.setattr(customlabels.vision.train, "train", train)
    return arguments


def test_it_ends_with_the_workshops_table(asked: dict[str, Any], run: Run) -> None:
    code, out, _ = run("train", "data", "--out", "model")
    lines = out.splitlines()
    assert code == 0
    # Red: 2 of 2 and one too many, F1 0.8. Green: 1. Blue: found only by calling all four pictures blue, F1 0.4.
    assert lines[:3] == ["F1 score 0.733", "Average precision 0.639", "Overall recall 1.000"]
    assert re.fullmatch(r"Trained in \d+\.\d s", lines[3])
    heads = next(line for line in lines if line.startswith("Label"))
    assert heads.split("  ")[0] == "Label"
    for head in ("F1 score", "95 % interval", "Test images", "Precision", "Recall", "Assumed threshold"):
        assert head in heads
    assert [line.split()[0] for line in lines if line.startswith(("Red", "Green", "Blue"))] == ["Green", "Red", "Blue"]
    assert any(line.startswith("Report: ") and line.endswith("report.html") for line in lines)


def test_json_holds_the_same_figures(asked: dict[str, Any], run: Run, classifier: Path) -> None:
    code, out, _ = run("train", "data", "--out", "model", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["model"] == str(classifier)
    assert told["seconds"] >= 0
    assert told["evaluation"]["test_images"] == 4
    assert [item["label"] for item in told["evaluation"]["labels"]] == ["Red", "Green", "Blue"]


def test_flags_reach_the_library(asked: dict[str, Any], run: Run) -> None:
    run("train", "data", "--out", "m", "--test", "t", "--effort", "fast", "--seed", 7, "--format", "coco")
    assert {name: asked[name] for name in ("data", "out", "test", "effort", "seed", "format")} == {
        "data": Path("data"),
        "out": Path("m"),
        "test": Path("t"),
        "effort": "fast",
        "seed": 7,
        "format": "coco",
    }


def test_efforts_of_the_command_line_are_those_of_the_library() -> None:
    assert set(EFFORTS) == set(get_args(customlabels.vision.train.Effort))


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C does what it does in a program of one's own, also where the tests' runner has it do nothing."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_lets_the_training_end_tidily(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    tidied = []

    def train(*_: Any, cancelled: Callable[[], bool], **__: Any) -> Model:
        os.kill(os.getpid(), signal.SIGINT)
        deadline = time.monotonic() + 5
        while not cancelled() and time.monotonic() < deadline:
            time.sleep(0.01)
        tidied.append(True)
        raise Cancelled

    monkeypatch.setattr(customlabels.vision.train, "train", train)
    code, out, err = run("train", "data", "--out", "model")
    assert (code, out, tidied) == (130, "", [True])
    assert "Cancel" in err
    assert "Traceback" not in err
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("interruptible")
def test_a_second_ctrl_c_stops_at_once(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    def train(*_: Any, **__: Any) -> Model:
        for _unused in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
        raise AssertionError("still running")

    monkeypatch.setattr(customlabels.vision.train, "train", train)
    assert run("train", "data", "--out", "model")[0] == 130


@pytest.mark.parametrize(
    "arguments",
    [[], ["data"], ["data", "--out", "m", "--effort", "heroic"], ["data", "--out", "m", "--seed", "x"]],
)
def test_wrong_usage(run: Run, arguments: list[str]) -> None:
    code, _, err = run("train", *arguments)
    assert code == 2
    assert "usage: customlabels train" in err


def test_data_without_labels_is_a_data_problem(run: Run, paint: Callable[..., Path], tmp_path: Path) -> None:
    folder = paint("data/one/1.png", (1, 2, 3)).parent.parent
    code, _, err = run("train", folder, "--out", tmp_path / "out")
    assert code == 3
    assert err.startswith("customlabels train: ")
    assert not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_not_overwritten(run: Run, paint: Callable[..., Path], tmp_path: Path) -> None:
    precious = paint("precious/photo.png", (1, 2, 3))
    code, _, err = run("train", tmp_path, "--out", precious.parent)
    assert code == 1
    assert "is not a model" in err
    assert precious.exists()


@pytest.mark.parametrize("seed", ["-1", "x", str(2**63)])
def test_a_seed_out_of_range_is_wrong_usage(run: Run, tmp_path: Path, seed: str) -> None:
    code, _, err = run("train", tmp_path, "--out", tmp_path / "model", f"--seed={seed}")
    assert code == 2
    assert "is not a whole number from 0 to 2**63 - 1" in err
