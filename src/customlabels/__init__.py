"""Self-hosted Custom Labels: learn from a few labelled pictures, on a CPU, in seconds.

    import customlabels as cl
    model = cl.train("folder")
    model.evaluation
    model.detect("photo.jpg")

Names are imported when they are first used: `import customlabels` costs next to nothing, and no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from customlabels.manifest.entry import Box, Dataset, Entry
    from customlabels.manifest.read import read_dataset, write_dataset
    from customlabels.vision.evaluate import Evaluation
    from customlabels.vision.model import Detection, Model
    from customlabels.vision.progress import Cancelled, Progress
    from customlabels.vision.train import train

_HOMES = {
    "Box": "manifest.entry",
    "Cancelled": "vision.progress",
    "Dataset": "manifest.entry",
    "Detection": "vision.model",
    "Entry": "manifest.entry",
    "Evaluation": "vision.evaluate",
    "Model": "vision.model",
    "Progress": "vision.progress",
    "read_dataset": "manifest.read",
    "train": "vision.train",
    "write_dataset": "manifest.read",
}

__all__ = [
    "Box",
    "Cancelled",
    "Dataset",
    "Detection",
    "Entry",
    "Evaluation",
    "Model",
    "Progress",
    "read_dataset",
    "train",
    "write_dataset",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
