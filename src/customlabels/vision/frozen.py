"""Layers that do not learn: run as fast as the machine can, or kept as they are among others that do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from customlabels.imaging.images import Pixels
from customlabels.vision.devices import training_device
from customlabels.vision.export import to_onnx
from customlabels.vision.runtime import open_stream


def run_frozen(
    layers: nn.Module, frame: tuple[int, int], batches: Iterable[Pixels], outputs: int = 1
) -> Iterator[tuple[NDArray[Any], ...]]:
    """What `layers`, with so many `outputs`, make of each batch (B, H, W, 3) in `frame`, (height, width): on a graphics
    card where there is one, in the inference runtime elsewhere."""
    device = training_device()
    if device.type == "cpu":
        yield from open_stream(exported(layers, frame, outputs))(batches)
        return
    layers.to(device)
    with torch.inference_mode():
        for batch in batches:
            made = layers(torch.from_numpy(batch).to(device))
            yield tuple(values.cpu().numpy() for values in (made if isinstance(made, tuple) else (made,)))
    layers.cpu()


def exported(layers: nn.Module, frame: tuple[int, int], outputs: int = 1) -> bytes:
    """Such layers as an ONNX model."""
    return to_onnx(layers, frame, [f"features{i}" for i in range(outputs)])


def freeze_depthwise(layers: nn.Module) -> None:
    """Keep the depthwise kernels as ImageNet or COCO taught them: edges and spots, needed everywhere.

    To learn them, too, takes a tenth to a third of the time on a processor, and seldom gains much (benchmarks/LOG.md).
    """
    for module in layers.modules():
        if isinstance(module, nn.Conv2d) and module.groups > 1:
            module.requires_grad_(False)
