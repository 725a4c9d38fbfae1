"""Pictures for people: what was found, drawn on the image."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from customlabels.imaging.images import Pixels, decode

if TYPE_CHECKING:
    from customlabels.vision.model import Detection

COLOURS = ("#0972d3", "#d13212", "#037f0c", "#8d42eb", "#b8860b", "#c33d69", "#067f68", "#5f6b7a")


def annotate(image: bytes | Pixels, found: Sequence[Detection]) -> Image.Image:
    """The upright image with boxes, names and confidences; names without boxes stand in the top left corner."""
    pixels = decode(image, limits=None) if isinstance(image, bytes) else image
    picture = Image.fromarray(pixels)
    draw = ImageDraw.Draw(picture)
    width, height = picture.size
    thick = max(2, round(max(width, height) / 300))
    font = ImageFont.load_default(max(12, round(max(width, height) / 45)))
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(dict.fromkeys(item.name for item in found))}
    line = 0.0
    for item in reversed(found):  # the most confident on top
        if item.box is not None:
            left, top, box_width, box_height = item.box
            corners = (left * width, top * height, (left + box_width) * width, (top + box_height) * height)
            draw.rectangle(corners, outline=colours[item.name], width=thick)
    for item in found:
        text = f"{item.name} {item.confidence:.1f} %"
        x0, y0, x1, y1 = draw.textbbox((0, 0), text, font=font)
        tall, wide = y1 - y0 + 2 * thick, x1 - x0 + 2 * thick
        if item.box is None:
            x, y = 0.0, line
            line += tall
        else:
            x = min(max(0.0, item.box[0] * width), max(0.0, width - wide))
            y = max(0.0, item.box[1] * height - tall)
        draw.rectangle((x, y, x + wide, y + tall), fill=colours[item.name])
        draw.text((x + thick - x0, y + thick - y0), text, font=font, fill="white")
    return picture


def png(picture: Image.Image) -> bytes:
    """The picture as PNG data."""
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()
