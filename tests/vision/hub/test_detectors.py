"""Detection transformers of the hub, fine-tuned: that they learn, and are served as they were trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from customlabels.imaging.boxes import iou
from customlabels.vision.augment import Recipe
from customlabels.vision.hub import detectors
from customlabels.vision.hub.models import find_backbone, load
from customlabels.vision.labelled import View
from customlabels.vision.learned import Learned
from customlabels.vision.model import Model
from customlabels.vision.preparing import make_samples
from customlabels.vision.progress import Cancelled, Monitor, Progress
from customlabels.vision.runtime import open_network
from customlabels.vision.samples import Sample
from customlabels.vision.train import train

from ..shapes import LABELS, shape_dataset
from . import tiny

PICTURES = [["disc"], ["cross"]] * 4
VIEWS = 480
STILL = Recipe(scale=(0.95, 1.05), aspect=0.05, brightness=0.05, contrast=0.05, saturation=0.05, tint=0.0, mirror=0.0)


@dataclass(frozen=True)
class Trained:
    model: Model
    learned: Learned
    samples: Sequence[Sample]


@pytest.fixture(scope="module", params=tiny.DETECTORS)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A detector of each architecture that has seen the same few pictures many times, hardly changed."""
    folder = tmp_path_factory.mktemp(request.param)
    handed: list[Learned] = []
    original = detectors.train_detector

    def keep(samples: Sequence[Sample], *arguments: Any, **settings: Any) -> Learned:
        handed.append(original(samples, *arguments, **settings))
        return handed[0]

    data = shape_dataset(PICTURES, boxed=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(detectors, "train_detector", keep)
        patch.setattr(detectors, "VIEWS", {"fast": VIEWS})
        patch.setattr(detectors, "RATE", 2e-3)
        patch.setattr(detectors, "RECIPE", STILL)
        backbone = tiny.save(request.param, folder / "backbone")
        model = train(data, folder / "model", test=data, effort="fast", backbone=str(backbone))
    return Trained(model, handed[0], make_samples(data.entries, LABELS, "detection", data.open))


def test_the_served_network_answers_as_the_trained_one(trained: Trained) -> None:
    network = open_network(trained.model.folder)
    frame = trained.model.frame
    for count in (1, 3):
        images = np.random.default_rng(count).integers(0, 256, (count, *frame, 3), dtype=np.uint8)
        with torch.no_grad():
            boxes, confidence = (values.numpy() for values in trained.learned.network(torch.from_numpy(images)))
        assert boxes.shape == (count, 20, 4)
        assert confidence.shape == (count, 20, 2)
        scale = np.array([frame[1], frame[0]] * 2 + [1, 1], np.float32)
        expected = np.concatenate([boxes, confidence], 2) / scale
        answer = np.concatenate(network(images), 2) / scale
        # Queries are ranked by scores that may differ in their last digits: the order is not part of the answer.
        nearest = np.abs(expected[:, :, None] - answer[:, None]).max(3).min(2)
        assert (nearest < 1e-3).mean() >= 0.95


def test_it_learns_the_pictures(trained: Trained) -> None:
    losses = [loss for _, loss in trained.learned.curve]
    assert np.mean(losses[-5:]) < 0.7 * losses[0]
    best = []
    for sample in trained.samples:
        found = trained.model.predict(sample.read())
        assert sample.truth is not None
        best.append(iou(sample.truth.boxes, found.boxes).max())  # type: ignore[union-attr]
    assert np.mean(best) > 0.4


def test_boxes_come_in_pixels_of_the_frame() -> None:
    """As x0, y0, x1, y1, of the model's centre, width and height in shares."""
    output = SimpleNamespace(
        pred_boxes=torch.tensor([[[0.5, 0.25, 0.5, 0.1]]]), logits=torch.tensor([[[0.0, -100.0, 100.0]]])
    )
    network = detectors.Network(_Answers(output), torch.nn.Identity(), (100, 200))
    boxes, confidence = network(torch.zeros((1, 100, 200, 3), dtype=torch.uint8))
    assert boxes[0, 0].tolist() == pytest.approx([50, 20, 150, 30])
    assert confidence[0, 0].tolist() == pytest.approx([0.5, 0, 1])


def test_targets_go_in_as_shares_of_the_frame() -> None:
    model = _Answers(SimpleNamespace(loss=torch.tensor(1.5)))
    network = detectors.Network(model, torch.nn.Identity(), (100, 200))
    picture = np.zeros((100, 200, 3), np.uint8)
    boxes = np.array([[50, 20, 150, 30]], np.float32)
    empty = View(picture, boxes[:0], np.zeros(0, np.int64))
    assert network.loss([View(picture, boxes, np.array([2])), empty]) == 1.5
    first, second = model.asked["labels"]
    np.testing.assert_allclose(first["boxes"], [[0.5, 0.25, 0.5, 0.1]])
    assert first["class_labels"].tolist() == [2]
    assert second["boxes"].shape == (0, 4)


class _Answers(torch.nn.Module):
    """A model that always gives the same, and remembers what it was asked."""

    def __init__(self, output: Any) -> None:
        super().__init__()
        self.output = output
        self.asked: dict[str, Any] = {}

    def forward(self, **asked: Any) -> Any:
        self.asked = asked
        return self.output


@pytest.mark.parametrize("kind", tiny.DETECTORS)
def test_labels_start_as_the_classes_they_are_given(kind: str, tmp_path: Path) -> None:
    hub = find_backbone(str(tiny.save(kind, tmp_path / kind)))
    model = load(hub, anchor_image_size=None, eval_size=None)
    pixels = torch.rand(1, 3, 96, 96)
    classes = [3, 1, 0, 2, 4, 3]
    with torch.no_grad():
        before = model(pixel_values=pixels).logits
        detectors.give_classes(model, classes)
        after = model(pixel_values=pixels).logits
    torch.testing.assert_close(after, before[..., classes])
    assert model.config.num_labels == len(classes)


def test_pictures_without_boxes_and_full_effort_do_no_harm(
    d_fine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detectors, "VIEWS", {"best": 24})
    monkeypatch.setattr(detectors, "BATCH", 2)
    data = shape_dataset([[], ["disc"], ["cross"], [], ["disc", "cross"], [], ["cross"], ["disc"]], boxed=True)
    model = train(data, tmp_path / "model", test=data, effort="best", backbone=str(d_fine))
    assert model.info["method"]["whole"] is True
    assert set(model.info["method"]["start_classes"]) == set(LABELS)


def test_a_training_can_be_stopped(d_fine: Path, tmp_path: Path) -> None:
    steps: list[Progress] = []
    samples = make_samples((data := shape_dataset(PICTURES, boxed=True)).entries, LABELS, "detection", data.open)
    monitor = Monitor(steps.append, lambda: any(step.phase == "training" for step in steps))
    with pytest.raises(Cancelled):
        detectors.train_detector(samples, LABELS, find_backbone(str(d_fine)), effort="fast", seed=0, monitor=monitor)
