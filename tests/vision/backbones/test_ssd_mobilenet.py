"""The converted detector is the one that was trained on COCO."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from customlabels.vision.backbones import ssd_mobilenet as ssd
from customlabels.vision.weights import Weights


@pytest.fixture(scope="module")
def weights() -> Weights:
    return ssd.load_weights()


def test_maps_and_anchors_are_those_of_the_published_network() -> None:
    assert ssd.map_sizes((300, 300)) == [(19, 19), (10, 10), (5, 5), (3, 3), (2, 2), (1, 1)]
    anchors = ssd.anchors((300, 300))
    assert anchors.boxes.shape == (1917, 4)
    np.testing.assert_allclose(anchors.boxes[0], [7.894737, 7.894737, 30, 30], rtol=1e-5)
    np.testing.assert_allclose(anchors.boxes[-1], [150, 150, 300 * 0.95**0.5, 300 * 0.95**0.5], rtol=1e-5)


@pytest.mark.parametrize("frame", [(300, 300), (256, 352), (241, 367), (64, 64)])
def test_every_frame_gives_an_anchor_for_each_output(weights: Weights, frame: tuple[int, int]) -> None:
    trunk, top, heads = ssd.Trunk(weights, 13).eval(), ssd.Top(weights, 13).eval(), ssd.Heads(weights, [1, 18], frame)
    with torch.no_grad():
        boxes, logits = heads(top(trunk(torch.zeros((2, *frame, 3), dtype=torch.uint8))))
    count = len(ssd.anchors(frame).boxes)
    assert boxes.shape == (2, count, 4)
    assert logits.shape == (2, count, 2)


@pytest.mark.parametrize("cut", [0, 7])
def test_where_the_network_is_cut_makes_no_difference(weights: Weights, cut: int) -> None:
    images = torch.randint(0, 256, (1, 96, 96, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        parts = ssd.Top(weights, cut)(ssd.Trunk(weights, cut)(images))
        reference = ssd.Top(weights, 13)(ssd.Trunk(weights, 13)(images))
    for a, b in zip(parts, reference, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


def test_it_finds_a_clock_where_a_clock_is_drawn(weights: Weights) -> None:
    """COCO's class 85; a wrong layout, padding or normalisation anywhere would lose it."""
    picture = Image.new("RGB", (1200, 1200), (196, 186, 170))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((300, 300, 900, 900), fill="white", outline="black", width=40)
    for hour in range(12):
        angle = np.pi * hour / 6
        x, y = 600 + 220 * np.sin(angle), 600 - 220 * np.cos(angle)
        draw.text((x, y), str(hour or 12), fill="black", font_size=70, anchor="mm")
    draw.line((600, 600, 600, 420), fill="black", width=24)
    draw.line((600, 600, 730, 660), fill="black", width=24)
    pixels = torch.from_numpy(np.array(picture.resize((300, 300), Image.Resampling.BILINEAR)))[None]
    with torch.no_grad():
        maps = ssd.Top(weights, 13)(ssd.Trunk(weights, 13)(pixels))
        boxes, logits = ssd.Heads(weights, range(ssd.COCO_CLASSES), (300, 300))(maps)
    chance = logits[0].softmax(-1)[:, 1:]
    best = int(chance.max(1).values.argmax())
    assert int(chance[best].argmax()) + 1 == 85
    np.testing.assert_allclose(boxes[0, best].numpy(), [75, 75, 225, 225], atol=12)


def test_class_rows_start_labels_less_the_background(weights: Weights) -> None:
    heads = ssd.Heads(weights, [18, 17], (300, 300))
    layer = weights["classes.0.weight"].reshape(3, 91, 576, 3, 3)
    expected = (layer[:, [18, 17]] - layer[:, :1]).reshape(6, 576, 3, 3)
    kernel = heads.classes[0].weight
    assert isinstance(kernel, torch.Tensor)
    np.testing.assert_allclose(kernel.detach().numpy(), expected)
