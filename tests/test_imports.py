"""What an import costs, and what it must not bring along."""

from __future__ import annotations

import subprocess
import sys

import pytest

import customlabels

HEAVY = ("torch", "openvino", "onnx", "onnxruntime", "numpy", "PIL", "rich", "safetensors")


def _loaded(code: str) -> set[str]:
    """The heavy packages that a fresh interpreter has loaded after running the code."""
    code += f"\nimport sys\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split("\n")[-2].split())


@pytest.mark.parametrize(
    "code",
    [
        "import customlabels",
        "from customlabels.cli import main; main(['--version'])",
        "from customlabels.cli import main; main(['train', '--help'])",
        "from customlabels.cli import main; main(['detect'])",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(code: str) -> None:
    assert _loaded(code) == set()


def test_serving_needs_no_torch() -> None:
    assert "torch" not in _loaded("from customlabels import Model, Evaluation, read_dataset")


@pytest.mark.parametrize("name", customlabels.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(customlabels, name).__name__ == name
    assert name in dir(customlabels)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="detekt"):
        _ = customlabels.detekt
