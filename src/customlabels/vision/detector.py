"""Learning to detect from a few images, by transfer from COCO.

The trunk of the network stays as it is: random views of each picture pass through it once, in the inference runtime,
and its features are kept. Only the layers above are trained, on those features. The class layer of each label starts
from the COCO class that answers most on the label's boxes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from customlabels.imaging.boxes import Boxes, area
from customlabels.imaging.images import Pixels, letterbox
from customlabels.vision import augment
from customlabels.vision.backbones import ssd_mobilenet as ssd
from customlabels.vision.export import to_onnx
from customlabels.vision.framing import decoding_side
from customlabels.vision.learned import Learned
from customlabels.vision.loss import Targets, detection_loss, pairwise_iou
from customlabels.vision.pictures import Pictures
from customlabels.vision.progress import Monitor
from customlabels.vision.runtime import throughput
from customlabels.vision.samples import Sample
from customlabels.vision.spool import Spool
from customlabels.vision.weights import Weights

BATCH = 16
VIEWS = {"fast": 320, "balanced": 640, "best": 1280}
"""Random views to make of all pictures together; not fewer than LEAST_VIEWS nor more than MOST_VIEWS of each."""
LEAST_VIEWS, MOST_VIEWS = 2, 40
SMALL_BOX = 40.0
MOST_PIXELS = 2.0
"""The frame's sides are at most so many times those that the pretrained network has."""
STEP = 16


@dataclass(frozen=True)
class Plan:
    """Everything about a training that is derived from effort and data.

    frame: (height, width) pixels; cut: blocks that stay frozen; views: random views a picture; epochs: passes over the
    views; rate: top learning rate of the heads; share: that of the other trained layers, as a share of `rate`.
    """

    frame: tuple[int, int]
    cut: int = 13
    views: int = 24
    epochs: int = 4
    rate: float = 2e-3
    share: float = 0.3
    recipe: augment.Recipe = field(default_factory=augment.Recipe)


class Network(nn.Module):
    """Trunk, top and heads in a row, confidences instead of logits: what is exported."""

    def __init__(self, trunk: nn.Module, top: nn.Module, heads: nn.Module) -> None:
        super().__init__()
        self.trunk, self.top, self.heads = trunk, top, heads

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        boxes, logits = self.heads(self.top(self.trunk(images)))
        return boxes, logits.sigmoid()


def train_detector(
    samples: Sequence[Sample],
    labels: Sequence[str],
    *,
    effort: str = "balanced",
    seed: int = 0,
    monitor: Monitor | None = None,
    plan: Plan | None = None,
) -> Learned:
    """A detector for `labels` from samples whose `truth` holds their boxes; a sample without boxes is a negative."""
    monitor = monitor or Monitor()
    plan = plan or make_plan(samples, effort)
    began = time.monotonic()
    torch.manual_seed(seed)
    weights = ssd.load_weights()
    trunk = ssd.Trunk(weights, plan.cut)
    with _views(samples, plan, seed, trunk, monitor.span(0.0, 0.3)) as views:
        featured = time.monotonic() - began
        top = ssd.Top(weights, plan.cut)
        classes = _nearest_classes(weights, top, views, len(labels), plan)
        heads = ssd.Heads(weights, classes, plan.frame)
        curve = _fit(top, heads, views, plan, seed, monitor.span(0.3, 1.0))
    notes = {**asdict(plan), "coco_classes": dict(zip(labels, classes, strict=True)), "seconds_features": featured}
    network = Network(trunk, top, heads).eval()
    return Learned(network, plan.frame, ssd.NAME, ssd.PROVENANCE, notes, curve)


