"""What a model answers: which labels, in which order, in which units."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from customlabels.imaging.images import ImageError
from customlabels.vision.export import save_network, to_onnx
from customlabels.vision.model import Model, ModelError
from customlabels.vision.predictions import Boxed

FRAME = (64, 96)
BOXES = [[10.0, 10.0, 30.0, 30.0], [50.0, 20.0, 90.0, 60.0], [50.0, 20.0, 89.0, 60.0]]
SCORES = [[0.9, 0.02], [0.03, 0.6], [0.02, 0.55]]


class Fixed(nn.Module):
    """Says the same of every image."""

    def __init__(self, *outputs: list[Any]) -> None:
        super().__init__()
        self.outputs = [torch.tensor(output) for output in outputs]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        nothing = images.float().mean((1, 2, 3)) * 0
        return tuple(output[None] + nothing.reshape(-1, *[1] * output.ndim) for output in self.outputs)


def write_model(folder: Path, task: str, *outputs: list[Any]) -> Path:
    names = ["boxes", "confidence"] if task == "detection" else ["confidence"]
    save_network(to_onnx(Fixed(*outputs), FRAME, names), folder)
    thresholds = {"cat": 0.7, "dog": 0.6}
    info = {"format": 1, "task": task, "labels": ["cat", "dog"], "thresholds": thresholds, "frame": list(FRAME)}
    (folder / "model.json").write_text(json.dumps(info))
    return folder


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return Model.load(write_model(tmp_path_factory.mktemp("detector"), "detection", BOXES, SCORES))


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return Model.load(write_model(tmp_path_factory.mktemp("classifier"), "classification", [0.65, 0.625]))


def photo(width: int = 192, height: int = 128, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), "grey").save(stream, "JPEG", **options)
    return stream.getvalue()


def test_without_a_limit_each_label_must_reach_its_own_threshold(detector: Model, classifier: Model) -> None:
    assert [item.name for item in detector.detect(photo())] == ["cat", "dog"]
    assert [item.name for item in classifier.detect(photo())] == ["dog"]


def test_a_score_equal_to_the_threshold_is_admitted(detector: Model) -> None:
    """0.6 as float32 is above 0.6; thresholds come from scores, so equality is the usual case."""
    found = detector.detect(photo())
    assert found[1].confidence == pytest.approx(60, abs=1e-4)


@pytest.mark.parametrize(
    ("limit", "names"),
    [(0, ["cat", "dog", "cat", "dog"]), (50, ["cat", "dog"]), (62, ["cat"]), (95, []), (100, [])],
)
def test_a_limit_replaces_the_thresholds(detector: Model, limit: float, names: list[str]) -> None:
    found = detector.detect(photo(), min_confidence=limit)
    assert [item.name for item in found] == names


def test_zero_gives_every_label_in_classification(classifier: Model) -> None:
    assert [(item.name, round(item.confidence, 1)) for item in classifier.detect(photo(), min_confidence=0)] == [
        ("cat", 65.0),
        ("dog", 62.5),
    ]


@pytest.mark.parametrize(("most", "count"), [(0, 0), (1, 1), (2, 2), (100, 2)])
def test_the_most_confident_are_kept(detector: Model, most: int, count: int) -> None:
    found = detector.detect(photo(), min_confidence=50, max_results=most)
    assert len(found) == count
    assert [item.confidence for item in found] == sorted((item.confidence for item in found), reverse=True)


def test_boxes_are_shares_of_the_image_without_its_border(detector: Model) -> None:
    first = detector.detect(photo(192, 64))[0]  # twice as wide as the frame's shape: 16 rows of border above and below
    assert first.box == pytest.approx((10 / 96, 0.0, 20 / 96, 14 / 32), abs=0.02)


def test_the_answer_has_the_shape_of_aws(detector: Model, classifier: Model) -> None:
    item = detector.detect(photo())[0].to_dict()
    assert set(item) == {"Name", "Confidence", "Geometry"}
    assert set(item["Geometry"]["BoundingBox"]) == {"Width", "Height", "Left", "Top"}
    assert set(classifier.detect(photo())[0].to_dict()) == {"Name", "Confidence"}


def test_bytes_path_and_pixels_are_the_same_image(detector: Model, tmp_path: Path) -> None:
    data = photo()
    (tmp_path / "photo.jpg").write_bytes(data)
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    answers = [
        detector.detect(image, 0) for image in (data, tmp_path / "photo.jpg", str(tmp_path / "photo.jpg"), pixels)
    ]
    assert all(answer == answers[0] for answer in answers)


def test_an_image_on_its_side_is_answered_upright(detector: Model) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    found = detector.predict(photo(128, 192, exif=exif))
    assert isinstance(found, Boxed)
    np.testing.assert_allclose(found.boxes[0], [20, 20, 60, 60], atol=1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((101, None), "from 0 to 100"), ((-1, None), "from 0 to 100"), ((None, -1), "not be negative")],
)
def test_values_out_of_range_are_refused(detector: Model, arguments: tuple[Any, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        detector.detect(photo(), *arguments)


def test_what_is_no_image_is_refused(detector: Model) -> None:
    with pytest.raises(ImageError, match="not a JPEG or PNG"):
        detector.detect(b"GIF89a")


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "has no model.json"), ("{", "is damaged"), ('{"format": 99}', "format 99"), ("[]", "format None")],
)
def test_what_is_no_model_is_refused(tmp_path: Path, content: str | None, words: str) -> None:
    if content is not None:
        (tmp_path / "model.json").write_text(content)
    with pytest.raises(ModelError, match=words):
        Model.load(tmp_path)


def test_a_notebook_shows_a_picture(detector: Model, classifier: Model) -> None:
    for model in (detector, classifier):
        picture = Image.open(io.BytesIO(model.detect(photo())._repr_png_()))
        assert picture.size == (192, 128)
        assert len(picture.getcolors(100_000) or []) > 3


def test_many_images_are_answered_in_order(detector: Model) -> None:
    images = [photo(192, 128), photo(128, 192), photo(300, 300)]
    assert list(detector.detect_many(iter(images), 10)) == [detector.detect(image, 10) for image in images]
    answers = detector.detect_many([images[0], b"no image"])
    assert len(next(answers)) == 2
    with pytest.raises(ImageError):
        next(answers)


def test_many_threads_may_ask_at_once(detector: Model) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: detector.detect(photo(), 0), range(48)))
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("damage", ["missing", "junk"])
def test_a_damaged_network_is_the_models_fault(tmp_path: Path, damage: str) -> None:
    write_model(tmp_path, "classification", [0.65, 0.625])
    for file in tmp_path.glob("network.*"):
        file.unlink()
        if damage == "junk":
            file.write_bytes(b"junk")
    with pytest.raises(ModelError, match="cannot be loaded"):
        Model.load(tmp_path).detect(photo())


def test_a_model_that_lacks_an_entry_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text('{"format": 1, "task": "detection"}')
    with pytest.raises(ModelError, match="has no labels, thresholds, frame"):
        Model.load(tmp_path)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((80, 80), np.uint8),
        np.zeros((80, 80, 4), np.uint8),
        np.zeros((80, 80, 3), np.float32),
        np.zeros((0, 0, 3), np.uint8),
    ],
)
def test_pixels_of_another_kind_are_refused_in_words(detector: Model, pixels: Any) -> None:
    with pytest.raises(ImageError, match="height x width x 3 uint8"):
        detector.detect(pixels)


def test_any_kind_of_bytes_will_do(detector: Model) -> None:
    kinds: list[Any] = [bytes, bytearray, memoryview]
    assert len({tuple(detector.detect(kind(photo()))) for kind in kinds}) == 1
