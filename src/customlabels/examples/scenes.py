"""Backgrounds that are drawn: walls, wood, grass, tiles, cloth, lights out of focus, and the light on the whole."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

SIZE = (480, 360)
"""Width and height of the drawn pictures, in pixels."""

Rng = np.random.Generator
Field = NDArray[np.float32]
"""(H, W) float32."""

_WALLS = ("#d9d2c5", "#b8c7d3", "#c9d6c0", "#e3cfc0", "#8f9aa6", "#d8d3e0", "#f0e7d3", "#a7b8a5", "#7d8791")
_WOODS = ("#a9794b", "#c49a6c", "#8a5f3c", "#d8b98c", "#6e4c33")
_CLOTHS = ("#c94f4f", "#4f74c9", "#5b9e6d", "#c9a24f", "#8d6bb0", "#4fa3ad", "#e4e0d6")


def noise(rng: Rng, size: tuple[int, int], cells: tuple[float, float]) -> Field:
    """Smooth random values in about [-1, 1], (height, width) for a size of (width, height).

    `cells` are the width and height of the coarsest blots, in pixels; two finer layers are added.
    """
    width, height = size
    total = np.zeros((height, width), np.float32)
    for octave in range(3):
        columns = max(2, round(width / cells[0] * 2**octave) + 1)
        rows = max(2, round(height / cells[1] * 2**octave) + 1)
        coarse = rng.uniform(-1, 1, (min(rows, height), min(columns, width))).astype(np.float32)
        total += np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)) / 2**octave
    return total / 1.5


def background(rng: Rng, size: tuple[int, int] = SIZE) -> Image.Image:
    """A background of a random kind and colour, RGB."""
    kind = _KINDS[int(rng.integers(len(_KINDS)))]
    return kind(rng, size)


def lit(image: Image.Image, rng: Rng) -> Image.Image:
    """The picture as a camera takes it: brighter on one side, darker to the corners, a tint, grain, a little blur."""
    width, height = image.size
    across, down = _grid(width, height)
    angle = rng.uniform(0, 2 * np.pi)
    slope = rng.uniform(0.0, 0.28) * (np.cos(angle) * across + np.sin(angle) * down)
    corners = rng.uniform(0.0, 0.16) * (across**2 + down**2)
    gain = (rng.uniform(0.86, 1.12) * (1 + slope - corners))[..., None] * rng.uniform(0.95, 1.05, 3)
    soft = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.0, 0.9))))
    grain = rng.normal(0, rng.uniform(1.0, 5.0), (height, width, 1)).astype(np.float32)
    return _image(np.asarray(soft, np.float32) * gain.astype(np.float32) + grain)


def colour(name: str, rng: Rng, spread: float = 14.0) -> NDArray[np.float32]:
    """A colour like the one of this name, (3,) float32 of 0 to 255."""
    return np.clip(np.array(_rgb(name), np.float32) + rng.normal(0, spread, 3).astype(np.float32), 0, 255)


def pick(names: tuple[str, ...], rng: Rng) -> str:
    """One of the names."""
    return names[int(rng.integers(len(names)))]


@cache
def _rgb(name: str) -> tuple[int, int, int]:
    return tuple(int(name[i : i + 2], 16) for i in (1, 3, 5))  # type: ignore[return-value]


@cache
def _grid(width: int, height: int) -> tuple[Field, Field]:
    """Across and down from -1 to 1, (H, W) each."""
    down, across = np.meshgrid(
        np.linspace(-1, 1, height, dtype=np.float32), np.linspace(-1, 1, width, dtype=np.float32), indexing="ij"
    )
    return across, down


def _image(values: NDArray[np.float32]) -> Image.Image:
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _wall(rng: Rng, size: tuple[int, int]) -> Image.Image:
    base = colour(pick(_WALLS, rng), rng)
    blots, grit = noise(rng, size, (160, 160)), noise(rng, size, (5, 5))
    return _image(base + (rng.uniform(6, 16) * blots + rng.uniform(2, 9) * grit)[..., None])


def _wood(rng: Rng, size: tuple[int, int]) -> Image.Image:
    base = colour(pick(_WOODS, rng), rng)
    fibre = noise(rng, size, (220, 5)) * 16 + noise(rng, size, (90, 22)) * 9
    plank = int(rng.integers(48, 110))
    rows = (np.arange(size[1]) + int(rng.integers(plank))) // plank
    shade = rng.uniform(-14, 14, int(rows[-1]) + 1)[rows].astype(np.float32)
    values = base + (fibre + shade[:, None])[..., None]
    values[np.flatnonzero(np.diff(rows))] *= 0.55
    image = _image(values)
    return image.rotate(90, expand=True).resize(size) if rng.random() < 0.3 else image


def _grass(rng: Rng, size: tuple[int, int]) -> Image.Image:
    base = colour(pick(("#5d8f3c", "#7aa648", "#4b7a3a"), rng), rng, 8)
    image = _image(base * 0.8 + (noise(rng, size, (90, 60)) * 18)[..., None])
    draw = ImageDraw.Draw(image)
    count = 1400
    x, y = rng.uniform(0, size[0], count), rng.uniform(0, size[1] + 12, count)
    lean, length, tone = rng.normal(0, 5, count), rng.uniform(7, 20, count), rng.uniform(0.7, 1.25, count)
    for i in np.argsort(y):
        blade = tuple(int(v) for v in np.clip(base * tone[i], 0, 255))
        draw.line((x[i], y[i], x[i] + lean[i], y[i] - length[i]), fill=blade, width=2)
    return image


def _tiles(rng: Rng, size: tuple[int, int]) -> Image.Image:
    first, second = colour(pick(_WALLS, rng), rng), colour(pick(_WALLS, rng), rng)
    side = int(rng.integers(45, 100))
    across, down = np.arange(size[0]) + int(rng.integers(side)), np.arange(size[1]) + int(rng.integers(side))
    odd = (((across // side)[None, :] + (down // side)[:, None]) % 2).astype(np.float32)[..., None]
    values = first * (1 - odd) + second * odd + (noise(rng, size, (60, 60)) * 6)[..., None]
    joint = ((across % side) < 3)[None, :] | ((down % side) < 3)[:, None]
    values[joint] = values[joint] * 0.5 + 60
    return _image(values)


def _bricks(rng: Rng, size: tuple[int, int]) -> Image.Image:
    base = colour(pick(("#a4553f", "#b5654a", "#8d5a4a", "#c9b8a4"), rng), rng)
    high = int(rng.integers(26, 44))
    wide = int(high * 2.4)
    row = np.arange(size[1]) // high
    across = np.arange(size[0])[None, :] + (row % 2)[:, None] * (wide // 2)
    tones = rng.uniform(-16, 16, (int(row[-1]) + 1, size[0] // wide + 3)).astype(np.float32)
    values = base + (tones[row[:, None], across // wide] + noise(rng, size, (7, 7)) * 8)[..., None]
    values[((across % wide) < 4) | ((np.arange(size[1]) % high) < 4)[:, None]] = 196
    return _image(values)


def _cloth(rng: Rng, size: tuple[int, int]) -> Image.Image:
    base, pale = colour(pick(_CLOTHS, rng), rng), np.array((238, 235, 228), np.float32)
    side = int(rng.integers(18, 46))
    across = ((np.arange(size[0]) // side) % 2)[None, :, None].astype(np.float32)
    down = ((np.arange(size[1]) // side) % 2)[:, None, None].astype(np.float32)
    ink = (across + down) / 2 if rng.random() < 0.6 else across + 0 * down  # gingham or stripes
    folds = noise(rng, size, (200, 120)) * 14 + noise(rng, size, (3, 3)) * 4
    return _image(pale * (1 - 0.75 * ink) + base * 0.75 * ink + folds[..., None])


def _lights(rng: Rng, size: tuple[int, int]) -> Image.Image:
    tint = colour(pick(("#39506b", "#5a4a63", "#3f5d4e", "#6b5a45", "#8497a8"), rng), rng)
    image = _image(tint + (noise(rng, size, (240, 200)) * 26)[..., None])
    layer = Image.new("RGB", size)
    draw = ImageDraw.Draw(layer)
    for _ in range(int(rng.integers(14, 30))):
        x, y, r = rng.uniform(0, size[0]), rng.uniform(0, size[1]), rng.uniform(10, 36)
        spot = tuple(int(v) for v in colour(pick(_CLOTHS, rng), rng) * rng.uniform(0.15, 0.45))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=spot)
    soft = np.asarray(layer.filter(ImageFilter.GaussianBlur(5)), np.float32)
    return _image(np.asarray(image, np.float32) + soft)


_KINDS: tuple[Callable[[Rng, tuple[int, int]], Image.Image], ...] = (
    _wall,
    _wood,
    _grass,
    _tiles,
    _bricks,
    _cloth,
    _lights,
)
