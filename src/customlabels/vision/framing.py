"""From an encoded or decoded image to the frame a network takes: the same steps in training, evaluation and serving."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from customlabels.imaging.boxes import Letterbox
from customlabels.imaging.images import ImageError, Limits, Pixels, decode, letterbox, read_header

DETAIL = 1.5
"""Pictures are decoded at no more than this multiple of the frame's longer side before the letterbox shrinks them."""


@dataclass(frozen=True)
class Framed:
    """A frame (H, W, 3) uint8, where the image went in it, and the upright image's own width and height in pixels.

    `picture` is the upright image as it was decoded for the frame: of its own size or smaller.
    """

    pixels: Pixels
    placement: Letterbox
    width: int
    height: int
    picture: Pixels


def usual_shape(sizes: Iterable[tuple[int, int]]) -> float:
    """Width over height of pictures of these (width, height), in the median."""
    return float(np.exp(np.median([np.log(width / height) for width, height in sizes])))


def decoding_side(frame: tuple[int, int]) -> int:
    """The longest side, in pixels, at which pictures are decoded for a frame of (height, width)."""
    return round(DETAIL * max(frame))


def frame_image(image: bytes | Pixels, frame: tuple[int, int], limits: Limits | None = Limits()) -> Framed:
    """An image in a frame of (height, width) pixels.

    `image` is an encoded JPEG or PNG, or decoded upright RGB (H, W, 3) uint8. Raises ImageError as `decode` does, and
    for pixels of another kind.
    """
    if isinstance(image, bytes | bytearray | memoryview):
        image = bytes(image)
        header = read_header(image, limits)
        width, height = header.width, header.height
        decoded = decode(image, limits, decoding_side(frame))
    else:
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            found = f"{'x'.join(map(str, image.shape))} {image.dtype}"
            raise ImageError("format", f"Pixels must be height x width x 3 uint8, RGB; these are {found}.")
        height, width = image.shape[:2]
        decoded = image
    pixels, placement = letterbox(decoded, frame)
    shrunk = decoded.shape[1] / width
    return Framed(pixels, Letterbox(placement.scale * shrunk, placement.dx, placement.dy), width, height, decoded)
