"""Names learned from the contents of boxes, and when that is needed."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from customlabels.imaging.boxes import as_boxes
from customlabels.vision import naming
from customlabels.vision.looks import SIDE
from customlabels.vision.pictures import Pictures
from customlabels.vision.predictions import Boxed
from customlabels.vision.progress import Cancelled, Monitor
from customlabels.vision.samples import Sample

FRAME = (96, 96)


def stripes(label: int, rng: np.random.Generator) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A 40 x 40 patch of stripes across (0) or along (1)."""
    wave = (np.arange(40) // 4 % 2 * 150 + rng.integers(0, 100)).astype(np.uint8)
    patch = np.tile(wave, (40, 1))
    return np.stack([patch.T if label else patch] * 3, -1)


def sample(boxes: Sequence[tuple[int, int, int]], seed: int = 0) -> Sample:
    """A picture with striped patches at (x, y, label)."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 60, (96, 96, 3), dtype=np.uint8)
    for x, y, label in boxes:
        pixels[y : y + 40, x : x + 40] = stripes(label, rng)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    corners = as_boxes([(x, y, x + 40, y + 40) for x, y, _ in boxes])
    truth = Boxed(corners, np.array([n for *_, n in boxes], np.int64), np.ones(len(boxes), np.float32))
    return Sample(f"{seed}.png", stream.getvalue, 96, 96, np.array([True, True]), truth)


SAMPLES = [sample([(4, 4, 0), (50, 50, 1)], seed) for seed in range(4)]


class Answers(nn.Module):
    """A detector that finds both boxes of SAMPLES and gives each the names it is told to."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__()
        self.names = torch.tensor(
            [[0.9 if n == first else 0.2 for n in (0, 1)], [0.9 if n == second else 0.2 for n in (0, 1)]]
        )

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return torch.tensor([[[4.0, 4, 44, 44], [50, 50, 90, 90]]]), self.names[None]


@pytest.mark.parametrize(("answers", "share"), [((0, 1), 0.0), ((0, 0), 0.5), ((1, 0), 1.0)])
def test_confusion_is_the_share_of_wrong_names(answers: tuple[int, int], share: float) -> None:
    with Pictures([s.read for s in SAMPLES], 96) as pictures:
        assert naming.confusion(Answers(*answers), SAMPLES, pictures, FRAME) == share


def test_boxes_that_are_not_found_are_not_confused() -> None:
    elsewhere = [sample([(30, 4, 0)])]
    with Pictures([s.read for s in elsewhere], 96) as pictures:
        assert naming.confusion(Answers(1, 1), elsewhere, pictures, FRAME) == 0.0


def test_labels_that_share_a_box_are_noticed() -> None:
    assert not naming.share_boxes(SAMPLES)
    assert not naming.share_boxes([sample([(4, 4, 0), (5, 5, 0)])])  # twice the same label
    assert naming.share_boxes([sample([(4, 4, 0), (5, 5, 1)])])


def test_a_namer_learns_what_boxes_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(naming.VIEWS, "fast", 96)
    with Pictures([s.read for s in SAMPLES], 96) as pictures:
        learned = naming.train_namer(SAMPLES, pictures, 2, "fast", 0, Monitor())
        again = naming.train_namer(SAMPLES, pictures, 2, "fast", 0, Monitor())
    rng = np.random.default_rng(9)
    crops = np.stack([np.asarray(Image.fromarray(stripes(n, rng)).resize((SIDE, SIDE))) for n in (0, 1, 1, 0)])
    with torch.no_grad():
        chance, same = learned.network(torch.from_numpy(crops)), again.network(torch.from_numpy(crops))
    assert chance.argmax(1).tolist() == [0, 1, 1, 0]
    assert chance.sum(1).tolist() == pytest.approx([1] * 4, abs=1e-5)
    assert torch.equal(chance, same)
    assert learned.frame == (SIDE, SIDE)
    assert learned.provenance["licence"] == "Apache-2.0"


def test_learning_names_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(naming.VIEWS, "fast", 96)
    with Pictures([s.read for s in SAMPLES], 96) as pictures, pytest.raises(Cancelled):
        naming.train_namer(SAMPLES, pictures, 2, "fast", 0, Monitor(cancelled=lambda: True))
