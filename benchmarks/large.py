"""What thousands of pictures cost: `python benchmarks/large.py [--classification N ...] [--detection N ...]`.

The pictures are drawn: handwritten digits on photographs and textures. In classification there are 100 labels, each of
ten digits on each of ten textures; in detection ten labels and one to three digits a picture. A tenth of the pictures
is the test set. Each training runs through the public interface in a process of its own; the program prints its
seconds (drawing left out), the peak memory of the process tree, the most that its scratch files held, and what of them
was left behind. `--json FILE` keeps the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np

from calibration import apart
from customlabels.examples import digits
from customlabels.manifest.entry import Dataset, Entry
from machine import PeakMemory, describe

TEXTURES = (
    "brick.png",
    "chelsea.png",
    "coffee.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "motorcycle_left.png",
    "retina.jpg",
    "rocket.jpg",
)
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True)
class Run:
    """One training: how many pictures, how right, and what it took."""

    task: str
    images: int
    labels: int
    effort: str
    f1: float
    seconds: float
    megabytes: float


@dataclass(frozen=True)
class LargeRun(Run):
    """Also the most that its scratch files held, and what of them was left behind."""

    scratch_megabytes: float
    left_megabytes: float


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classification", type=int, nargs="*", default=[], metavar="N")
    parser.add_argument("--detection", type=int, nargs="*", default=[], metavar="N")
    parser.add_argument("--effort", default="balanced", choices=["fast", "balanced", "best"])
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args(argv)
    print(describe(), flush=True)
    print("| task | images | labels | effort | macro F1 | seconds | peak MB | scratch MB | left MB |")
    print("| --- " * 9 + "|", flush=True)
    runs: list[LargeRun] = []
    for task, counts in (("classification", args.classification), ("detection", args.detection)):
        for count in counts:
            with tempfile.TemporaryDirectory() as folder:
                data = draw(task, count, Path(folder))
                run = apart(_measure, task, data, Path(folder), args.effort)
            runs.append(run)
            print(
                f"| {run.task} | {run.images} | {run.labels} | {run.effort} | {run.f1:.3f} | {run.seconds:.1f} "
                f"| {run.megabytes:.0f} | {run.scratch_megabytes:.0f} | {run.left_megabytes:.0f} |",
                flush=True,
            )
            if args.json:
                args.json.write_text(json.dumps([asdict(run) for run in runs], indent=1) + "\n")


def draw(task: str, count: int, folder: Path) -> tuple[Entry, ...]:
    """`count` pictures in a folder, the same ones for the same count and versions of the wheels."""
    entries = []
    for i in range(count):
        rng = np.random.default_rng((count, i))
        digit, ground = (i % 10, i // 10 % 10) if task == "classification" else (None, int(rng.integers(10)))
        picture = digits.Picture(digits.cutting(_texture(ground), rng), ())
        for _ in range(1 if digit is not None else int(rng.integers(1, 4))):
            value = int(rng.integers(10)) if digit is None else digit
            samples = _handwritten(value)
            ink = digits.drawn_digit(samples[int(rng.integers(len(samples)))], rng)
            picture = digits.with_digit(picture, ink, DIGITS[value], rng)
        path = folder / f"{i:05}.jpg"
        picture.image.save(path, quality=90)
        size: dict[str, Any] = {"width": picture.image.width, "height": picture.image.height}
        if digit is None:
            entries.append(Entry(str(path), boxes=picture.boxes, **size))
        else:
            name = f"{DIGITS[digit]} on {Path(TEXTURES[ground]).stem}"
            entries.append(Entry(str(path), labels=(name,), **size))
    return tuple(entries)


@cache
def _texture(index: int) -> Any:
    return digits.texture(TEXTURES[index])


@cache
def _handwritten(value: int) -> Any:
    from sklearn.datasets import load_digits

    data = load_digits()
    return data.images[data.target == value]


def _measure(task: str, entries: tuple[Entry, ...], folder: Path, effort: Any) -> LargeRun:
    from customlabels.vision.train import train

    scratch = folder / "scratch"
    scratch.mkdir()
    os.environ["TMPDIR"] = tempfile.tempdir = str(scratch)
    labels = tuple(sorted({name for entry in entries for name in entry.all_labels}))
    numbers = np.random.default_rng(0).permutation(len(entries))
    tenth = len(entries) // 10
    sets = [tuple(entries[i] for i in part) for part in (numbers[tenth:], numbers[:tenth])]
    data, test = (Dataset(part, labels, read) for part in sets)
    with Scratch(scratch) as used, PeakMemory() as memory:
        began = time.monotonic()
        model = train(data, folder / "model", test=test, effort=effort)
        seconds = time.monotonic() - began
    left = sum(path.stat().st_size for path in scratch.rglob("*") if path.is_file()) / 2**20
    assert model.evaluation is not None
    return LargeRun(
        task, len(entries), len(labels), effort, model.evaluation.f1, seconds, memory.megabytes, used.megabytes, left
    )


def read(ref: str) -> bytes:
    return Path(ref).read_bytes()


class Scratch:
    """The most that the file system of a folder lost inside a `with` block, in `megabytes`.

    Unnamed scratch files have no path to be found by, but the space that they take is gone.
    """

    def __init__(self, folder: Path) -> None:
        self.megabytes = 0.0
        self._folder = folder
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Scratch:
        self._free = shutil.disk_usage(self._folder).free
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.5):
            taken = (self._free - shutil.disk_usage(self._folder).free) / 2**20
            self.megabytes = max(self.megabytes, taken)


if __name__ == "__main__":
    main()
