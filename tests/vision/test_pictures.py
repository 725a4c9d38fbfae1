"""Pictures are decoded once and come back the same from memory and from disk."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from customlabels.imaging.images import ImageError
from customlabels.vision.pictures import Pictures


def reader(seed: int, size: tuple[int, int], calls: list[int]) -> Callable[[], bytes]:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")

    def read() -> bytes:
        calls.append(seed)
        return stream.getvalue()

    return read


@pytest.mark.parametrize("limit", [1 << 24, 40_000, 0])
def test_each_picture_is_read_once_wherever_it_is_kept(limit: int) -> None:
    calls: list[int] = []
    sizes = [(80, 100), (64, 64), (128, 70), (90, 90)]
    readers = [reader(i, size, calls) for i, size in enumerate(sizes)]
    with Pictures(readers, longest_side=100, limit_bytes=limit) as pictures:
        assert len(pictures) == 4
        for _ in range(2):
            shapes = [pictures[i].shape[:2] for i in range(4)]
        assert shapes == [(100, 80), (64, 64), (55, 100), (90, 90)]
        whole = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        np.testing.assert_array_equal(pictures[1], whole)
    assert sorted(calls) == [0, 1, 2, 3]


def test_a_broken_picture_is_an_error_at_once() -> None:
    with pytest.raises(ImageError, match="not a JPEG or PNG"):
        Pictures([lambda: b"no picture"], longest_side=100)
