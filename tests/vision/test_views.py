"""The frame suits the pictures, and the first view is the one that is served."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customlabels.imaging.images import letterbox
from customlabels.vision import views


@pytest.mark.parametrize(
    ("sizes", "frame"),
    [
        ([(400, 400)], (320, 320)),
        ([(384, 512)] * 3, (320, 256)),
        ([(512, 384)] * 3, (256, 320)),
        ([(330, 180), (330, 200), (64, 64)], (256, 384)),
    ],
)
def test_a_frame_has_the_usual_shape_of_the_pictures(sizes: list[tuple[int, int]], frame: tuple[int, int]) -> None:
    assert views.choose_frame(sizes) == frame


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(64, 4096), st.integers(64, 4096)), min_size=1, max_size=5))
def test_a_frame_is_on_the_grid_and_never_much_larger_than_asked(sizes: list[tuple[int, int]]) -> None:
    height, width = views.choose_frame(sizes)
    assert height % views.GRID == width % views.GRID == 0
    assert height * width <= 2 * views.AREA


def test_views_start_with_the_served_picture_and_its_mirror_image() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    made = views.training_views(pixels, (128, 128), 3, np.random.default_rng(1))
    assert made.shape == (5, 128, 128, 3)
    np.testing.assert_array_equal(made[0], letterbox(pixels, (128, 128))[0])
    np.testing.assert_array_equal(made[1], made[0][:, ::-1])
    assert len({view.tobytes() for view in made}) == 5


def test_the_same_random_state_gives_the_same_views() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    first, second = (views.training_views(pixels, (128, 64), 2, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
