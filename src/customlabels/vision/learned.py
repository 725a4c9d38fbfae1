"""What the trainers hand over: a network, and how it came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Learned:
    """A trained network, preprocessing folded in.

    `network` takes images uint8 (B, H, W, 3) in `frame`, (height, width) pixels. In classification it gives confidences
    (B, L), in detection boxes (B, A, 4) in frame pixels and confidences (B, A, L), all confidences in [0, 1].
    `provenance` says where the pretrained weights come from; `notes` what was chosen, as plain JSON values; `curve` is
    (seconds, loss) over the training. `namer`, in some detectors, is a classifier of what is in a box, for the second
    look (`looks.look_again`): from crops uint8 (K, H, W, 3) in its own frame to the chance of each label, (K, L).
    """

    network: nn.Module
    frame: tuple[int, int]
    backbone: str
    provenance: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    curve: list[tuple[float, float]] = field(default_factory=list)
    namer: Learned | None = None
