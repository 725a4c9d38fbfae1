"""The second look: what is cut out, and what becomes of the confidences."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests import tiny
from torch import Tensor, nn

from customlabels.imaging.boxes import as_boxes
from customlabels.vision.export import save_network, to_onnx
from customlabels.vision.framing import Framed, frame_image
from customlabels.vision.looks import MOST_LOOKS, SIDE, crop, look_again
from customlabels.vision.model import Model, ModelError
from customlabels.vision.predictions import Boxed

FRAME = (64, 96)


def framed() -> Framed:
    return frame_image(np.zeros((200, 300, 3), np.uint8), FRAME)


def sure_of(*chances: float) -> NDArray[np.float32]:
    return np.array(chances, np.float32)


@given(
    st.integers(2, 40),
    st.integers(2, 40),
    st.tuples(*[st.floats(-60, 90, width=32) for _ in range(2)], *[st.floats(0, 90, width=32) for _ in range(2)]),
)
def test_a_crop_is_part_of_the_picture_whatever_the_box(
    width: int, height: int, box: tuple[float, float, float, float]
) -> None:
    pixels = np.arange(width * height * 3, dtype=np.uint8).reshape(height, width, 3)
    x, y, w, h = box
    part = crop(pixels, np.array([x, y, x + w, y + h], np.float32))
    assert part.shape[0] >= 2
    assert part.shape[1] >= 2
    assert part.base is not None


def test_a_crop_holds_the_box_and_a_margin() -> None:
    pixels = np.zeros((100, 100, 3), np.uint8)
    assert crop(pixels, sure_of(20, 30, 40, 70)).shape == (48, 24, 3)
    assert crop(pixels, sure_of(90, 90, 100, 100)).shape == (11, 11, 3)


def test_the_second_look_decides_between_names_that_the_first_confuses() -> None:
    boxes = as_boxes([(10, 10, 40, 40), (50, 10, 80, 40)])
    confidence = np.array([[0.6, 0.58], [0.5, 0.55]], np.float32)
    seen, named = look_again(boxes, confidence, framed(), lambda crops: (np.array([[0.01, 0.99], [0.98, 0.02]]),))
    assert seen.tolist() == boxes.tolist()
    assert named.argmax(1).tolist() == [1, 0]
    assert named.sum(1) == pytest.approx([0.6, 0.55], abs=1e-5)  # how sure it is of a thing stays with the detector


def test_one_thing_found_under_two_names_is_one_box() -> None:
    boxes = as_boxes([(10, 10, 40, 40), (11, 10, 41, 40), (50, 10, 80, 40), (0, 0, 5, 5)])
    confidence = np.array([[0.6, 0.1], [0.1, 0.7], [0.2, 0.1], [0.0001, 0.0004]], np.float32)
    crops: list[int] = []

    def namer(images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        crops.extend(images.shape)
        return (np.full((len(images), 2), 0.5, np.float32),)

    seen, _ = look_again(boxes, confidence, framed(), namer)
    assert seen.tolist() == [boxes[1].tolist(), boxes[2].tolist()]
    assert crops == [2, SIDE, SIDE, 3]


def test_where_nothing_is_found_nothing_is_looked_at() -> None:
    def never(images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        raise AssertionError(images.shape)

    seen, named = look_again(as_boxes([(0, 0, 9, 9)]), np.full((1, 3), 0.0004, np.float32), framed(), never)
    assert seen.shape == (0, 4)
    assert named.shape == (0, 3)


def test_looks_are_bounded() -> None:
    corners = [(x, y, x + 4, y + 4) for x in range(0, 96, 4) for y in range(0, 64, 4)]
    seen, _ = look_again(
        as_boxes(corners),
        np.full((len(corners), 1), 0.5, np.float32),
        framed(),
        lambda images: (np.ones((len(images), 1), np.float32),),
    )
    assert len(seen) == MOST_LOOKS


class Redness(nn.Module):
    """Names a crop by which of its colours is strongest."""

    def forward(self, images: Tensor) -> Tensor:
        chances: Tensor = (images.float().mean((1, 2)) / 10).softmax(1)
        return chances


def with_namer(folder: Path) -> Path:
    path = tiny.detector(folder)
    save_network(to_onnx(Redness(), (SIDE, SIDE), ["chance"]), path, "namer")
    info = json.loads((path / "model.json").read_text())
    (path / "model.json").write_text(json.dumps(info | {"namer": {"frame": [SIDE, SIDE]}}))
    return path


def test_a_model_with_a_namer_answers_by_both(tmp_path: Path) -> None:
    picture = tiny.picture(200, 160, 20, size=(960, 640))
    first = Model.load(tiny.detector(tmp_path / "plain")).predict(picture)
    both = Model.load(with_namer(tmp_path / "both")).predict(picture)
    assert isinstance(first, Boxed)
    assert isinstance(both, Boxed)
    assert first.scores.max() == pytest.approx(200 / 255, abs=0.01)
    by_label = {int(label): float(score) for label, score in zip(both.classes, both.scores, strict=True)}
    assert by_label[0] > 0.6
    assert by_label[1] < 0.2
    assert both.boxes.max(0).tolist() == first.boxes.max(0).tolist()


def test_a_missing_namer_is_an_error_that_names_the_folder(tmp_path: Path) -> None:
    path = with_namer(tmp_path / "model")
    for file in path.glob("namer.*"):
        file.unlink()
    with pytest.raises(ModelError, match=r"cannot be loaded.*namer"):
        Model.load(path).predict(tiny.picture(200))


def test_the_exported_namer_answers_as_torch_does(tmp_path: Path) -> None:
    path = with_namer(tmp_path / "model")
    model = Model.load(path)
    model.warm()
    crops = np.random.default_rng(0).integers(0, 256, (3, SIDE, SIDE, 3), dtype=np.uint8)
    (chance,) = model._opened["namer"](crops)
    assert chance == pytest.approx(Redness()(torch.from_numpy(crops)).numpy(), abs=1e-5)
