"""Fine-tuning the upper stages of an image classifier on views whose lower stages' features are computed once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from customlabels.imaging.images import Pixels
from customlabels.vision.backbones import efficientnet_lite as lite
from customlabels.vision.devices import has_bf16, training_device
from customlabels.vision.frozen import freeze_depthwise, run_frozen
from customlabels.vision.progress import Monitor
from customlabels.vision.spool import Spool

FROZEN_STAGES = 3
"""The first so many stages stay as ImageNet taught them; the fourth is where details turn into things."""
BATCH = 8
MOST_FROZEN = 16
"""Views that go through the frozen stages at once."""
SHARPNESS = 4.0
"""The larger, the nearer log-sum-exp pooling is to the maximum."""


@dataclass(frozen=True)
class Course:
    """How the upper half is trained: passes over the views, the new layer's highest rate, the other layers' share of
    it, the weight decay, how much of the truth is spread over all answers."""

    epochs: int = 2
    rate: float = 0.002
    share: float = 0.2
    decay: float = 0.02
    smoothing: float = 0.05


class Lower(nn.Module):
    """Images uint8 (B, H, W, 3) to the features (B, C, h, w) of the frozen stages."""

    def __init__(self, backbone: lite.EfficientNetLite) -> None:
        super().__init__()
        self.stem, self.blocks = backbone.stem, backbone.blocks[: backbone.ends[FROZEN_STAGES - 1] + 1]

    def forward(self, images: Tensor) -> Tensor:
        x: Tensor = self.stem(lite.normalised(images))
        for block in self.blocks:
            x = block(x)
        return x


class Upper(nn.Module):
    """What the first `frozen` stages say to one logit for each label, (B, L). Takes the backbone's modules over.

    `local`: the label's logits of all places are pooled, the strong ones counting most (log-sum-exp), so that a small
    thing somewhere is enough. Else what the last map holds on average decides.
    """

    def __init__(self, backbone: lite.EfficientNetLite, labels: int, local: bool, frozen: int = FROZEN_STAGES) -> None:
        super().__init__()
        self.local = local
        self.blocks, self.head = backbone.blocks[backbone.ends[frozen - 1] + 1 :], backbone.head
        self.classes = nn.Linear(lite.HEAD_WIDTH, labels)
        nn.init.zeros_(self.classes.weight)
        nn.init.zeros_(self.classes.bias)
        self.dropout = nn.Dropout(0.2)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        x = self.head(x)
        if not self.local:
            logits: Tensor = self.classes(self.dropout(x.mean((2, 3))))
            return logits
        places = functional.conv2d(x, self.classes.weight[:, :, None, None], self.classes.bias).flatten(2)
        peak = places.amax(2, keepdim=True)
        pooled: Tensor = peak[..., 0] + (SHARPNESS * (places - peak)).exp().mean(2).log() / SHARPNESS
        return pooled


class Tuned(nn.Module):
    """Images uint8 (B, H, W, 3) to the chance of each label, (B, L). `exclusive`: they add up to 1."""

    def __init__(self, lower: nn.Module, upper: nn.Module, exclusive: bool) -> None:
        super().__init__()
        self.lower, self.upper, self.exclusive = lower, upper, exclusive

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.upper(self.lower(images))
        return logits.softmax(1) if self.exclusive else logits.sigmoid()


def fine_tune(
    views: Iterable[Pixels],
    truth: NDArray[np.bool_],
    frame: tuple[int, int],
    seed: int,
    monitor: Monitor,
    *,
    local: bool,
    course: Course = Course(),
) -> Tuned:
    """EfficientNet-Lite0 trained to name `views`, as `Upper` says for `local`.

    `views` are batches of images (B, H, W, 3) in `frame`, (height, width) pixels, multiples of the backbone's stride;
    `truth` (N, L) says what each of them shows. Where each shows one thing, labels exclude one another. Raises
    WeightsError without the backbone, and Cancelled.
    """
    torch.manual_seed(seed)
    backbone = lite.EfficientNetLite.pretrained(lite.VARIANTS["efficientnet_lite0"])
    lower, upper = Lower(backbone), Upper(backbone, truth.shape[1], local)
    spool: Spool | None = None
    for (features,) in run_frozen(lower, frame, _parts(views)):
        spool = spool or Spool(features.shape[1:], np.float16)
        spool.append(features)
        monitor.report("features", 0.2 * len(spool) / len(truth))
    assert spool is not None
    with spool:
        fit(upper, spool, truth, seed, monitor.span(0.2, 1.0), course)
    return Tuned(lower, upper, exclusive(truth)).eval()


def _parts(views: Iterable[Pixels]) -> Iterator[Pixels]:
    """The same views in batches that the frozen stages have memory for: of few pictures there may be hundreds each."""
    for batch in views:
        for first in range(0, len(batch), MOST_FROZEN):
            yield batch[first : first + MOST_FROZEN]


def exclusive(truth: NDArray[np.bool_]) -> bool:
    """Whether labels exclude one another: each row of `truth` (N, L) has one of several."""
    return truth.shape[1] > 1 and bool((truth.sum(1) == 1).all())


def fit(upper: Upper, features: Spool, truth: NDArray[np.bool_], seed: int, monitor: Monitor, course: Course) -> None:
    """Train `upper` on features (N, C, h, w) of views that show `truth` (N, L). Raises Cancelled."""
    device = training_device()
    freeze_depthwise(upper)
    upper.to(device=device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    new = set(upper.classes.parameters())
    old = [p for p in upper.parameters() if p.requires_grad and p not in new]
    rates = [course.rate, course.rate * course.share]
    groups = [{"params": params, "lr": rate} for params, rate in zip((list(new), old), rates, strict=True)]
    optimizer = torch.optim.AdamW(groups, weight_decay=course.decay, fused=True)
    batches = max(1, len(truth) // BATCH)
    steps = batches * course.epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rates, total_steps=steps + 1, pct_start=0.15)
    rng = np.random.default_rng((seed, 3))
    bf16, compete = has_bf16(device), exclusive(truth)
    for step in range(steps):
        if step % batches == 0:
            order = rng.permutation(len(truth))
        picked = np.sort(order[(step % batches) * BATCH :][:BATCH])
        x = torch.from_numpy(features[picked].astype(np.float32))
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            logits = upper(x.to(device=device, memory_format=torch.channels_last)).float()
        wanted = torch.from_numpy(truth[picked].astype(np.float32)).to(device)
        loss = _loss(logits, wanted, compete, course.smoothing)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(upper.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        monitor.report("training", (step + 1) / steps, loss.item())
    upper.to("cpu").eval()


def _loss(logits: Tensor, truth: Tensor, compete: bool, smoothing: float) -> Tensor:
    if compete:
        return functional.cross_entropy(logits, truth, label_smoothing=smoothing)
    wanted = truth * (1 - smoothing) + smoothing / 2
    # Labels are judged one by one; the root keeps the step's size between that of one label and that of all.
    return functional.binary_cross_entropy_with_logits(logits, wanted) * math.sqrt(truth.shape[1])
