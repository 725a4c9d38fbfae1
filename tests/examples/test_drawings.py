"""Drawn sets: the same pictures for the same seed, labels as declared, boxes inside their pictures."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest

from customlabels.examples.catalogue import EXAMPLES
from customlabels.examples.dogs import DOGS
from customlabels.examples.drawn import Drawing, Drawn
from customlabels.examples.emblem import EMBLEM
from customlabels.examples.fruit import FRUIT
from customlabels.examples.things import THINGS

DRAWINGS = (DOGS, FRUIT, THINGS, EMBLEM)


def some(drawing: Drawing, count: int = 6, seed: int = 0) -> list[Drawn]:
    return list(islice(drawing.draw(seed), count))


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda drawing: drawing.name)
def test_the_same_seed_draws_the_same_pictures(drawing: Drawing) -> None:
    first, again, other = some(drawing, 2), some(drawing, 2), some(drawing, 2, seed=1)
    assert [drawn.image.tobytes() for drawn in first] == [drawn.image.tobytes() for drawn in again]
    assert [(d.labels, d.boxes) for d in first] == [(d.labels, d.boxes) for d in again]
    assert first[1].image.tobytes() != other[1].image.tobytes()


def test_pictures_of_fruit_have_one_label_and_take_turns() -> None:
    assert [drawn.labels for drawn in some(FRUIT)] == [(label,) for label in EXAMPLES["fruit"].labels] * 2


def test_pictures_of_objects_have_several_labels_and_miss_none() -> None:
    pictures = some(THINGS)
    assert all(2 <= len(drawn.labels) <= 4 for drawn in pictures)
    assert {label for drawn in pictures for label in drawn.labels} == set(EXAMPLES["objects"].labels)


@pytest.mark.parametrize(
    "drawing", [DOGS, replace(EMBLEM, picture=lambda rng, i: EMBLEM.picture(rng, i + EMBLEM.train))]
)
def test_boxes_lie_inside_their_pictures(drawing: Drawing) -> None:
    for drawn in some(drawing):
        assert drawn.boxes
        for box in drawn.boxes:
            x0, y0, x1, y1 = box.corners
            assert box.label in drawing.labels
            assert 0 <= x0 < x1 <= drawn.image.width
            assert 0 <= y0 < y1 <= drawn.image.height
