"""Vision transformers of the hub as backbones of classifiers, each architecture from its files to the served model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from customlabels.vision.hub import encoders
from customlabels.vision.learned import Learned
from customlabels.vision.model import Model
from customlabels.vision.runtime import open_network
from customlabels.vision.train import train

from ..shapes import shape_dataset
from . import tiny

PICTURES = [["disc"], ["cross"]] * 6


def learn(folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Model, Learned]:
    """A model trained from a folder, and what the trainer had handed over."""
    handed: list[Learned] = []
    original = encoders.train_encoder

    def keep(*arguments: Any, **settings: Any) -> Learned:
        handed.append(original(*arguments, **settings))
        return handed[0]

    monkeypatch.setattr(encoders, "train_encoder", keep)
    data, test = shape_dataset(PICTURES, boxed=False), shape_dataset(PICTURES, 1, boxed=False)
    return train(data, out, test=test, effort="fast", backbone=str(folder)), handed[0]


@pytest.mark.parametrize("kind", tiny.ENCODERS)
def test_a_transformer_becomes_a_classifier_that_is_served_as_it_was_trained(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, learned = learn(tiny.save(kind, tmp_path / kind), tmp_path / "model", monkeypatch)
    assert model.task == "classification"
    assert model.evaluation is not None
    assert model.evaluation.f1 > 0.8
    for count in (1, 3):
        images = np.random.default_rng(count).integers(0, 256, (count, *model.frame, 3), dtype=np.uint8)
        with torch.no_grad():
            expected = learned.network(torch.from_numpy(images)).numpy()
        (answer,) = open_network(model.folder)(images)
        np.testing.assert_allclose(answer, expected, atol=1e-3)


def test_the_model_says_what_it_was_made_from(dinov2: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = learn(dinov2, tmp_path / "model", monkeypatch)
    info = json.loads((model.folder / "model.json").read_text())
    assert info["backbone"] == "dinov2"
    assert info["weights"]["architecture"] == "Dinov2Model"
    assert info["weights"]["licence"] == "apache-2.0"
    assert len(info["weights"]["sha256"]) == 64
    assert info["method"]["variant"] == "dinov2"
    assert "transformers" in info["method"]


@pytest.mark.parametrize(("kind", "patch"), [("dinov2", 14), ("siglip", 16)])
def test_the_frame_is_of_whole_patches_and_of_the_pictures_shape(
    kind: str, patch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _ = learn(tiny.save(kind, tmp_path / kind), tmp_path / "model", monkeypatch)
    height, width = model.frame
    assert height % patch == width % patch == 0
    assert 1 < width / height < 1.7  # the pictures are 240 x 180
    assert height * width == pytest.approx(tiny.SIDE**2, rel=0.2)
