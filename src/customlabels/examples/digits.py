"""A set that needs no download: handwritten digits on photographs and textures, all of them out of installed wheels.

The digits are scikit-learn's (8 x 8 pixels, 1,797 of them), the backgrounds scikit-image's (extra `[examples]`).
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from customlabels.manifest.entry import Box

LABELS = ("Zero", "Two", "Four", "Six", "Seven")
TRAIN, TEST = 48, 12
_VALUES = (0, 2, 4, 6, 7)
_BACKGROUNDS = (
    "astronaut.png",
    "brick.png",
    "chelsea.png",
    "coffee.png",
    "grass.png",
    "gravel.png",
    "ihc.png",
    "motorcycle_left.png",
    "rocket.jpg",
)
_COLOURS = ("#ffffff", "#ffd83d", "#ff5a36", "#37e2d5", "#a4f04c", "#ff8fd0")
_SIZE = (480, 360)
_SIDES = (80, 170)  # pixels, of the square that a digit was written in
_VERSION = 1  # of what is drawn: part of the cache's key


@dataclass(frozen=True)
class Picture:
    """A drawn picture and where its digits are."""

    image: Image.Image
    boxes: tuple[Box, ...]


def digits_folder(cache: Path, seed: int = 0) -> Path:
    """A folder in `cache` with `images/`, `train.manifest` and `test.manifest`, drawn unless it is there already.

    Raises ImportError where scikit-learn or scikit-image is missing, OSError where the folder cannot be written.
    """
    folder = cache / "examples" / f"digits-{_VERSION}-{seed}"
    if (folder / "test.manifest").is_file():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / "digits"
        (made / "images").mkdir(parents=True)
        lines = []
        for i, picture in enumerate(draw(TRAIN + TEST, seed)):
            name = f"images/{i:02}.jpg"
            picture.image.save(made / name, quality=92)
            lines.append(json.dumps(_line(name, picture)) + "\n")
        (made / "train.manifest").write_text("".join(lines[:TRAIN]), encoding="utf-8")
        (made / "test.manifest").write_text("".join(lines[TRAIN:]), encoding="utf-8")
        os.replace(made, folder)
    return folder


def draw(count: int, seed: int = 0) -> list[Picture]:
    """`count` pictures with one to three digits each; the same pictures for the same seed and versions of the wheels.

    Labels and backgrounds take turns, and no two digits of a set come from the same hand-written sample.
    """
    from sklearn.datasets import load_digits

    rng = np.random.default_rng(seed)
    data = load_digits()
    samples = [list(rng.permutation(np.flatnonzero(data.target == value))) for value in _VALUES]
    backgrounds = [texture(name) for name in _BACKGROUNDS]
    pictures = []
    turn = 0
    for i in range(count):
        picture = Picture(cutting(backgrounds[i % len(backgrounds)], rng), ())
        for _ in range(int(rng.integers(1, 4))):
            glyph = drawn_digit(data.images[samples[turn % len(LABELS)].pop()], rng)
            picture = with_digit(picture, glyph, LABELS[turn % len(LABELS)], rng)
            turn += 1
        pictures.append(picture)
    return pictures


def texture(name: str) -> Image.Image:
    """A picture of scikit-image's wheel, read without importing the package (whose loader may download)."""
    for file in importlib.metadata.files("scikit-image") or []:
        if file.match(f"skimage/data/{name}"):
            return Image.open(Path(str(file.locate()))).convert("RGB")
    raise ImportError(f"scikit-image has no picture {name}: pip install 'customlabels[examples]'.")


def cutting(background: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A random part of the background at the set's size, mirrored half of the time."""
    scale = min(background.width / _SIZE[0], background.height / _SIZE[1]) * rng.uniform(0.6, 1.0)
    width, height = _SIZE[0] * scale, _SIZE[1] * scale
    left, top = rng.uniform(0, background.width - width), rng.uniform(0, background.height - height)
    part = background.resize(_SIZE, Image.Resampling.BICUBIC, box=(left, top, left + width, top + height))
    return part.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else part


def drawn_digit(values: NDArray[Any], rng: np.random.Generator) -> Image.Image:
    """The ink of a digit (8 x 8, 0 to 16) as an opacity mask: enlarged smoothly, turned a little, cut to its ink."""
    side = int(rng.integers(*_SIDES))
    ink = Image.fromarray(np.clip(values * 16, 0, 255).astype(np.uint8))
    padded = Image.new("L", (12, 12))
    padded.paste(ink, (2, 2))
    large = padded.resize((side * 12 // 8 * 2, side * 12 // 8 * 2), Image.Resampling.LANCZOS)
    turned = large.rotate(rng.uniform(-15, 15), Image.Resampling.BICUBIC)
    # A steep ramp around half ink gives the stroke an edge; halving the size then smooths it.
    edge = turned.point([min(255, max(0, (value - 112) * 8)) for value in range(256)])
    mask = edge.resize((edge.width // 2, edge.height // 2), Image.Resampling.LANCZOS)
    return mask.crop(mask.point([0] * 128 + [255] * 128).getbbox())


def with_digit(picture: Picture, glyph: Image.Image, label: str, rng: np.random.Generator) -> Picture:
    """The picture with one more digit, if a free place is found in fifty tries; digits do not overlap."""
    image = picture.image
    for _ in range(50):
        left = int(rng.integers(4, image.width - glyph.width - 4))
        top = int(rng.integers(4, image.height - glyph.height - 4))
        box = Box(label, left, top, glyph.width, glyph.height)
        if not any(_touch(box, other) for other in picture.boxes):
            break
    else:
        return picture
    painted = image.copy()
    shadow = glyph.point([value * 3 // 5 for value in range(256)])
    painted.paste("#101418", (left + 2, top + 2), shadow)
    painted.paste(str(rng.choice(_COLOURS)), (left, top), glyph)
    return Picture(painted, (*picture.boxes, box))


def _touch(a: Box, b: Box) -> bool:
    return (
        a.left < b.left + b.width + 4
        and b.left < a.left + a.width + 4
        and a.top < b.top + b.height + 4
        and b.top < a.top + a.height + 4
    )


def _line(name: str, picture: Picture) -> dict[str, Any]:
    """The picture as a line of a Ground Truth manifest."""
    annotations = [
        {
            "class_id": LABELS.index(box.label),
            "left": int(box.left),
            "top": int(box.top),
            "width": int(box.width),
            "height": int(box.height),
        }
        for box in picture.boxes
    ]
    width, height = picture.image.size
    return {
        "source-ref": name,
        "bounding-box": {"image_size": [{"width": width, "height": height, "depth": 3}], "annotations": annotations},
        "bounding-box-metadata": {
            "objects": [{"confidence": 1} for _ in annotations],
            "class-map": {str(i): label for i, label in enumerate(LABELS)},
            "type": "groundtruth/object-detection",
            "human-annotated": "no",
            "creation-date": "2026-01-01T00:00:00.000000",
            "job-name": "labeling-job/digits",
        },
    }
