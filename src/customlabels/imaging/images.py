"""The one decode path: bytes of a JPEG or PNG to upright RGB pixels, for training, evaluation and serving alike.

Everything that can be refused is refused from the header, before a pixel is decoded.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from customlabels.imaging.boxes import Letterbox
from customlabels.imaging.quiet import quiet

Pixels = NDArray[np.uint8]
"""(height, width, 3) uint8, RGB, upright."""

PADDING = 114
"""Grey level of the letterbox border."""

MOST_SCANS = 500
"""Passes over the picture in one JPEG; real ones have up to a few dozen. Each can cost milliseconds and few bytes, so
that without a limit a small file takes hours to decode."""

PREVIEW = 64
"""Longest side, in pixels, at which an image is decoded to see whether its data is whole."""

_SWAPPED_ORIENTATIONS = {5, 6, 7, 8}
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns an image of each EXIF orientation upright."""


class ImageError(ValueError):
    """An image that cannot be used. `reason` is the kind of trouble, the text names the thing, limit and remedy."""

    def __init__(self, reason: Literal["format", "bytes", "dimension"], message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Limits:
    """What an image may measure (Rekognition's limits are the defaults). Sides are in pixels of the upright image."""

    bytes: int = 15 * 1024 * 1024
    min_side: int = 64
    max_side: int = 4096
    max_aspect: float = 20.0


@dataclass(frozen=True)
class Header:
    """What the header tells: `width` and `height` of the upright image, and whether the stored one lies on its side."""

    format: Literal["JPEG", "PNG"]
    width: int
    height: int
    sideways: bool


def read_header(data: bytes, limits: Limits | None = Limits()) -> Header:
    """Format and upright size of an encoded image, checked against `limits` (None: no limits).

    Raises ImageError: not a JPEG or PNG by content, over the byte limit, or a size outside the limits.
    """
    with quiet(), _open(data, limits) as image:
        return _check(image, limits)


def examine(data: bytes, limits: Limits | None = Limits()) -> Header:
    """As `read_header`, of an image that is decoded, too, which is the only way to find cut-off data.

    Raises ImageError.
    """
    header = read_header(data, limits)
    decode(data, limits, longest_side=PREVIEW)
    return header


def decode(data: bytes, limits: Limits | None = Limits(), longest_side: int | None = None) -> Pixels:
    """Upright RGB pixels of an encoded JPEG or PNG.

    With `longest_side` the result is scaled down (never up) so that its longer side has at most that many pixels;
    large JPEGs are then decoded at a reduced scale, which is several times faster.
    Raises ImageError as `read_header` does, and for data that is cut off or broken.
    """
    with quiet(), _open(data, limits) as image:
        header = _check(image, limits)
        if limits is not None and header.format == "JPEG" and data.count(b"\xff\xda") > MOST_SCANS:
            raise ImageError("format", f"The JPEG has more than {MOST_SCANS} scans; save it anew with another program.")
        if longest_side is not None and header.format == "JPEG":
            image.draft(None, _fitting(image.size, 2 * longest_side))
        try:
            turn = _UPRIGHT.get(_orientation(image))
            rgb = _to_rgb(image if turn is None else image.transpose(turn))
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise ImageError("format", f"The {header.format} data is cut off or broken: {error}.") from error
    if longest_side is not None:
        rgb = resize(rgb, _fitting(rgb.size, longest_side))
    return np.asarray(rgb, dtype=np.uint8)


def resize(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Antialiased bilinear resize to (width, height); the image itself when it has that size already."""
    return image if image.size == size else image.resize(size, Image.Resampling.BILINEAR)


def letterbox(pixels: Pixels, frame: tuple[int, int]) -> tuple[Pixels, Letterbox]:
    """The image centred in a grey frame of (height, width) pixels with its aspect kept, and the placement used."""
    height, width = pixels.shape[:2]
    placement = Letterbox.fit(width, height, frame)
    size = (max(1, round(width * placement.scale)), max(1, round(height * placement.scale)))
    canvas = np.full((*frame, 3), PADDING, dtype=np.uint8)
    left, top = round(placement.dx), round(placement.dy)
    small = np.asarray(resize(Image.fromarray(pixels), size))
    region = canvas[top : top + size[1], left : left + size[0]]
    region[...] = small[: region.shape[0], : region.shape[1]]
    return canvas, Letterbox(placement.scale, left, top)


def _open(data: bytes, limits: Limits | None) -> Image.Image:
    if limits is not None and len(data) > limits.bytes:
        raise ImageError("bytes", f"The image has {len(data):,} bytes; at most {limits.bytes:,} are allowed.")
    try:
        return Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
    except UnidentifiedImageError as error:
        raise ImageError("format", "The data is not a JPEG or PNG image.") from error
    except Image.DecompressionBombError as error:
        raise ImageError("dimension", f"The image is too large to open safely: {error}") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise ImageError("format", f"The image header is broken: {error}.") from error


def _check(image: Image.Image, limits: Limits | None) -> Header:
    width, height = image.size
    if limits is not None:
        short, long = sorted((width, height))
        if short < limits.min_side or long > limits.max_side:
            raise ImageError(
                "dimension",
                f"The image is {width}x{height} pixels; each side must have {limits.min_side} to {limits.max_side}.",
            )
        if long > limits.max_aspect * short:
            raise ImageError(
                "dimension",
                f"The image is {width}x{height} pixels; its long side may be at most {limits.max_aspect:g} times "
                "the short one.",
            )
    sideways = _orientation(image) in _SWAPPED_ORIENTATIONS
    upright = (height, width) if sideways else (width, height)
    return Header("PNG" if image.format == "PNG" else "JPEG", *upright, sideways)  # multi-picture JPEGs are "MPO"


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 (upright) where there is none, without decoding any pixels.

    Of a PNG only metadata before the pixels count: Pillow's `getexif` would decode the whole image to look behind them.
    """
    try:
        if image.format == "PNG":
            exif = Image.Exif()
            exif.load(image.info.get("exif", b""))
        else:
            exif = image.getexif()
        return int(exif.get(ExifTags.Base.Orientation, 1))
    except (OSError, SyntaxError, ValueError, EOFError, TypeError, struct.error):
        return 1


def _fitting(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
    scale = min(1.0, longest_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _to_rgb(image: Image.Image) -> Image.Image:
    """RGB over white: 16-bit grey is scaled to 8 bit, palettes and alpha are flattened, CMYK is converted."""
    if image.mode.startswith("I"):
        values = np.asarray(image, dtype=np.float32)
        image = Image.fromarray(np.clip(values / 257.0, 0, 255).round().astype(np.uint8))
    if image.mode in ("P", "PA", "LA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode == "RGBA":
        backdrop = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(backdrop, image)
    return image.convert("RGB")
