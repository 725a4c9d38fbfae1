"""What is left of a detection network's raw output."""

from __future__ import annotations

import numpy as np

from customlabels.imaging.boxes import Letterbox, as_boxes
from customlabels.vision.postprocess import MOST_BOXES, to_boxed

NOWHERE = Letterbox(1.0, 0.0, 0.0)


def test_of_two_boxes_on_one_thing_the_more_confident_stays_and_other_labels_are_untouched() -> None:
    boxes = as_boxes([(0, 0, 10, 10), (1, 0, 11, 10), (30, 30, 40, 40)])
    confidence = np.array([[0.5, 0.0], [0.9, 0.4], [0.0, 0.7]], dtype=np.float32)
    found = to_boxed(boxes, confidence, NOWHERE, 100, 100)
    assert found.classes.tolist() == [0, 1, 1]
    np.testing.assert_allclose(found.scores, [0.9, 0.7, 0.4])
    np.testing.assert_allclose(found.boxes[0], [1, 0, 11, 10])


def test_boxes_return_to_the_image_and_are_cut_to_it() -> None:
    placement = Letterbox.fit(200, 100, (100, 100))
    found = to_boxed(as_boxes([(-5, 25, 50, 75)]), np.array([[0.8]], np.float32), placement, 200, 100)
    np.testing.assert_allclose(found.boxes, [[0, 0, 100, 100]])


def test_noise_is_dropped_and_the_number_of_boxes_bounded() -> None:
    corners = np.arange(1000, dtype=np.float32)[:, None] * 20
    boxes = np.concatenate([corners, corners, corners + 10, corners + 10], 1)
    confidence = np.linspace(0, 1, 1000, dtype=np.float32)[:, None]
    found = to_boxed(boxes, confidence, NOWHERE, 30_000, 30_000)
    assert len(found) == MOST_BOXES
    assert found.scores[0] == 1
    nothing = to_boxed(boxes, np.full((1000, 1), 0.0004, np.float32), NOWHERE, 30_000, 30_000)
    assert len(nothing) == 0
    assert nothing.boxes.shape == (0, 4)
