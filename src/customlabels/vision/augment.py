"""Random views of a labelled picture for detection: scale, shift, aspect, mirror, colour. Boxes follow.

A view is a resize of a crop, so pixels are antialiased exactly as the letterbox does it in serving.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from customlabels.imaging.boxes import Boxes, area, clip
from customlabels.imaging.images import PADDING, Pixels


@dataclass(frozen=True)
class Recipe:
    """How far views stray from the letterboxed picture.

    scale: range of zoom, log-uniform; aspect: largest |ln(width / height)| of the stretch; brightness, contrast,
    saturation: largest relative change; tint: largest relative change of one colour channel; mirror and grey:
    probabilities.
    """

    scale: tuple[float, float] = (0.5, 1.6)
    aspect: float = 0.3
    brightness: float = 0.3
    contrast: float = 0.3
    saturation: float = 0.4
    tint: float = 0.08
    mirror: float = 0.5
    grey: float = 0.05


VISIBLE = 0.3
"""A box stays when at least this share of its area is inside the view."""
SMALLEST = 4.0
"""Sides of a box that stays, in pixels of the view."""


def random_view(
    pixels: Pixels, boxes: Boxes, frame: tuple[int, int], recipe: Recipe, rng: np.random.Generator
) -> tuple[Pixels, Boxes, NDArray[np.int64]]:
    """A random view of `pixels` (H, W, 3) as a frame of (height, width) pixels.

    Gives the view, the boxes in it in frame pixels (K, 4) and which of the N boxes they are (K,).
    """
    height, width = pixels.shape[:2]
    frame_height, frame_width = frame
    fit = min(frame_width / width, frame_height / height)
    zoom = fit * np.exp(rng.uniform(*np.log(recipe.scale)))
    stretch = np.exp(rng.uniform(-recipe.aspect, recipe.aspect) / 2)
    scale_x, scale_y = zoom * stretch, zoom / stretch
    shift_x = rng.uniform() * (frame_width - width * scale_x)
    shift_y = rng.uniform() * (frame_height - height * scale_y)
    view = _placed(pixels, (scale_x, scale_y), (shift_x, shift_y), frame, int(rng.integers(60, 180)))
    moved = boxes * np.array([scale_x, scale_y, scale_x, scale_y], np.float32)
    moved = np.asarray(moved + np.array([shift_x, shift_y, shift_x, shift_y]), dtype=np.float32)
    if rng.random() < recipe.mirror:
        view = view[:, ::-1]
        moved = np.stack([frame_width - moved[:, 2], moved[:, 1], frame_width - moved[:, 0], moved[:, 3]], 1)
    shown = clip(moved, frame_width, frame_height)
    sides = shown[:, 2:] - shown[:, :2]
    kept = np.flatnonzero((area(shown) >= VISIBLE * area(moved)) & (sides.min(1, initial=np.inf) >= SMALLEST))
    return _recoloured(view, recipe, rng), shown[kept], kept


def _placed(
    pixels: Pixels, scale: tuple[float, float], shift: tuple[float, float], frame: tuple[int, int], border: int
) -> Pixels:
    """The part of the picture that falls into the frame, resized and put in its place on a plain border."""
    canvas = np.full((*frame, 3), border, dtype=np.uint8)
    source, target = [], []
    for axis, (length, room) in enumerate(((pixels.shape[1], frame[1]), (pixels.shape[0], frame[0]))):
        first = max(0, round(shift[axis]))
        last = min(room, round(shift[axis] + length * scale[axis]))
        target.append((first, max(first + 1, last)))
        source.append(
            (
                float(np.clip((first - shift[axis]) / scale[axis], 0, length - 1)),
                float(np.clip((last - shift[axis]) / scale[axis], 1, length)),
            )
        )
    (left, right), (top, bottom) = target
    crop = Image.fromarray(pixels).resize(
        (right - left, bottom - top),
        Image.Resampling.BILINEAR,
        box=(source[0][0], source[1][0], max(source[0][1], source[0][0] + 1), max(source[1][1], source[1][0] + 1)),
        reducing_gap=2.0,
    )
    canvas[top:bottom, left:right] = np.asarray(crop)
    return canvas


def _recoloured(view: Pixels, recipe: Recipe, rng: np.random.Generator) -> Pixels:
    """One affine map of RGB does brightness, contrast, saturation and tint at once."""
    grey = np.full((3, 3), 1, np.float32) * np.array([0.299, 0.587, 0.114], np.float32)
    saturation = 0.0 if rng.random() < recipe.grey else 1 + rng.uniform(-recipe.saturation, recipe.saturation)
    matrix = saturation * np.eye(3, dtype=np.float32) + (1 - saturation) * grey
    gain = 1 + rng.uniform(-recipe.contrast, recipe.contrast)
    matrix = gain * (1 + rng.uniform(-recipe.tint, recipe.tint, 3))[:, None] * matrix
    offset = PADDING * (1 - gain) + 255 * rng.uniform(-recipe.brightness, recipe.brightness) / 2
    coloured = view.reshape(-1, 3).astype(np.float32) @ matrix.T.astype(np.float32) + np.float32(offset)
    result: Pixels = np.clip(coloured, 0, 255).astype(np.uint8).reshape(view.shape)
    return result
