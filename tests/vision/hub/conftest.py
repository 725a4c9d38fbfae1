"""Small models on disk, and torch on one thread: layers this small only wait for each other on more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

pytest.importorskip("transformers", reason="the extra [hub] is not installed; `make test` installs it")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def dinov2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny DINOv2."""
    from . import tiny

    return tiny.save("dinov2", tmp_path_factory.mktemp("hub") / "dinov2")


@pytest.fixture(scope="session")
def d_fine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny D-FINE."""
    from . import tiny

    return tiny.save("d_fine", tmp_path_factory.mktemp("hub") / "d_fine")
