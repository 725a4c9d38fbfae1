"""Box geometry, checked by hand-made cases and by what must hold for all boxes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customlabels.imaging.boxes import Boxes, Letterbox, area, as_boxes, clip, intersection, iou, nms

sides = st.integers(1, 400)
box = st.tuples(st.integers(-50, 500), st.integers(-50, 500), sides, sides).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
boxes = st.lists(box, max_size=12).map(as_boxes)


def slow_iou(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """By counting whole pixels that both, or either, cover."""
    pixels_a = {(x, y) for x in range(int(a[0]), int(a[2])) for y in range(int(a[1]), int(a[3]))}
    pixels_b = {(x, y) for x in range(int(b[0]), int(b[2])) for y in range(int(b[1]), int(b[3]))}
    return len(pixels_a & pixels_b) / len(pixels_a | pixels_b)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
        ((0, 0, 10, 10), (10, 0, 20, 10), 0.0),  # they touch
        ((0, 0, 10, 10), (5, 0, 15, 10), 1 / 3),
        ((0, 0, 10, 10), (2, 2, 4, 4), 0.04),
        ((0, 0, 0, 0), (0, 0, 0, 0), 0.0),  # nothing over nothing
        ((10, 10, 0, 0), (0, 0, 10, 10), 0.0),  # inside out
    ],
)
def test_iou_of_known_pairs(a: tuple[float, ...], b: tuple[float, ...], expected: float) -> None:
    assert iou(as_boxes([a]), as_boxes([b]))[0, 0] == pytest.approx(expected)


@given(st.tuples(*[st.integers(0, 12)] * 4), st.tuples(*[st.integers(0, 12)] * 4))
def test_iou_is_what_counting_pixels_gives(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    first, second = (a[0], a[1], a[0] + a[2] + 1, a[1] + a[3] + 1), (b[0], b[1], b[0] + b[2] + 1, b[1] + b[3] + 1)
    assert iou(as_boxes([first]), as_boxes([second]))[0, 0] == pytest.approx(slow_iou(first, second), abs=1e-6)


@given(boxes, boxes)
def test_iou_is_symmetric_and_between_0_and_1(a: Boxes, b: Boxes) -> None:
    ab = iou(a, b)
    assert ab.shape == (len(a), len(b))
    assert ((ab >= 0) & (ab <= 1 + 1e-6)).all()
    np.testing.assert_allclose(ab, iou(b, a).T, rtol=1e-6)
    np.testing.assert_allclose(np.diag(iou(a, a)), 1, rtol=1e-6)


@given(boxes)
def test_the_intersection_of_a_box_with_itself_is_its_area(a: Boxes) -> None:
    np.testing.assert_allclose(np.diag(intersection(a, a)), area(a))


@given(boxes)
def test_clipped_boxes_are_inside_and_clipping_again_changes_nothing(a: Boxes) -> None:
    inside = clip(a, 300, 200)
    assert (inside[:, 0::2] >= 0).all()
    assert (inside[:, 0::2] <= 300).all()
    assert (inside[:, 1::2] <= 200).all()
    np.testing.assert_array_equal(clip(inside, 300, 200), inside)


def test_no_boxes_have_four_columns() -> None:
    assert as_boxes([]).shape == (0, 4)
    assert iou(as_boxes([]), as_boxes([(0, 0, 1, 1)])).shape == (0, 1)
    assert nms(as_boxes([]), np.zeros(0, np.float32), 0.5).tolist() == []


def test_nms_keeps_the_best_of_a_cluster() -> None:
    found = as_boxes([(0, 0, 10, 10), (1, 0, 11, 10), (50, 50, 60, 60), (0, 1, 10, 11)])
    scores = np.array([0.5, 0.9, 0.3, 0.8], np.float32)
    assert nms(found, scores, 0.5).tolist() == [1, 2]


@given(boxes, st.integers(0, 2**31), st.sampled_from([0.0, 0.3, 0.5, 0.9]))
def test_nms_leaves_no_overlap_and_explains_each_box_it_takes_away(found: Boxes, seed: int, threshold: float) -> None:
    scores = np.random.default_rng(seed).random(len(found), dtype=np.float32)
    kept = nms(found, scores, threshold)
    assert np.all(np.diff(scores[kept]) <= 0)
    between = iou(found[kept], found[kept])
    np.fill_diagonal(between, 0)
    assert (between <= threshold).all()
    for i in set(range(len(found))) - set(kept.tolist()):
        better = kept[scores[kept] >= scores[i]]
        assert (iou(found[i : i + 1], found[better]) > threshold).any()


@given(st.integers(1, 5000), st.integers(1, 5000), st.sampled_from([(300, 300), (320, 512), (608, 416)]), boxes)
def test_letterbox_centres_the_image_and_can_be_undone(
    width: int, height: int, frame: tuple[int, int], found: Boxes
) -> None:
    placement = Letterbox.fit(width, height, frame)
    whole = placement.apply(as_boxes([(0, 0, width, height)]))[0]
    assert whole == pytest.approx(
        [placement.dx, placement.dy, frame[1] - placement.dx, frame[0] - placement.dy], abs=0.01
    )
    assert min(placement.dx, placement.dy) == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(placement.invert(placement.apply(found)), found, atol=0.05)
