"""Random views move pictures and boxes alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customlabels.imaging.boxes import as_boxes
from customlabels.vision.augment import SMALLEST, Recipe, random_view

PLAIN = Recipe(brightness=0, contrast=0, saturation=0, tint=0, grey=0)


def picture(width: int, height: int, box: tuple[int, int, int, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Black, with one white rectangle."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    x0, y0, x1, y1 = box
    pixels[y0:y1, x0:x1] = 255
    return pixels


@given(seed=st.integers(0, 10_000), width=st.integers(80, 300), height=st.integers(80, 300))
def test_boxes_follow_their_pixels(seed: int, width: int, height: int) -> None:
    box = (width // 3, height // 4, width // 3 + width // 4, height // 4 + height // 3)
    rng = np.random.default_rng(seed)
    view, boxes, kept = random_view(picture(width, height, box), as_boxes([box]), (96, 128), PLAIN, rng)
    assert view.shape == (96, 128, 3)
    assert len(boxes) == len(kept) <= 1
    white = np.argwhere(view[..., 0] > 200)  # borders are darker than that
    if len(boxes):
        y0, x0 = white.min(0)
        y1, x1 = white.max(0) + 1
        np.testing.assert_allclose(boxes[0], [x0, y0, x1, y1], atol=2.5)
        assert (boxes[0, 2:] - boxes[0, :2] >= SMALLEST).all()


def test_the_same_generator_gives_the_same_view() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (120, 90, 3), dtype=np.uint8)
    views = [random_view(pixels, as_boxes([]), (64, 64), Recipe(), np.random.default_rng(7))[0] for _ in range(2)]
    np.testing.assert_array_equal(views[0], views[1])


def test_a_box_that_is_mostly_outside_is_left_out() -> None:
    recipe = Recipe(scale=(4.0, 4.0), aspect=0, mirror=0)
    pixels = np.zeros((100, 100, 3), dtype=np.uint8)
    kept = [
        len(random_view(pixels, as_boxes([(0, 0, 10, 10)]), (100, 100), recipe, np.random.default_rng(seed))[2])
        for seed in range(50)
    ]
    assert 0 < sum(kept) < 25


@pytest.mark.parametrize("setting", ["brightness", "contrast", "saturation", "tint", "grey"])
def test_every_colour_setting_changes_colours(setting: str) -> None:
    pixels = np.random.default_rng(0).integers(60, 190, (64, 64, 3), dtype=np.uint8)
    still = {"scale": (1.0, 1.0), "aspect": 0.0, "mirror": 0.0}
    recipes = [Recipe(**{**vars(PLAIN), **still}), Recipe(**{**vars(PLAIN), **still, setting: 0.9})]
    before, after = (random_view(pixels, as_boxes([]), (64, 64), r, np.random.default_rng(3))[0] for r in recipes)
    assert np.abs(before.astype(int) - after).mean() > 2
