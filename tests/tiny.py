"""Models that load in no time and whose answers can be told from the picture: how red, green and blue it is."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

LABELS = ("red", "green", "blue")
THRESHOLDS = {"red": 0.5, "green": 0.6, "blue": 0.7}
FRAME = (64, 96)


def classifier(folder: Path) -> Path:
    """A model that is as sure of each colour as the picture has of it, written to a folder."""
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float"], ["mean"], axes=[1, 2], keepdims=0),
        helper.make_node("Div", ["mean", "most"], ["confidence"]),
    ]
    return _write(folder, "classification", nodes, {"most": np.float32(255)}, {"confidence": ["B", 3]})


def detector(folder: Path) -> Path:
    """A model that finds the colours of the left and of the right half of a picture, written to a folder."""
    height, width = FRAME
    halves = np.array([[0, 0, width / 2, height], [width / 2, 0, width, height]], np.float32)
    constants = {
        "most": np.float32(255),
        "nothing": np.float32(0),
        "halves": halves,
        "split": np.array([0, height, 2, width // 2, 3], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["float", "split"], ["split_image"]),  # (B, H, 2, W/2, 3)
        helper.make_node("ReduceMean", ["split_image"], ["mean"], axes=[1, 3], keepdims=0),  # (B, 2, 3)
        helper.make_node("Div", ["mean", "most"], ["confidence"]),
        helper.make_node("ReduceMean", ["confidence"], ["one"], axes=[1, 2], keepdims=1),
        helper.make_node("Mul", ["one", "nothing"], ["zero"]),
        helper.make_node("Add", ["halves", "zero"], ["boxes"]),
    ]
    return _write(folder, "detection", nodes, constants, {"boxes": ["B", 2, 4], "confidence": ["B", 2, 3]})


def picture(red: int, green: int = 0, blue: int = 0, size: tuple[int, int] = (96, 64), format: str = "PNG") -> bytes:
    """A picture of one colour."""
    return encoded(Image.new("RGB", size, (red, green, blue)), format)


def encoded(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def _write(
    folder: Path, task: str, nodes: list[Any], constants: dict[str, Any], outputs: dict[str, list[str | int]]
) -> Path:
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["B", *FRAME, 3])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "network.onnx").write_bytes(model.SerializeToString())
    info = {"format": 1, "task": task, "labels": LABELS, "thresholds": THRESHOLDS, "frame": FRAME}
    (folder / "model.json").write_text(json.dumps(info), encoding="utf-8")
    return folder
