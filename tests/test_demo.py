"""`make demo`: which photos it takes, and the whole walk through a real server, in a hurry."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from customlabels.cli.display import Display
from customlabels.examples.photos import PUPPIES, checksums

ROOT = Path(__file__).parents[1]


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The demo's program; the server that it would download photos from does not answer."""
    monkeypatch.setenv("CUSTOMLABELS_EXAMPLES_URL", "http://127.0.0.1:9")
    monkeypatch.delenv("CUSTOMLABELS_EXAMPLES", raising=False)
    spec = importlib.util.spec_from_file_location("demo", ROOT / "examples" / "demo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(__import__("sys").modules, "demo", module)
    spec.loader.exec_module(module)
    return module


def test_without_the_photos_it_walks_the_workshop_with_digits(
    demo: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "find_photos", lambda *_: (_ for _ in ()).throw(demo.PhotosMissing("no network")))
    assert demo.main(["--out", str(tmp_path / "out"), "--effort", "fast"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert "The Puppy Challenge's photos are not to be had: no network" in lines
    assert any(line.startswith("Source: made here from scikit-learn's handwritten digits") for line in lines)
    assert "Learning from 48 photos, testing with 12" in lines
    assert any(re.fullmatch(r"F1 score [01]\.\d{3}", line) for line in lines)
    assert any(re.fullmatch(r"Trained in \d+\.\d s", line) for line in lines)
    assert not any("The workshop's own result" in line for line in lines)
    assert "The model is stopped, and nothing runs any more." in lines
    with Image.open(tmp_path / "out" / "detected.jpg") as picture:
        assert picture.size == (480, 360)
    again = next(line for line in lines if line.startswith("Open it again: "))
    assert again.endswith(f"customlabels serve --home {tmp_path / 'out' / 'home'}")
    assert not (tmp_path / "out" / "home" / "server.json").exists()


def test_with_the_photos_it_takes_the_puppies(
    demo: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Any pictures do: their checksums are made to fit.
    names = checksums(PUPPIES.data / "SHA256SUMS")
    images = tmp_path / "puppies" / "images"
    images.mkdir(parents=True)
    for name in names:
        Image.new("L", (64, 64)).save(images / name)
    monkeypatch.setattr(demo, "checksums", lambda _: {name: _sha256(images / name) for name in names})
    monkeypatch.setenv("CUSTOMLABELS_EXAMPLES", str(tmp_path))
    with Display() as display:
        example = demo._find_photos(display)
    assert (example.name, len(example.lines)) == ("puppies", 30)
    assert {example.photos.path(line["source-ref"]).name for line in example.lines} == set(names)
    assert f"Source: photos of the Puppy Challenge, from {tmp_path / 'puppies'}" in capsys.readouterr().out


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_real_photos_are_the_ones_of_the_checksums(shared_data: Path) -> None:
    for name, digest in checksums(PUPPIES.data / "SHA256SUMS").items():
        assert _sha256(shared_data / "puppies" / "images" / name) == digest
