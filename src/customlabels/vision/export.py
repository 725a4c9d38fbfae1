"""From a torch network to what serves it: one ONNX graph, and OpenVINO IR made from that same graph."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

OPSET = 17


def to_onnx(network: nn.Module, frame: tuple[int, int], outputs: Sequence[str]) -> bytes:
    """The network as an ONNX model with input `image` uint8 (B, H, W, 3), B free, H and W the frame's.

    `network` takes that tensor and gives the named outputs in order. It is put into evaluation mode.
    """
    network.eval()
    example = torch.zeros((2, *frame, 3), dtype=torch.uint8)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), torch.no_grad():
        # The tracing exporter needs no further package; its successor needs onnxscript and takes several times longer.
        warnings.simplefilter("ignore")
        path = Path(folder) / "network.onnx"
        torch.onnx.export(
            network,
            (example,),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=["image"],
            output_names=list(outputs),
            dynamic_axes={name: {0: "batch"} for name in ("image", *outputs)},
        )
        return path.read_bytes()


def save_network(onnx_model: bytes, folder: Path, name: str = "network") -> None:
    """Write `NAME.onnx`, and beside it `NAME.xml` and `NAME.bin` where OpenVINO is installed."""
    (folder / f"{name}.onnx").write_bytes(onnx_model)
    try:
        import openvino
    except ImportError:
        return
    model = openvino.Core().read_model(onnx_model)
    openvino.save_model(model, folder / f"{name}.xml", compress_to_fp16=False)
