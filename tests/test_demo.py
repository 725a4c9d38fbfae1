"""`make demo`, with a stand-in for the learning itself: which pictures it takes, what it prints, what it leaves."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from customlabels.examples.puppies import checksums
from customlabels.manifest.entry import Dataset
from customlabels.vision.evaluate import Evaluation, evaluate_detection
from customlabels.vision.model import Detection
from customlabels.vision.predictions import Boxed
from customlabels.vision.progress import Progress

ROOT = Path(__file__).parents[1]


class Learned:
    """A model that finds one thing in the middle of each picture, and was scored on a picture of that thing."""

    def __init__(self, folder: Path, label: str) -> None:
        self.folder = folder
        self.label = label

    @property
    def evaluation(self) -> Evaluation:
        truth = Boxed(np.array([[0, 0, 9, 9]], np.float32), np.zeros(1, np.int64), np.ones(1, np.float32))
        return evaluate_detection([self.label], [truth], [truth])

    def detect(self, image: bytes) -> list[Detection]:
        return [Detection(self.label, 90.0, (0.25, 0.25, 0.5, 0.5))]


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The demo's program; nothing is in its cache, and the server it would download from does not answer."""
    monkeypatch.setenv("CUSTOMLABELS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CUSTOMLABELS_EXAMPLES_URL", "http://127.0.0.1:9")
    monkeypatch.delenv("CUSTOMLABELS_EXAMPLES", raising=False)
    spec = importlib.util.spec_from_file_location("demo", ROOT / "examples" / "demo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def train(data: Dataset, out: Path, *, test: Dataset, on_progress: Callable[[Progress], None], **_: Any) -> Learned:
        for entry in (*data.entries, *test.entries):
            assert entry.boxes
            assert Image.open(io.BytesIO(data.open(entry.source_ref))).size == (entry.width, entry.height)
        on_progress(Progress("training", 1.0))
        out.mkdir(parents=True)
        return Learned(out, data.labels[0])

    monkeypatch.setattr(module, "train", train)
    return module


def test_without_the_photos_it_learns_digits(
    demo: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo.main(["--out", str(tmp_path / "out")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("not to be had" in line and "127.0.0.1" in line for line in lines)
    assert any(line.startswith("Source: made here from scikit-learn's handwritten digits") for line in lines)
    assert "Learning from 48 pictures, testing with 12." in lines
    assert "F1 score 1.000" in lines
    assert any(re.fullmatch(r"Trained in \d+\.\d s", line) for line in lines)
    assert not any("0.667" in line for line in lines)
    assert any(line.startswith("Report: ") and line.endswith("out/model/report.html") for line in lines)
    with Image.open(tmp_path / "out" / "detected.jpg") as picture:
        assert picture.size == (480, 360)


def test_with_the_photos_it_learns_puppies_and_shows_the_workshops_result(
    demo: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Any pictures of the right sizes do: their checksums are made to fit.
    names = checksums(ROOT / "examples" / "puppies" / "SHA256SUMS")
    images = tmp_path / "mine" / "puppies" / "images"
    images.mkdir(parents=True)
    sizes: dict[str, tuple[int, int]] = {}
    for part in ("train", "test"):
        text = (ROOT / "examples" / "puppies" / f"{part}.manifest").read_text()
        sizes |= {
            name: (int(w), int(h)) for name, w, h in re.findall(r'images/([^"]+)".*?"width":(\d+),"height":(\d+)', text)
        }
    assert set(sizes) == set(names)
    for name, size in sizes.items():
        Image.new("L", size).save(images / name)
    monkeypatch.setattr(demo, "checksums", lambda _: {name: _sha256(images / name) for name in names})
    monkeypatch.setenv("CUSTOMLABELS_EXAMPLES", str(tmp_path / "mine"))

    assert demo.main(["--out", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert f"Source: photos of the Puppy Challenge, from {tmp_path / 'mine' / 'puppies'} (CUSTOMLABELS_EXAMPLES)" in out
    assert "Learning from 24 pictures, testing with 6." in out
    workshop = next(line for line in out.splitlines() if "their own 30 photos" in line)
    assert re.search(r"0\.667 +1\.056 hours$", workshop)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_real_photos_are_the_ones_of_the_checksums(shared_data: Path) -> None:
    for name, digest in checksums(ROOT / "examples" / "puppies" / "SHA256SUMS").items():
        assert _sha256(shared_data / "puppies" / "images" / name) == digest
