"""Vision transformers as the features of a classifier: what they say of the picture, and of its parts in the mean.

Sources: DINOv2 (Oquab et al., arXiv 2304.07193), whose linear probes use these two; SigLIP (Zhai et al., 2303.15343).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from customlabels.vision.classifier import Plan, train_classifier
from customlabels.vision.extraction import Extract, extract_here
from customlabels.vision.hub.models import HubModel, frame_of, load, notes
from customlabels.vision.hub.pixels import Normalised
from customlabels.vision.learned import Learned
from customlabels.vision.progress import Monitor
from customlabels.vision.samples import Sample

VIEWS = {"fast": (0, 0), "balanced": (200, 4), "best": (2400, 12)}
"""Random views to learn from, of all pictures together and of one at most, besides the pictures themselves."""


class Encoder(nn.Module):
    """Uint8 images (B, H, W, 3) in one frame to the pooled and the mean patch embedding, (B, 2 D)."""

    def __init__(self, model: nn.Module, normalised: nn.Module, frame: tuple[int, int]) -> None:
        super().__init__()
        self.model, self.normalised = model, normalised
        config: Any = model.config
        self.settings: dict[str, Any] = {}
        self.first_patch = 0
        if config.model_type.startswith("siglip"):
            self.settings["interpolate_pos_encoding"] = True
        else:
            self.first_patch = 1 + getattr(config, "num_register_tokens", 0)
        _fix_positions(model)
        with torch.no_grad():
            self(torch.zeros((1, *frame, 3), dtype=torch.uint8))

    def forward(self, images: Tensor) -> Tensor:
        output = self.model(pixel_values=self.normalised(images), **self.settings)
        patches: Tensor = output.last_hidden_state[:, self.first_patch :].mean(1)
        return patches if output.pooler_output is None else torch.cat([output.pooler_output, patches], 1)


def train_encoder(
    samples: Sequence[Sample],
    labels: Sequence[str],
    hub: HubModel,
    *,
    effort: str,
    seed: int,
    monitor: Monitor,
    extract: Extract = extract_here,
) -> Learned:
    """A classifier on the frozen features of a vision transformer. Raises as `train_classifier`, and BackboneError."""
    model = load(hub)
    frame = frame_of(((sample.width, sample.height) for sample in samples), hub.side, int(model.config.patch_size))
    features = Encoder(model, Normalised(hub), frame)
    budget, most = VIEWS[effort]
    plan = Plan("efficientnet_lite0", frame, min(budget // max(1, len(samples)), most))  # its features give way
    learned = train_classifier(
        samples,
        labels,
        effort=effort,
        seed=seed,
        monitor=monitor,
        plan=plan,
        features=features.eval(),
        extract=extract,
    )
    told = {**learned.notes, "variant": hub.name, **notes()}
    return replace(learned, backbone=hub.name, provenance=hub.provenance, notes=told)


def _fix_positions(model: nn.Module) -> None:
    """Position embeddings, resized for the frame of the first image, as a constant: ONNX has no such resizing."""
    for module in model.modules():
        resize = getattr(module, "interpolate_pos_encoding", None)
        if resize is not None:
            module.interpolate_pos_encoding = _once(resize)


def _once(function: Any) -> Any:
    made: list[Tensor] = []

    def call(embeddings: Tensor, *arguments: Any) -> Tensor:
        if not made:
            made.append(function(embeddings, *arguments).detach())
        return made[0].to(embeddings.device)

    return call
