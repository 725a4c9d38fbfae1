import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from customlabels.imaging.boxes import iou
from customlabels.vision.matching import IOU, match
from customlabels.vision.predictions import Boxed


def boxed(*rows: tuple[tuple[float, float, float, float], int, float]) -> Boxed:
    return Boxed(
        np.array([box for box, _, _ in rows], np.float32).reshape(-1, 4),
        np.array([label for _, label, _ in rows], np.int64),
        np.array([score for _, _, score in rows], np.float32),
    )


# A coarse grid makes equal confidences, equal overlaps and crowds common.
corner = st.integers(0, 4).map(lambda v: 10.0 * v)
side = st.integers(1, 3).map(lambda v: 10.0 * v)
box = st.tuples(corner, corner, side, side).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))
row = st.tuples(box, st.integers(0, 1), st.integers(0, 6).map(lambda c: c / 6))
crowd = st.lists(row, max_size=8).map(lambda rows: boxed(*rows))


def by_the_book(truth: Boxed, predicted: Boxed) -> list[int]:
    """Spec §4.3 word for word: by confidence, each takes the unmatched truth of its label with the highest IoU."""
    found = [-1] * len(predicted)
    free = set(range(len(truth)))
    for p in sorted(range(len(predicted)), key=lambda p: -predicted.scores[p]):
        overlap = iou(predicted.boxes[p : p + 1], truth.boxes)[0]
        candidates = [t for t in sorted(free) if truth.classes[t] == predicted.classes[p] and overlap[t] >= IOU]
        if candidates:
            found[p] = max(candidates, key=lambda t: overlap[t])
            free.remove(found[p])
    return found


@settings(deadline=None)
@given(st.lists(st.tuples(crowd, crowd), max_size=4))
def test_it_is_the_greedy_matching_of_the_specification(images: list[tuple[Boxed, Boxed]]) -> None:
    found = match([truth for truth, _ in images], [predicted for _, predicted in images])
    assert found.tolist() == [index for image in images for index in by_the_book(*image)]


@settings(deadline=None)
@given(crowd, crowd, st.integers(0, 6).map(lambda c: np.float32(c / 6)))
def test_matching_what_is_above_a_threshold_gives_the_same_pairs(
    truth: Boxed, predicted: Boxed, threshold: np.float32
) -> None:
    kept = predicted.scores >= threshold
    filtered = Boxed(predicted.boxes[kept], predicted.classes[kept], predicted.scores[kept])
    assert match([truth], [filtered]).tolist() == match([truth], [predicted])[kept].tolist()


def test_a_second_box_on_the_same_object_finds_nothing() -> None:
    truth = boxed(((0, 0, 10, 10), 0, 1.0))
    twice = boxed(((0, 0, 10, 9), 0, 0.6), ((0, 0, 10, 10), 0, 0.9))
    assert match([truth], [twice]).tolist() == [-1, 0]


def test_names_must_agree_and_half_an_overlap_is_enough() -> None:
    truth = boxed(((0, 0, 10, 10), 0, 1.0))
    assert match([truth], [boxed(((0, 0, 10, 10), 1, 0.9))]).tolist() == [-1]
    assert match([truth], [boxed(((0, 0, 10, 5), 0, 0.9))]).tolist() == [0]
    assert match([truth], [boxed(((0, 0, 10, 4.9), 0, 0.9))]).tolist() == [-1]


def test_each_image_has_its_own_boxes() -> None:
    here, elsewhere = boxed(((0, 0, 10, 10), 0, 1.0)), boxed(((50, 50, 60, 60), 0, 1.0))
    assert match([here, elsewhere], [elsewhere, here]).tolist() == [-1, -1]
    assert match([here, boxed(), here], [here, here, here]).tolist() == [0, -1, 0]
