"""From our frames to what a model of the hub takes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from customlabels.vision.hub.models import HubModel


class Normalised(nn.Module):
    """Uint8 images (B, H, W, 3) RGB to float32 (B, 3, H, W), normalised as the model was trained."""

    scale: Tensor
    shift: Tensor

    def __init__(self, model: HubModel) -> None:
        super().__init__()
        mean, std = torch.tensor(model.mean)[:, None, None], torch.tensor(model.std)[:, None, None]
        self.register_buffer("scale", 1 / (255 * std))
        self.register_buffer("shift", -mean / std)

    def forward(self, images: Tensor) -> Tensor:
        return images.permute(0, 3, 1, 2).to(torch.float32) * self.scale + self.shift
