"""Learning to detect from a few images, by transfer from COCO.

The trunk of the network stays as it is: random views of each picture pass through it once, in the inference runtime,
and its features are kept. Only the layers above are trained, on those features. The class layer of each label starts
from the COCO class that answers most on the label's boxes. Where the detector finds the boxes but cannot tell their
names apart, a classifier of what is in a box is trained beside it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from customlabels.imaging.images import Pixels
from customlabels.vision.backbones import ssd_mobilenet as ssd
from customlabels.vision.devices import has_bf16, training_device
from customlabels.vision.evaluate import evaluate_detection
from customlabels.vision.framing import decoding_side, frame_image
from customlabels.vision.frozen import freeze_depthwise, run_frozen
from customlabels.vision.labelled import View, changed_view, plain_view
from customlabels.vision.learned import Learned
from customlabels.vision.loss import Targets, detection_loss
from customlabels.vision.naming import CONFUSED, confusion, share_boxes, train_namer
from customlabels.vision.parallel import in_chunks
from customlabels.vision.pictures import Pictures
from customlabels.vision.plan import LAST_LAYERS, MIDDLE_LAYERS, Plan, choose_frame, make_plan
from customlabels.vision.postprocess import to_boxed
from customlabels.vision.progress import Monitor
from customlabels.vision.samples import Sample
from customlabels.vision.spool import Spool
from customlabels.vision.survey import survey
from customlabels.vision.weights import Weights

BATCH = 16
HONEST_SLOPE, HONEST_OFFSET = 3.0, 1.0
"""What the loss teaches is how well a box will fit: too high for boxes that are wrong, too low for those that are right
by the usual measure. The same curve makes it the chance of being right on sets of all sorts (benchmarks/LOG.md)."""
DEPTHS = (LAST_LAYERS, MIDDLE_LAYERS)
"""The values of Plan.cut that compete on held-out training images with effort=best."""
LEAST_TO_HOLD_OUT = 10
MOST_FROZEN_PIXELS = 800_000
"""So many pixels at most go through the frozen layers in one batch: their first maps are the largest, and two batches
are on their way at a time."""
MOST_PIXELS = 3_000_000
MOST_PAIRS = 4_000_000
"""A batch of more pixels, or of more pairs of a box and an anchor, goes through the network in pieces: that bounds
memory to about 1.5 GB."""


class Network(nn.Module):
    """Trunk, top and heads in a row, honest confidences instead of logits: what is exported."""

    def __init__(self, trunk: nn.Module, top: nn.Module, heads: nn.Module) -> None:
        super().__init__()
        self.trunk, self.top, self.heads = trunk, top, heads

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        boxes, logits = self.heads(self.top(self.trunk(images)))
        return boxes, (HONEST_SLOPE * logits + HONEST_OFFSET).sigmoid()


def train_detector(
    samples: Sequence[Sample],
    labels: Sequence[str],
    *,
    effort: str = "balanced",
    seed: int = 0,
    monitor: Monitor | None = None,
) -> Learned:
    """A detector for `labels` from samples whose `truth` holds their boxes; a sample without boxes is a negative.

    Raises Cancelled, and ImageError or OSError for an image that cannot be read any more.
    """
    monitor = monitor or Monitor()
    weights = ssd.load_weights()
    frame = choose_frame(samples)
    decoding = monitor.span(0.0, 0.03)
    readers = [sample.read for sample in samples]
    side = decoding_side(frame)
    # Where there is more than one name, a second look at them may have to follow.
    end = 1.0 if len(labels) == 1 else 0.75
    with Pictures(readers, side, on_progress=lambda done: decoding.report("features", done)) as pictures:
        known = survey(weights, samples, pictures, len(labels), frame)
        plan = make_plan(samples, frame, known.familiarity, effort)
        work = Work(samples, pictures, weights, known.classes, seed)
        trials: dict[int, float] = {}
        begin = 0.03
        if effort == "best" and len(samples) >= LEAST_TO_HOLD_OUT:
            begin = 0.3
            trials = try_depths(work, labels, plan, monitor.span(0.03, begin))
            plan = replace(plan, cut=max(trials, key=lambda cut: (trials[cut], cut == plan.cut)))
        network, curve = learn(work, range(len(samples)), plan, monitor.span(begin, end))
        # One name cannot be confused: there is no need to look.
        confused = confusion(network, samples, pictures, plan.frame) if len(labels) > 1 else 0.0
        namer = None
        if confused >= CONFUSED and not share_boxes(samples):
            namer = train_namer(samples, pictures, len(labels), effort, seed, monitor.span(end, 1.0))
    notes = {
        "familiarity": round(known.familiarity, 4),
        "coco_classes": dict(zip(labels, known.classes, strict=True)),
        "held_out_ap50_by_cut": {str(cut): round(score, 4) for cut, score in trials.items()},
        "confusion": round(confused, 4),
        **asdict(plan),
    }
    return Learned(network, plan.frame, ssd.NAME, ssd.PROVENANCE, notes, curve, namer)


@dataclass(frozen=True)
class Work:
    """What every training on the same pictures shares; `classes` are the COCO classes that start the labels."""

    samples: Sequence[Sample]
    pictures: Pictures
    weights: Weights
    classes: Sequence[int]
    seed: int


def learn(work: Work, chosen: Sequence[int], plan: Plan, monitor: Monitor) -> tuple[Network, list[tuple[float, float]]]:
    """A network trained on the samples with the indices `chosen`, and its (seconds, loss) curve."""
    torch.manual_seed(work.seed)
    trunk, top = ssd.Trunk(work.weights, plan.cut).eval(), ssd.Top(work.weights, plan.cut)
    heads = ssd.Heads(work.weights, work.classes, plan.frame)
    with make_views(work, chosen, plan, trunk, monitor.span(0.0, 0.2)) as views:
        curve = fit(top, heads, views, plan, work.seed, monitor.span(0.2, 1.0))
    network = Network(trunk, top, heads)
    return network.eval(), curve


def try_depths(work: Work, labels: Sequence[str], plan: Plan, monitor: Monitor) -> dict[int, float]:
    """AP50 on a fifth of the training samples of short trainings on the others, by how deep they go (`Plan.cut`)."""
    order = np.random.default_rng((work.seed, 2)).permutation(len(work.samples))
    held, rest = order[: len(order) // 5], order[len(order) // 5 :]
    scores = {}
    for i, cut in enumerate(DEPTHS):
        trial = replace(plan, cut=cut, views=max(1, plan.views // 4), epochs=2)
        part = monitor.span(i / len(DEPTHS), (i + 1) / len(DEPTHS))
        network, _ = learn(work, [int(index) for index in np.sort(rest)], trial, part)
        truths, found = [], []
        for index in held:
            sample = work.samples[index]
            assert sample.truth is not None
            framed = frame_image(sample.read(), plan.frame)
            with torch.no_grad():
                boxes, confidence = network(torch.from_numpy(framed.pixels[None]))
            truths.append(sample.truth)
            found.append(
                to_boxed(boxes[0].numpy(), confidence[0].numpy(), framed.placement, framed.width, framed.height)
            )
        scores[cut] = evaluate_detection(labels, truths, found).average_precision or 0.0
    return scores


@dataclass
class Views:
    """Cached trunk features of every view, with the boxes in each."""

    features: Spool
    boxes: list[Tensor]
    labels: list[Tensor]

    def __enter__(self) -> Views:
        return self

    def __exit__(self, *_: object) -> None:
        self.features.close()


def make_views(work: Work, chosen: Sequence[int], plan: Plan, trunk: nn.Module, monitor: Monitor) -> Views:
    """`plan.views` views of every chosen picture through the trunk: first the plain letterboxes, then random ones."""
    boxes: list[Tensor] = []
    labels: list[Tensor] = []
    total = len(chosen) * plan.views

    def view(job: tuple[int, int]) -> View:
        round_, i = job
        if round_ == 0:
            return plain_view(work.samples[i], work.pictures[i], plan.frame)
        rng = np.random.default_rng((work.seed, round_, i))
        return changed_view(work.samples[i], work.pictures[i], plan.frame, plan.recipe, rng)

    def batches() -> Iterator[Pixels]:
        jobs = [(round_, i) for round_ in range(plan.views) for i in chosen]
        size = max(1, min(BATCH, MOST_FROZEN_PIXELS // (plan.frame[0] * plan.frame[1])))
        for made in map(list, in_chunks(view, jobs, size)):
            boxes.extend(torch.from_numpy(np.array(shown.boxes, np.float32)) for shown in made)
            labels.extend(torch.from_numpy(np.array(shown.labels, np.int64)) for shown in made)
            yield np.stack([shown.pixels for shown in made])

    spool: Spool | None = None
    for (features,) in run_frozen(trunk, plan.frame, batches()):
        spool = spool or Spool(features.shape[1:], np.float16)
        spool.append(features)
        monitor.report("features", len(spool) / total)
    assert spool is not None
    return Views(spool, boxes, labels)


def fit(
    top: nn.Module, heads: ssd.Heads, views: Views, plan: Plan, seed: int, monitor: Monitor
) -> list[tuple[float, float]]:
    """Train top and heads on the cached features, on CUDA where it is there; gives (seconds, loss) of each step."""
    began = time.monotonic()
    device = training_device()
    if not plan.new_kernels:
        freeze_depthwise(top)
    for module in (top, heads):
        module.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    groups = [
        {"params": list(heads.parameters()), "lr": plan.rate},
        {"params": [p for p in top.parameters() if p.requires_grad], "lr": plan.rate * plan.share},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.02, fused=True)
    count = len(views.features)
    batches = max(1, count // BATCH)
    steps = batches * plan.epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [plan.rate, plan.rate * plan.share], total_steps=steps + 1, pct_start=0.1
    )
    prior = ssd.anchors(plan.frame)
    points = torch.from_numpy(prior.boxes[:, :2].copy()).to(device)
    strides = torch.from_numpy(prior.strides).to(device)
    parameters = [p for group in groups for p in group["params"]]  # type: ignore[attr-defined]
    rng = np.random.default_rng((seed, 1))
    bf16 = has_bf16(device)
    most_boxes = max(map(len, views.boxes))
    pieces = max(
        -(-BATCH * plan.frame[0] * plan.frame[1] // MOST_PIXELS), -(-BATCH * most_boxes * len(points) // MOST_PAIRS)
    )
    curve = []
    for step in range(steps):
        if step % batches == 0:
            order = rng.permutation(count)
        picked = np.sort(order[(step % batches) * BATCH :][:BATCH])
        optimizer.zero_grad()
        loss = 0.0
        for part in np.array_split(picked, min(pieces, len(picked))):
            features = torch.from_numpy(views.features[part].astype(np.float32))
            features = features.to(device=device, memory_format=torch.channels_last)
            targets = Targets.collate(
                [views.boxes[i].to(device) for i in part], [views.labels[i].to(device) for i in part]
            )
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                boxes, logits = heads(top(features))
            share = detection_loss(boxes, logits, targets, points, strides) * (len(part) / len(picked))
            share.backward()  # type: ignore[no-untyped-call]
            loss += share.item()
        torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        optimizer.step()
        schedule.step()
        curve.append((time.monotonic() - began, loss))
        monitor.report("training", (step + 1) / steps, curve[-1][1])
    for module in (top, heads):
        module.to("cpu")
    return curve
