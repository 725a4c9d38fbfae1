"""Pictures anyone could label: discs and crosses on a mottled ground."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from customlabels.manifest.entry import Box, Dataset, Entry

LABELS = ("disc", "cross")


def shape_picture(names: Sequence[str], seed: int, size: tuple[int, int] = (240, 180)) -> tuple[bytes, tuple[Box, ...]]:
    """A PNG with one figure for each name, and their boxes."""
    rng = np.random.default_rng(seed)
    ground = rng.integers(90, 170, (9, 12, 3), dtype=np.uint8)
    image = Image.fromarray(ground).resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    boxes = []
    for i, name in enumerate(names):
        side = int(rng.integers(50, 80))
        slot = size[0] // max(1, len(names))
        x = int(rng.integers(i * slot, max(i * slot + 1, (i + 1) * slot - side)))
        y = int(rng.integers(0, size[1] - side))
        if name == "disc":
            draw.ellipse((x, y, x + side, y + side), fill=(200, 30, 40), outline="white", width=4)
        else:
            third = side // 3
            draw.rectangle((x + third, y, x + 2 * third, y + side), fill=(30, 60, 210))
            draw.rectangle((x, y + third, x + side, y + 2 * third), fill=(30, 60, 210))
        boxes.append(Box(name, x, y, side, side))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue(), tuple(boxes)


def shape_dataset(pictures: Sequence[Sequence[str]], seed: int = 0, *, boxed: bool) -> Dataset:
    """A dataset of shape pictures in memory, with boxes or with labels of whole images."""
    files: dict[str, bytes] = {}
    entries = []
    for i, names in enumerate(pictures):
        data, boxes = shape_picture(names, 1000 * seed + i)
        ref = f"images/{seed}-{i}.png"
        files[ref] = data
        labels = () if boxed else tuple(dict.fromkeys(names))
        entries.append(Entry(ref, labels, boxes if boxed else None, 240, 180, line=i + 1))
    return Dataset(tuple(entries), LABELS, files.__getitem__)
