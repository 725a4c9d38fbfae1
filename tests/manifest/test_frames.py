"""When a box fits its image."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customlabels.imaging.images import Limits
from customlabels.manifest.entry import Box
from customlabels.manifest.frames import box_trouble, cut, size_trouble


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((64, 64), ""),
        ((4096, 205), ""),
        ((63, 64), "63x64 pixels; each side must have 64 to 4096"),
        ((4097, 400), "each side"),
        ((2001, 100), "at most 20 times"),
    ],
)
def test_sizes(size: tuple[int, int], words: str) -> None:
    trouble = size_trouble(*size, Limits())
    assert words in trouble
    assert bool(trouble) == bool(words)
    assert size_trouble(*size, None) == ""


sides = st.floats(-20, 120)


@given(sides, sides, st.floats(-5, 120), st.floats(-5, 120), st.sampled_from([0.0, 1e-3, 1.5]))
def test_a_box_without_trouble_is_inside_once_cut(x: float, y: float, w: float, h: float, tolerance: float) -> None:
    box = Box("cat", x, y, w, h)
    trouble = box_trouble(box, 100, 80, tolerance)
    inside = cut(box, 100, 80)
    if trouble is None:
        x0, y0, x1, y1 = inside.corners
        assert 0 <= x0 < x1 <= 100 + 1e-9
        assert 0 <= y0 < y1 <= 80 + 1e-9
        assert max(abs(a - b) for a, b in zip(box.corners, inside.corners, strict=True)) <= tolerance + 1e-9
        assert max(inside.width, inside.height) > 1
    else:
        assert trouble[0] in ("ERROR_INVALID_BOUNDING_BOX", "ERROR_BOUNDING_BOX_TOO_SMALL")
        assert "cat" in trouble[1]
        assert "100x80" in trouble[1]
