"""The pretrained network says which of its classes come closest, and whether it knows such things at all."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw

from customlabels.imaging.boxes import as_boxes
from customlabels.vision.backbones import ssd_mobilenet as ssd
from customlabels.vision.pictures import Pictures
from customlabels.vision.predictions import Boxed
from customlabels.vision.samples import Sample
from customlabels.vision.survey import survey

CLOCK = 85
"""COCO's number for a clock."""


def clock(seed: int) -> Sample:
    """A clock face on a plain wall."""
    rng = np.random.default_rng(seed)
    x, y, radius = int(rng.integers(250, 350)), int(rng.integers(250, 350)), 150
    picture = Image.new("RGB", (600, 600), (196, 186, 170))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill="white", outline="black", width=20)
    for hour in range(12):
        angle = np.pi * hour / 6
        place = (x + 110 * np.sin(angle), y - 110 * np.cos(angle))
        draw.text(place, str(hour or 12), fill="black", font_size=35, anchor="mm")
    draw.line((x, y, x, y - 90), fill="black", width=12)
    draw.line((x, y, x + 65, y + 30), fill="black", width=12)
    return sample(picture, (x - radius, y - radius, x + radius, y + radius))


def noise(seed: int) -> Sample:
    """A labelled patch of nothing."""
    rng = np.random.default_rng(seed)
    return sample(Image.fromarray(rng.integers(0, 256, (600, 600, 3), dtype=np.uint8)), (200, 220, 330, 340))


def sample(picture: Image.Image, box: tuple[int, int, int, int]) -> Sample:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    truth = Boxed(as_boxes([box]), np.zeros(1, np.int64), np.ones(1, np.float32))
    return Sample("a.png", stream.getvalue, 600, 600, np.ones(1, bool), truth)


def look(samples: list[Sample]) -> tuple[tuple[int, ...], float]:
    with Pictures([s.read for s in samples], 450) as pictures:
        found = survey(ssd.load_weights(), samples, pictures, 1, (304, 304))
    return found.classes, found.familiarity


def test_clocks_are_known() -> None:
    classes, familiarity = look([clock(seed) for seed in range(3)])
    assert classes == (CLOCK,)
    assert familiarity > 0.4


def test_noise_is_not() -> None:
    classes, familiarity = look([noise(seed) for seed in range(3)])
    assert 1 <= classes[0] < ssd.COCO_CLASSES
    assert familiarity < 0.2


def test_pictures_without_boxes_say_nothing() -> None:
    empty = Boxed(as_boxes([]), np.zeros(0, np.int64), np.zeros(0, np.float32))
    bare = [Sample("a.png", clock(0).read, 600, 600, np.zeros(1, bool), empty)]
    _, familiarity = look(bare)
    assert familiarity == 0.0
