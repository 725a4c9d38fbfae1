"""What all tests share: how many examples property tests draw, where the real data lie, pictures made in code."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

settings.register_profile("default", max_examples=25, deadline=None)
settings.register_profile("sample", max_examples=100, deadline=None)
settings.register_profile("torture", max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real sets to develop on: the folder CUSTOMLABELS_TEST_DATA names, else ../shared/data beside the checkout."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("CUSTOMLABELS_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent; CUSTOMLABELS_TEST_DATA names the folder with the real sets")
    return folder


Picture = Callable[..., bytes]


@pytest.fixture(scope="session")
def picture() -> Picture:
    """Makes encoded pictures: picture(width, height, format="PNG", mode="RGB", seed=0, **options of Pillow's save)."""

    def make(
        width: int = 96, height: int = 64, format: str = "PNG", mode: str = "RGB", seed: int = 0, **options: Any
    ) -> bytes:
        rng = np.random.default_rng(seed)
        coarse = rng.integers(0, 256, (4, 6, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).convert(mode)
        stream = io.BytesIO()
        image.save(stream, format, **options)
        return stream.getvalue()

    return make
