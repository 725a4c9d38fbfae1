"""The architectures that can be a backbone: how each is told from a config.json, and what it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from customlabels.vision.evaluation import Task
from customlabels.vision.hub.errors import BackboneError

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Family:
    """An architecture.

    class_name: its class in transformers; side: of its square input in pixels, and mean and std (RGB, of values in
    [0, 1]): what holds where a model brings no preprocessor_config.json; licence: of all its published weights.
    """

    name: str
    class_name: str
    task: Task
    side: int
    mean: Colour
    std: Colour
    licence: str = ""


_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
PLAIN = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))

FAMILIES: Mapping[str, Family] = {
    "dinov2": Family("DINOv2", "Dinov2Model", "classification", 224, *_IMAGENET),
    "dinov2_with_registers": Family("DINOv2", "Dinov2WithRegistersModel", "classification", 224, *_IMAGENET),
    "dinov3_vit": Family("DINOv3", "DINOv3ViTModel", "classification", 224, *_IMAGENET, licence="dinov3-license"),
    "siglip": Family("SigLIP", "SiglipVisionModel", "classification", 224, *_HALF),
    "siglip_vision_model": Family("SigLIP", "SiglipVisionModel", "classification", 224, *_HALF),
    "rt_detr": Family("RT-DETR", "RTDetrForObjectDetection", "detection", 640, *PLAIN),
    "rt_detr_v2": Family("RT-DETR v2", "RTDetrV2ForObjectDetection", "detection", 640, *PLAIN),
    "d_fine": Family("D-FINE", "DFineForObjectDetection", "detection", 640, *PLAIN),
}
"""By `model_type`. SigLIP 2 of a fixed size says "siglip", too."""


def family_of(config: Mapping[str, Any], name: str) -> Family:
    """The family of a model whose config.json is `config`. Raises BackboneError for one that is not supported."""
    kind = str(config.get("model_type"))
    if kind not in FAMILIES:
        raise BackboneError(
            f"{name} is of the architecture {kind}, which cannot be a backbone: "
            f"choose {names('classification')} for labels of whole images, or {names('detection')} for boxes."
        )
    return FAMILIES[kind]


def names(task: Task) -> str:
    """The families for a task, in words."""
    return ", ".join(dict.fromkeys(family.name for family in FAMILIES.values() if family.task == task))


def require_task(family: Family, task: Task, name: str) -> None:
    """Raises BackboneError where a family is not for the task of the training."""
    if family.task != task:
        what, given = ("a detector", "labels of whole images") if task == "classification" else ("no detector", "boxes")
        raise BackboneError(f"{name} ({family.name}) is {what}, and the data have {given}: choose {names(task)}.")