def make_plan(samples: Sequence[Sample], effort: str) -> Plan:
    """What to do, from the boxes' sizes and the number of images."""
    views = int(np.clip(-(-VIEWS[effort] // len(samples)), LEAST_VIEWS, MOST_VIEWS))
    return Plan(choose_frame(samples), views=views, epochs=2 if effort == "fast" else 4)


def choose_frame(samples: Sequence[Sample]) -> tuple[int, int]:
    """(height, width) of the network's input: the pictures' usual shape, as large as their small boxes need.

    A quarter of the boxes may be smaller than SMALL_BOX pixels (the side of a square of the same area).
    """
    shape = float(np.exp(np.median([np.log(sample.width / sample.height) for sample in samples])))
    shape = float(np.clip(shape, 0.5, 2.0))
    sides = box_sides(samples)
    needed = SMALL_BOX / np.quantile(sides, 0.25) if len(sides) else 0.0
    least = (ssd.SIZE**2 * max(shape, 1 / shape)) ** 0.5
    longer = float(np.clip(needed, least, MOST_PIXELS * least))
    width, height = (longer, longer / shape) if shape >= 1 else (longer * shape, longer)
    return round(height / STEP) * STEP, round(width / STEP) * STEP


@dataclass
class Views:
    """Cached trunk features of every view, with the boxes in each. The first len(samples) are the plain letterboxes."""

    features: Spool
    boxes: list[Tensor]
    labels: list[Tensor]

    def __enter__(self) -> Views:
        return self

    def __exit__(self, *_: object) -> None:
        self.features.close()


def _views(samples: Sequence[Sample], plan: Plan, seed: int, trunk: nn.Module, monitor: Monitor) -> Views:
    truths = [sample.truth for sample in samples]
    boxes: list[Tensor] = []
    labels: list[Tensor] = []
    total = len(samples) * plan.views

    def view(job: tuple[int, int], pictures: Pictures) -> tuple[Pixels, Boxes, NDArray[np.int64]]:
        round_, i = job
        pixels, truth = pictures[i], truths[i]
        assert truth is not None
        scaled = (truth.boxes * (pixels.shape[1] / samples[i].width)).astype(np.float32)
        if round_ == 0:
            framed, placement = letterbox(pixels, plan.frame)
            return framed, placement.apply(scaled), truth.classes
        rng = np.random.default_rng((seed, round_, i))
        framed, moved, kept = augment.random_view(pixels, scaled, plan.frame, plan.recipe, rng)
        return framed, moved, truth.classes[kept]

    def batches(pictures: Pictures) -> Iterator[Pixels]:
        jobs = [(round_, i) for round_ in range(plan.views) for i in range(len(samples))]
        with ThreadPoolExecutor() as pool:
            for first in range(0, total, BATCH):
                made = list(pool.map(lambda job: view(job, pictures), jobs[first : first + BATCH]))
                boxes.extend(torch.from_numpy(np.array(found, np.float32)) for _, found, _ in made)
                labels.extend(torch.from_numpy(np.array(names, np.int64)) for _, _, names in made)
                yield np.stack([framed for framed, _, _ in made])

    spool: Spool | None = None
    model = to_onnx(trunk, plan.frame, ["features"])
    with Pictures([sample.read for sample in samples], longest_side=decoding_side(plan.frame)) as pictures:
        for (features,) in throughput(model, batches(pictures)):
            spool = spool or Spool(features.shape[1:], np.float16)
            spool.append(features)
            monitor.report("features", len(spool) / total)
    assert spool is not None
    return Views(spool, boxes, labels)


def _nearest_classes(weights: Weights, top: ssd.Top, views: Views, labels: int, plan: Plan) -> list[int]:
    """For each label the COCO class that answers most on its boxes, summed over the best anchor of each box."""
    heads = ssd.Heads(weights, range(ssd.COCO_CLASSES), plan.frame)
    votes = torch.zeros(labels, ssd.COCO_CLASSES)
    with torch.no_grad():
        for i in range(min(len(views.boxes) // plan.views, 200)):
            if len(views.boxes[i]):
                boxes, logits = heads(top(torch.from_numpy(views.features[i : i + 1].astype(np.float32))))
                overlap = pairwise_iou(views.boxes[i][None], boxes)[0]
                chance = logits[0].softmax(-1)
                for near, label in zip(overlap > 0.5, views.labels[i], strict=True):
                    if near.any():
                        votes[label] += chance[near].amax(0)
    votes[:, 0] = 0
    return [int(vote) for vote in votes.argmax(1)]


def _fit(
    top: nn.Module, heads: ssd.Heads, views: Views, plan: Plan, seed: int, monitor: Monitor
) -> list[tuple[float, float]]:
    """Train top and heads on the cached features; gives (seconds, loss) now and then."""
    began = time.monotonic()
    for module in (top, heads):
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    groups = [
        {"params": list(heads.parameters()), "lr": plan.rate},
        {"params": list(top.parameters()), "lr": plan.rate * plan.share},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.02)
    count = len(views.features)
    batches = max(1, count // BATCH)
    steps = batches * plan.epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [plan.rate, plan.rate * plan.share], total_steps=steps + 1, pct_start=0.1
    )
    prior = ssd.anchors(plan.frame)
    points, strides = torch.from_numpy(prior.boxes[:, :2].copy()), torch.from_numpy(prior.strides)
    parameters = [p for group in groups for p in group["params"]]  # type: ignore[attr-defined]
    rng = np.random.default_rng((seed, 1))
    bf16 = has_bf16()
    curve = []
    for step in range(steps):
        if step % batches == 0:
            order = rng.permutation(count)
        picked = np.sort(order[(step % batches) * BATCH :][:BATCH])
        features = torch.from_numpy(views.features[picked].astype(np.float32)).to(memory_format=torch.channels_last)
        targets = Targets.collate([views.boxes[i] for i in picked], [views.labels[i] for i in picked])
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            boxes, logits = heads(top(features))
        loss = detection_loss(boxes, logits, targets, points, strides)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        optimizer.step()
        schedule.step()
        curve.append((time.monotonic() - began, loss.item()))
        monitor.report("training", (step + 1) / steps, curve[-1][1])
    return curve


def has_bf16() -> bool:
    """Whether this processor multiplies bfloat16 natively; elsewhere autocast would be slower, not faster."""
    cpu: Any = torch.cpu
    return bool(cpu._is_avx512_bf16_supported() or cpu._is_amx_tile_supported())


def box_sides(samples: Sequence[Sample]) -> NDArray[np.float32]:
    """Square roots of box areas as shares of their image's longer side, (N,) over all samples."""
    shares = [
        np.sqrt(area(sample.truth.boxes)) / max(sample.width, sample.height)
        for sample in samples
        if sample.truth is not None
    ]
    return np.concatenate(shares) if shares else np.zeros(0, np.float32)
