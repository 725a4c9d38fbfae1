"""Running pictures through layers that do not learn, as fast as the machine can."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from customlabels.imaging.images import Pixels
from customlabels.vision.export import to_onnx
from customlabels.vision.runtime import throughput


def run_frozen(layers: nn.Module, frame: tuple[int, int], batches: Iterable[Pixels]) -> Iterator[NDArray[Any]]:
    """What `layers` make of each batch (B, H, W, 3) in `frame`, (height, width): on a graphics card where there is one,
    in the inference runtime elsewhere."""
    if not torch.cuda.is_available():
        for (values,) in throughput(to_onnx(layers, frame, ["features"]), batches):
            yield values
        return
    layers.cuda()
    with torch.inference_mode():
        for batch in batches:
            yield layers(torch.from_numpy(batch).cuda()).cpu().numpy()
    layers.cpu()
