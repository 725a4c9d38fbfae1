"""One way into the network: encoded or decoded, large or small, the frame and the way back agree."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from customlabels.imaging.boxes import as_boxes
from customlabels.imaging.images import ImageError
from customlabels.vision.framing import decoding_side, frame_image


def encoded(width: int, height: int, format: str = "PNG") -> bytes:
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[height // 4 : height // 2, width // 4 : width // 2] = 255
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format, quality=95)
    return stream.getvalue()


@pytest.mark.parametrize(("width", "height"), [(100, 80), (640, 480), (1600, 2000)])
@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_boxes_seen_in_the_frame_return_to_the_pixels_of_the_image(width: int, height: int, format: str) -> None:
    framed = frame_image(encoded(width, height, format), (256, 320))
    assert framed.pixels.shape == (256, 320, 3)
    assert (framed.width, framed.height) == (width, height)
    white = np.argwhere(framed.pixels[..., 0] > 180)
    seen = as_boxes([[*white.min(0)[::-1], *(white.max(0)[::-1] + 1)]])
    expected = [width // 4, height // 4, width // 2, height // 2]
    np.testing.assert_allclose(framed.placement.invert(seen)[0], expected, atol=1.5 / framed.placement.scale)


def test_decoded_pixels_are_framed_as_their_file_is() -> None:
    data = encoded(300, 200)
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    np.testing.assert_array_equal(frame_image(data, (256, 320)).pixels, frame_image(pixels, (256, 320)).pixels)


def test_pictures_are_not_decoded_finer_than_needed() -> None:
    assert decoding_side((256, 320)) == 480


def test_a_picture_outside_the_limits_is_refused() -> None:
    with pytest.raises(ImageError, match="each side must have 64 to 4096"):
        frame_image(encoded(40, 100), (256, 320))
