"""A backbone that is there is used without asking anybody; served, its model needs neither torch nor transformers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ...test_offline import REFUSE
from ..shapes import shape_picture

BLOCK = """
import sys
sys.modules.update(dict.fromkeys(("torch", "transformers", "huggingface_hub")))
"""


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder for each of two labels."""
    for i in range(12):
        label = ("disc", "cross")[i % 2]
        (tmp_path / "pictures" / label).mkdir(parents=True, exist_ok=True)
        (tmp_path / "pictures" / label / f"{i}.png").write_bytes(shape_picture([label], i)[0])
    return tmp_path / "pictures"


def _run(tmp_path: Path, start: str, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command line, with code that each process runs first; a proxy would hide attempts, so there is none."""
    (tmp_path / "site").mkdir(exist_ok=True)
    (tmp_path / "site" / "sitecustomize.py").write_text(start)
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment |= {"PYTHONPATH": str(tmp_path / "site"), "ATTEMPTS": str(tmp_path / "attempts"), **variables}
    command = [sys.executable, "-m", "customlabels", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, env=environment
    )


def test_a_folder_is_learnt_from_and_served_without_a_network(dinov2: Path, pictures: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    order = ("train", pictures, "--out", model, "--effort", "fast", "--backbone", dinov2)
    trained = _run(tmp_path, REFUSE, *order)
    assert trained.returncode == 0, trained.stderr
    assert not (tmp_path / "attempts").exists(), (tmp_path / "attempts").read_text()

    found = _run(tmp_path, BLOCK, "detect", model, pictures / "disc" / "0.png", "--json", "--min-confidence", 0)
    assert found.returncode == 0, found.stderr
    assert '"Name": "disc"' in found.stdout


def test_offline_the_hub_is_not_asked(pictures: Path, tmp_path: Path) -> None:
    order = ("train", pictures, "--out", tmp_path / "model", "--backbone", "facebook/dinov2-base")
    refused = _run(tmp_path, REFUSE, *order, HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path / "hf"))
    assert refused.returncode == 1
    assert "facebook/dinov2-base is not in the hub's cache on this machine, and HF_HUB_OFFLINE is set" in refused.stderr
    assert not (tmp_path / "attempts").exists(), (tmp_path / "attempts").read_text()


def test_transformers_is_imported_only_for_a_backbone(tmp_path: Path) -> None:
    code = (
        "import sys, customlabels.vision.train; print({'transformers', 'huggingface_hub', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
