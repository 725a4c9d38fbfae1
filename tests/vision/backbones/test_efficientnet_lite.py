"""The converted classifiers are those that were trained on ImageNet."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from customlabels.vision.backbones import efficientnet_lite as lite

HEIGHT, WIDTH = 96, 64


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return torch.from_numpy(np.stack([x * 4, y * 2, x * y % 256], -1).astype(np.uint8))[None]


@pytest.mark.parametrize(
    ("name", "mean", "deviation", "first_channels"),
    [
        # From the package efficientnet-lite-pytorch 0.1.0: extract_features of the same image.
        ("efficientnet_lite0", 0.7031962, 1.4789169, [3.8332, 0.0, 3.6992, 2.8097, 0.0, 0.0, 1.3228, 6.0]),
        ("efficientnet_lite2", 0.4815764, 1.1515237, [0.0, 0.0, 0.0, 0.0, 0.0, 6.0, 0.0, 0.0]),
    ],
)
def test_the_last_map_is_the_reference_implementations(
    images: torch.Tensor, name: str, mean: float, deviation: float, first_channels: list[float]
) -> None:
    network = lite.EfficientNetLite.pretrained(lite.VARIANTS[name])
    with torch.no_grad():
        last = network(lite.normalised(images))[-1]
    assert last.mean().item() == pytest.approx(mean, abs=1e-5)
    assert last.std().item() == pytest.approx(deviation, abs=1e-5)
    np.testing.assert_allclose(last[0].amax((1, 2))[:8].numpy(), first_channels, atol=1e-3)


@pytest.mark.parametrize("name", list(lite.VARIANTS))
def test_maps_halve_at_each_stride(images: torch.Tensor, name: str) -> None:
    network = lite.EfficientNetLite(lite.VARIANTS[name])
    with torch.no_grad():
        maps = network(lite.normalised(images))
    strides = [2, 4, 8, 16, 16, 32, 32, 32]
    assert [tuple(values.shape[2:]) for values in maps] == [(HEIGHT // s, WIDTH // s) for s in strides]
    assert maps[-1].shape[1] == lite.HEAD_WIDTH


def test_pixels_are_scaled_as_in_training() -> None:
    pixels = torch.tensor([0, 127, 255], dtype=torch.uint8).view(1, 1, 1, 3)
    np.testing.assert_allclose(lite.normalised(pixels).flatten().numpy(), [-127 / 128, 0, 1])
