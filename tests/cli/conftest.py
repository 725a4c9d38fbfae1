"""A model small enough to write down: it says how red, green and blue a picture is, all of it or its left half."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from customlabels.cli import main

LABELS = ("Red", "Green", "Blue")
FRAME = 64


@pytest.fixture(params=["classification", "detection"])
def any_model(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_model(tmp_path / "model", request.param)


@pytest.fixture
def classifier(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model", "classification")


@pytest.fixture
def detector(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model", "detection")


def write_model(folder: Path, task: str) -> Path:
    """A model folder with thresholds of 0.5 whose network is the mean of each colour."""
    folder.mkdir(parents=True)
    info = {
        "format": 1,
        "task": task,
        "labels": list(LABELS),
        "thresholds": dict.fromkeys(LABELS, 0.5),
        "frame": [FRAME, FRAME],
    }
    (folder / "model.json").write_text(json.dumps(info))
    onnx.save(_network(detection=task == "detection"), folder / "network.onnx")
    return folder


def _network(detection: bool) -> onnx.ModelProto:
    constants = [
        numpy_helper.from_array(np.array(255, np.float32), "white"),
        numpy_helper.from_array(np.array([1, 2], np.int64), "sides"),
        numpy_helper.from_array(np.array([1], np.int64), "one"),
        numpy_helper.from_array(np.array([[[0, 0, FRAME / 2, FRAME]]], np.float32), "left_half"),
    ]
    nodes = [
        helper.make_node("Cast", ["image"], ["values"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["values", "white"], ["shares"]),
        helper.make_node("ReduceMean", ["shares", "sides"], ["means" if detection else "confidence"], keepdims=0),
    ]
    outputs = [helper.make_tensor_value_info("confidence", TensorProto.FLOAT, ["B", 1, 3] if detection else ["B", 3])]
    if detection:
        nodes += [
            helper.make_node("Unsqueeze", ["means", "one"], ["confidence"]),
            helper.make_node("Identity", ["left_half"], ["boxes"]),
        ]
        outputs.insert(0, helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, 1, 4]))
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["B", FRAME, FRAME, 3])
    used = constants if detection else constants[:2]
    graph = helper.make_graph(nodes, "colours", [image], outputs, used)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


@pytest.fixture
def paint(tmp_path: Path) -> Callable[..., Path]:
    """Writes a picture of one colour, square so that nothing of the frame is empty."""

    def write(name: str, colour: tuple[int, int, int], side: int = 128) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (side, side), colour).save(path)
        return path

    return write


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs a command in this process: exit code, standard output, standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call
