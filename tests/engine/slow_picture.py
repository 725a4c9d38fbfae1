"""A small file that takes long to open: a JPEG whose last pass over the picture is repeated."""

from __future__ import annotations

from PIL import Image

from .. import tiny


def slow_picture(side: int = 6000, passes: int = 400) -> bytes:
    """Of 36 million pixels, some ten milliseconds for each pass; under all limits of a picture that is shown."""
    content = tiny.encoded(Image.new("L", (side, side), 128), "JPEG", progressive=True, quality=50)
    last = content.rindex(b"\xff\xda")
    return content[:last] + content[last:-2] * passes + b"\xff\xd9"
