"""Whether a box fits the frame of its image, and an image the allowed sizes: the same rule for every format."""

from __future__ import annotations

from dataclasses import replace

from customlabels.imaging.images import Limits
from customlabels.manifest.entry import Box

WORKING_SIDE = 1280
"""Images with a longer side are scaled down to it before training; a box must still be there afterwards."""

_THINNEST = 0.01
"""Pixels below which a side is none: what is left of a line or a point after rounding."""


def size_trouble(width: int, height: int, limits: Limits | None) -> str:
    """Why an image of width x height pixels is outside `limits`, in words; empty where it is fine."""
    if limits is None:
        return ""
    short, long = sorted((width, height))
    if short < limits.min_side or long > limits.max_side:
        return f"{width}x{height} pixels; each side must have {limits.min_side} to {limits.max_side}"
    if long > limits.max_aspect * short:
        return f"{width}x{height} pixels; the long side may be at most {limits.max_aspect:g} times the short one"
    return ""


def box_trouble(box: Box, width: int, height: int, tolerance: float = 1e-3) -> tuple[str, str] | None:
    """The code and the reason why a box is unusable in a frame of width x height pixels, or None where it is fine.

    A side may be outside the frame by `tolerance` pixels. A box needs two sides, and must be larger than 1x1 pixel
    after the down-scale of images with a side over 1280 pixels.
    """
    x0, y0, x1, y1 = box.corners
    if box.width < 0 or box.height < 0 or min(x0, y0) < -tolerance or x1 > width + tolerance or y1 > height + tolerance:
        return "ERROR_INVALID_BOUNDING_BOX", (
            f"the box {_words(box)} is not inside the image of {width}x{height} pixels"
        )
    scale = min(1.0, WORKING_SIDE / max(width, height))
    inside = cut(box, width, height)
    if min(inside.width, inside.height) < _THINNEST or max(inside.width, inside.height) * scale <= 1:
        return "ERROR_BOUNDING_BOX_TOO_SMALL", (
            f"the box {_words(box)} must be larger than 1x1 pixel once the image of {width}x{height} pixels is scaled "
            f"to a longest side of {WORKING_SIDE}"
        )
    return None


def cut(box: Box, width: int, height: int) -> Box:
    """The part of a box inside the frame: takes away what `tolerance` let pass."""
    x0, y0, x1, y1 = box.corners
    if x0 >= 0 and y0 >= 0 and x1 <= width and y1 <= height:
        return box
    left, top = max(0.0, x0), max(0.0, y0)
    return replace(box, left=left, top=top, width=min(width, x1) - left, height=min(height, y1) - top)


def _words(box: Box) -> str:
    return f"left {box.left:g}, top {box.top:g}, width {box.width:g}, height {box.height:g} ({box.label})"
