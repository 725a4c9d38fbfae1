"""A trained model as a folder that can be copied, and the answers it gives. No torch is needed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from customlabels.imaging.images import Pixels
from customlabels.vision.evaluate import Evaluation
from customlabels.vision.framing import Framed, frame_image
from customlabels.vision.looks import look_again
from customlabels.vision.parallel import ahead
from customlabels.vision.postprocess import to_boxed
from customlabels.vision.predictions import Boxed
from customlabels.vision.runtime import Network, RuntimeMissing, open_network

FORMAT = 1
"""Version of the folder's layout."""

Task = Literal["classification", "detection"]

_opening = threading.Lock()
"""Held while a network is loaded, so that threads that ask for one at the same time load it once."""


class ModelError(ValueError):
    """A folder is not a model that this version can use."""


@dataclass(frozen=True)
class Detection:
    """One label found: confidence in percent; box as left, top, width, height in shares of the upright image's sides.

    `box` is None in classification.
    """

    name: str
    confidence: float
    box: tuple[float, float, float, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        """As an element of CustomLabels in DetectCustomLabels' response."""
        item: dict[str, Any] = {"Name": self.name, "Confidence": self.confidence}
        if self.box is not None:
            left, top, width, height = self.box
            item["Geometry"] = {"BoundingBox": {"Width": width, "Height": height, "Left": left, "Top": top}}
        return item


class Detections(list[Detection]):
    """What was found in one image, most confident first; a notebook shows it as a picture."""

    def __init__(self, found: Sequence[Detection], image: bytes | Pixels) -> None:
        super().__init__(found)
        self._image = image

    def _repr_png_(self) -> bytes:
        from customlabels.vision.draw import annotate, png

        return png(annotate(self._image, self))


@dataclass(frozen=True)
class Model:
    """A trained model. `info` is the content of model.json; `thresholds` are assumed thresholds in [0, 1] by label."""

    folder: Path
    info: dict[str, Any]
    threads: int | None = None
    _opened: dict[str, Network] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, folder: str | Path, threads: int | None = None) -> Model:
        """The model in a folder; `threads` bounds the cores it uses. Raises ModelError where there is none."""
        path = Path(folder)
        try:
            info = json.loads((path / "model.json").read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ModelError(f"{path} is not a model: it has no model.json.") from error
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ModelError(f"{path / 'model.json'} is damaged: {error}") from error
        if not isinstance(info, dict) or info.get("format") != FORMAT:
            found = info.get("format") if isinstance(info, dict) else None
            raise ModelError(f"{path} is a model of format {found}; this version of customlabels reads {FORMAT}.")
        missing = [key for key in ("task", "labels", "thresholds", "frame") if key not in info]
        if missing:
            raise ModelError(f"{path / 'model.json'} is damaged: it has no {', '.join(missing)}.")
        return cls(path, info, threads)

    def warm(self) -> None:
        """Load the network now rather than at the first image. Raises ModelError where it is missing or damaged."""
        with _opening:
            if "network" not in self._opened:
                try:
                    if self.info.get("namer"):
                        self._opened["namer"] = open_network(self.folder, self.threads, "namer")
                    self._opened["network"] = open_network(self.folder, self.threads)
                except RuntimeMissing:
                    raise
                except Exception as error:  # each runtime has errors of its own, none of them documented
                    raise ModelError(f"The network in {self.folder} cannot be loaded: {error}") from error

    @property
    def task(self) -> Task:
        task: Task = self.info["task"]
        return task

    @cached_property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.info["labels"])

    @property
    def thresholds(self) -> dict[str, float]:
        return dict(self.info["thresholds"])

    @property
    def frame(self) -> tuple[int, int]:
        """(height, width) in pixels of the network's input."""
        height, width = self.info["frame"]
        return height, width

    @cached_property
    def evaluation(self) -> Evaluation | None:
        """How the model did on its test set; None where it was not evaluated."""
        path = self.folder / "evaluation.json"
        return Evaluation.from_json(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None

    def _run(self, framed: Framed) -> tuple[NDArray[Any], ...]:
        self.warm()
        return self._opened["network"](framed.pixels[None])

    def predict(self, image: bytes | str | Path | Pixels) -> Boxed | NDArray[np.float32]:
        """Everything the network says of an image, before any threshold.

        Detection: boxes in pixels of the upright image. Classification: a confidence in [0, 1] for each label, (L,).
        Raises ImageError for an image that cannot be used, OSError for a file that cannot be read, ModelError for a
        network that cannot be loaded. Any number of threads may ask at once.
        """
        framed = frame_image(_content(image), self.frame)
        return self._interpret(framed, self._run(framed))

    def detect(
        self,
        image: bytes | str | Path | Pixels,
        min_confidence: float | None = None,
        max_results: int | None = None,
    ) -> Detections:
        """The labels found in an image, most confident first, as DetectCustomLabels answers.

        `image` is a path, encoded JPEG or PNG bytes, or upright RGB pixels (H, W, 3) uint8. Without `min_confidence`
        (percent) each label's assumed threshold decides; with it only that value does; 0 gives everything.
        `max_results` keeps the most confident. Raises ValueError for values outside these ranges, and as `predict`.
        """
        if min_confidence is not None and not 0 <= min_confidence <= 100:
            raise ValueError(f"min_confidence is {min_confidence}; it must be from 0 to 100 (percent).")
        if max_results is not None and max_results < 0:
            raise ValueError(f"max_results is {max_results}; it must not be negative.")
        content = _content(image)
        framed = frame_image(content, self.frame)
        found = self._items(framed, self._interpret(framed, self._run(framed)))
        if min_confidence is None:
            # At full precision: a threshold is the score of some test prediction and must admit that very score.
            found = [(item, score) for item, score in found if score >= self.thresholds[item.name]]
        else:
            found = [(item, score) for item, score in found if item.confidence >= min_confidence]
        found.sort(key=lambda pair: -pair[1])
        return Detections([item for item, _ in found][:max_results], content)

    def detect_many(
        self,
        images: Iterable[bytes | str | Path | Pixels],
        min_confidence: float | None = None,
        max_results: int | None = None,
    ) -> Iterator[Detections]:
        """What `detect` finds in each image, in order, faster: the next one is decoded while the network runs.

        Raises as `detect`, when it is the turn of the image that cannot be used.
        """
        return ahead(lambda image: self.detect(image, min_confidence, max_results), images)

    def _interpret(self, framed: Framed, outputs: tuple[NDArray[Any], ...]) -> Boxed | NDArray[np.float32]:
        if self.task == "classification":
            confidence: NDArray[np.float32] = outputs[0][0]
            return confidence
        boxes, confidence = outputs[0][0], outputs[1][0]
        if self.info.get("namer"):
            height, width = self.info["namer"]["frame"]
            boxes, confidence = look_again(boxes, confidence, framed, self._opened["namer"], (height, width))
        return to_boxed(boxes, confidence, framed.placement, framed.width, framed.height)

    def _items(self, framed: Framed, predicted: Boxed | NDArray[np.float32]) -> list[tuple[Detection, float]]:
        if not isinstance(predicted, Boxed):
            scores = [float(score) for score in predicted]
            return [(Detection(name, 100 * score), score) for name, score in zip(self.labels, scores, strict=True)]
        sides = np.array([framed.width, framed.height] * 2)
        items = []
        for box, label, value in zip(predicted.boxes / sides, predicted.classes, predicted.scores, strict=True):
            x0, y0, x1, y1 = (float(side) for side in box)
            score = float(value)
            items.append((Detection(self.labels[label], 100 * score, (x0, y0, x1 - x0, y1 - y0)), score))
        return items


def _content(image: bytes | str | Path | Pixels) -> bytes | Pixels:
    return Path(image).read_bytes() if isinstance(image, str | Path) else image
