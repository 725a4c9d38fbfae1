"""What is derived from the data before a detector is trained."""

from __future__ import annotations

import numpy as np
import pytest

from customlabels.imaging.boxes import as_boxes
from customlabels.vision.plan import LEAST_VIEWS, MOST_VIEWS, choose_frame, make_plan
from customlabels.vision.predictions import Boxed
from customlabels.vision.samples import Sample


def sample(width: int, height: int, side: float) -> Sample:
    truth = Boxed(as_boxes([(0, 0, side, side)]), np.zeros(1, np.int64), np.ones(1, np.float32))
    return Sample("a.png", bytes, width, height, np.ones(1, bool), truth)


@pytest.mark.parametrize(
    ("width", "height", "side", "frame"),
    [
        (400, 400, 100, (304, 304)),
        (640, 480, 200, (256, 352)),
        (480, 640, 200, (352, 256)),
        (1280, 720, 60, (448, 800)),
        (5000, 100, 50, (432, 848)),
    ],
)
def test_the_frame_has_the_pictures_shape_and_room_for_their_small_boxes(
    width: int, height: int, side: float, frame: tuple[int, int]
) -> None:
    assert choose_frame([sample(width, height, side)] * 4) == frame


def test_smaller_boxes_never_get_a_smaller_frame() -> None:
    areas = [np.prod(choose_frame([sample(640, 480, side)] * 3)) for side in (300, 80, 60, 40, 20, 5)]
    assert areas == sorted(areas)
    assert areas[-1] == areas[-2]


def test_without_any_box_there_is_still_a_frame() -> None:
    empty = Boxed(as_boxes([]), np.zeros(0, np.int64), np.zeros(0, np.float32))
    assert choose_frame([Sample("a", bytes, 300, 300, np.zeros(1, bool), empty)]) == (304, 304)


def test_what_the_network_knows_is_trained_less_deep() -> None:
    samples = [sample(300, 300, 100)] * 10
    assert make_plan(samples, (300, 300), 0.9, "balanced").cut > make_plan(samples, (300, 300), 0.1, "balanced").cut


def test_effort_buys_views_within_bounds() -> None:
    samples = [sample(300, 300, 100)]
    views = [make_plan(samples * 100, (300, 300), 0, effort).views for effort in ("fast", "balanced", "best")]
    assert views == sorted(views)
    assert views[0] < views[2]
    assert make_plan(samples * 2, (300, 300), 0, "balanced").views == MOST_VIEWS["balanced"]
    assert make_plan(samples * 100_000, (300, 300), 0, "balanced").views == LEAST_VIEWS


def test_crowded_pictures_get_a_larger_frame_within_the_bound() -> None:
    def crowd(count: int, side: float) -> Sample:
        truth = Boxed(as_boxes([(0, 0, side, side)] * count), np.zeros(count, np.int64), np.ones(count, np.float32))
        return Sample("a.png", bytes, 640, 480, np.ones(1, bool), truth)

    assert choose_frame([crowd(3, 200)] * 4) == (256, 352)
    assert choose_frame([crowd(20, 200)] * 4) == (384, 512)
    assert choose_frame([crowd(20, 5)] * 4) == choose_frame([crowd(3, 5)] * 4)  # as large as frames get


def test_very_large_frames_get_fewer_views() -> None:
    samples = [sample(640, 480, 100)] * 100
    small, medium, large = (
        make_plan(samples, frame, 0, "balanced").views for frame in [(304, 304), (384, 512), (608, 608)]
    )
    assert small == medium
    assert large < small
