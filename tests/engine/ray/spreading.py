"""A program that makes features as a training on a cluster does: `python spreading.py ADDRESS FOLDER PICTURES`.

It prints, for each picture, whether the training's own process made them, or another node's. The former waits after its
second task for a file in the folder, which the latter makes with its first one.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import ray
import torch
from PIL import Image

from customlabels.engine.ray.spread import CHUNK, Spread
from customlabels.vision.extraction import Extraction, Outputs
from customlabels.vision.frozen import exported
from customlabels.vision.samples import Sample

FRAME = (64, 64)


class Mean(torch.nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.to(torch.float32).mean((1, 2))


def train(extraction: Extraction, picture: bytes, sign: Path, count: int) -> list[tuple[str, int]]:
    """Who made the features of each picture, and for another node its number there."""

    def elsewhere(extraction: Extraction, refs: Sequence[tuple[int, str]], threads: int) -> list[Outputs]:
        sign.touch()
        return [(np.array([number]),) for number, _ in refs]

    def read(number: int) -> bytes:
        while number >= 2 * CHUNK and not sign.exists():
            time.sleep(0.02)
        return picture

    samples = [
        Sample(f"{i}.png", lambda i=i: read(i), 64, 64, np.array([True]))  # type: ignore[misc]
        for i in range(count)
    ]
    made = Spread(elsewhere, count)(extraction, samples)
    return [("there", int(rows[0])) if rows.ndim == 1 else ("here", -1) for (rows,) in made]


def main(address: str, folder: str, pictures: str) -> None:
    stream = io.BytesIO()
    Image.new("RGB", FRAME).save(stream, "PNG")
    extraction = Extraction(exported(Mean(), FRAME), FRAME, 0, (0,), ("float32",))
    ray.init(address=address, log_to_driver=False)
    task: Any = ray.remote(train).options(num_cpus=2)
    made = task.remote(extraction, stream.getvalue(), Path(folder) / "sign", int(pictures))
    print(json.dumps(ray.get(made)))
    ray.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
