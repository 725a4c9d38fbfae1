"""Things cut out of the air: a silhouette gets roundness, is turned and sized, and is put into a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from customlabels.examples.scenes import Field, Rng
from customlabels.manifest.entry import Box

CANVAS = 400
"""Side of the square that things are drawn in, in pixels, before they get their size."""
Paint = NDArray[Any]
"""A colour (3,) or a picture of the canvas's size (H, W, 3), 0 to 255."""
_EDGE = 4
_COARSE = 2
"""Roundness is reckoned on every second pixel: it is smooth."""


def silhouette(*shapes: tuple[str, Sequence[float]], canvas: int = CANVAS) -> Image.Image:
    """A mask (L) of shapes in a square of 100 x 100 units, y down: ("ellipse", x0 y0 x1 y1), ("polygon", x y x y...),
    ("line", width x y x y...), and with a "-" before the name what is cut out of the shapes before it.
    """
    large = canvas * 2
    mask = Image.new("L", (large, large))
    draw = ImageDraw.Draw(mask)
    for name, numbers in shapes:
        fill = 0 if name.startswith("-") else 255
        points = [value * large / 100 for value in numbers]
        match name.lstrip("-"):
            case "ellipse":
                draw.ellipse(points, fill=fill)
            case "polygon":
                draw.polygon(points, fill=fill)
            case "line":
                width, *path = points
                draw.line(path, fill=fill, width=round(width), joint="curve")
                for x, y in zip(path[::2], path[1::2], strict=True):
                    draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=fill)
            case other:
                raise ValueError(f"There is no shape {other!r}.")
    return mask.reduce(2)


def modelled(
    mask: Image.Image, paint: Paint, depth: float = 1.0, round_: float = 0.09, gloss: float = 0.35
) -> Image.Image:
    """The silhouette as a thing with roundness, lit from the upper left, RGBA.

    `depth` says how strong the shading is, `round_` how wide the rounded edge is as a share of the canvas, `gloss` how
    bright the highlight is.
    """
    box = mask.getbbox()
    assert box is not None
    part = mask.crop(box)  # outside of it there is nothing to shade
    coarse = np.asarray(part.reduce(_COARSE), np.float32) / np.float32(255)
    width = round_ * mask.width / _COARSE
    height = _blurred(coarse, max(1, round(width)))
    down, across = np.gradient(height * width * 2.2)
    slope, height = (_fine(values, part.size) for values in (across * 0.6 + down * 0.8, height))
    shade = 1 - depth * 0.45 * np.clip(-slope, 0, 1.6) + depth * 0.22 * np.clip(slope, 0, 1.2) - 0.04 * depth
    shine = np.clip(height - 0.62, 0, 1) * np.exp(-(((slope - 0.28) / 0.16) ** 2)) * 255 * gloss * 2
    cover = paint[box[1] : box[3], box[0] : box[2]] if paint.ndim == 3 else paint
    values = cover * shade[..., None] + shine[..., None]
    cut = Image.new("RGBA", mask.size)
    cut.paste(Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)), box[:2])
    cut.putalpha(mask)
    return cut


def flat(mask: Image.Image, paint: Paint) -> Image.Image:
    """The silhouette in one colour (3,), RGBA."""
    cut = Image.new("RGBA", mask.size, tuple(int(value) for value in paint))
    cut.putalpha(mask)
    return cut


def stacked(*layers: Image.Image) -> Image.Image:
    """Layers of one size, RGBA, the first at the bottom."""
    result = layers[0].copy()
    for layer in layers[1:]:
        result.alpha_composite(layer)
    return result


def inside(layer: Image.Image, mask: Image.Image) -> Image.Image:
    """The part of a layer that lies inside the silhouette."""
    result = layer.copy()
    result.putalpha(ImageChops.multiply(layer.getchannel("A"), mask))
    return result


def sized(sprite: Image.Image, side: int, angle: float = 0.0, squeeze: float = 1.0) -> Image.Image:
    """The thing turned by `angle` degrees, cut to what is seen of it, its longer side being `side` pixels.

    `squeeze` is the width that is left of it before it is turned, as a share: a thing seen from the side.
    """
    thing = sprite.convert("RGBa")
    if squeeze != 1.0:
        thing = thing.resize((max(1, round(thing.width * squeeze)), thing.height), Image.Resampling.BICUBIC)
    if angle:
        thing = thing.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    thing = thing.crop(_seen(thing.getchannel("a")))
    scale = side / max(thing.size)
    size = (max(1, round(thing.width * scale)), max(1, round(thing.height * scale)))
    return thing.resize(size, Image.Resampling.LANCZOS).convert("RGBA")


def free_place(
    frame: tuple[int, int], size: tuple[int, int], taken: Sequence[Box], rng: Rng, overlap: float = 0.0
) -> tuple[int, int] | None:
    """Left and top of a place in the frame for a thing of this size, None where eighty tries find none.

    `overlap` is the share of the width or height by which it may reach into a taken box.
    """
    for _ in range(80):
        left = int(rng.integers(_EDGE, max(_EDGE + 1, frame[0] - size[0] - _EDGE)))
        top = int(rng.integers(_EDGE, max(_EDGE + 1, frame[1] - size[1] - _EDGE)))
        x, y = size[0] * overlap, size[1] * overlap
        if not any(
            left + x < box.left + box.width
            and box.left < left + size[0] - x
            and top + y < box.top + box.height
            and box.top < top + size[1] - y
            for box in taken
        ):
            return left, top
    return None


def put(image: Image.Image, sprite: Image.Image, left: int, top: int, shadow: float = 0.4) -> None:
    """Paint the thing into the picture, with a soft shadow to the lower right of it (0: none)."""
    if shadow:
        spread = max(2, sprite.width // 28)
        room = 4 * spread
        dark = Image.new("L", (sprite.width + 2 * room, sprite.height + 2 * room))
        dark.paste(sprite.getchannel("A"), (room, room))
        dark = dark.filter(ImageFilter.GaussianBlur(spread)).point([int(v * shadow) for v in range(256)])
        image.paste((12, 14, 18), (left - room + spread, top - room + round(1.3 * spread)), dark)
    image.paste(sprite, (left, top), sprite)


def _fine(values: Field, size: tuple[int, int]) -> Field:
    return np.asarray(Image.fromarray(np.asarray(values, np.float32)).resize(size, Image.Resampling.BILINEAR))


def _blurred(values: Field, radius: int) -> Field:
    """About a Gaussian blur of this radius, in float32: steps of eight bits would show as rings."""
    for _ in range(3):
        for axis in (0, 1):
            room = [(radius + 1, radius) if i == axis else (0, 0) for i in (0, 1)]
            total = np.cumsum(np.pad(values, room), axis=axis, dtype=np.float64)
            length = values.shape[axis]
            ahead = np.take(total, np.arange(2 * radius + 1, 2 * radius + 1 + length), axis)
            behind = np.take(total, np.arange(length), axis)
            values = ((ahead - behind) / (2 * radius + 1)).astype(np.float32)
    return values


def _seen(alpha: Image.Image) -> tuple[int, int, int, int]:
    box = alpha.point([0] * 64 + [255] * 192).getbbox()
    assert box is not None
    return box
