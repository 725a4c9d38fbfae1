"""Detection transformers, pretrained on everyday objects, fine-tuned on a few pictures.

All but the backbone learns; with effort=best the backbone, too. Each random view of a picture is used once, so nothing
is kept. The class layers of a label start from the pretrained class that answers most on the label's boxes.
Sources: RT-DETR (Zhao et al., arXiv 2304.08069), RT-DETRv2 (Lv et al., 2407.17140), D-FINE (Peng et al., 2410.13842);
loss and matching are transformers' own, those of the papers.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from customlabels.imaging.boxes import iou
from customlabels.vision import augment
from customlabels.vision.devices import training_device
from customlabels.vision.framing import decoding_side
from customlabels.vision.hub.models import HubModel, frame_of, load, notes
from customlabels.vision.hub.pixels import Normalised
from customlabels.vision.hub.views import view_batches
from customlabels.vision.labelled import View, plain_view
from customlabels.vision.learned import Learned
from customlabels.vision.pictures import Pictures
from customlabels.vision.progress import Monitor
from customlabels.vision.samples import Sample
from customlabels.vision.survey import SAME_PLACE

GRID = 32
"""The coarsest stride of these networks: sides of a frame are multiples of it."""
BATCH = 8
PIECE = 900_000
"""So many pixels go through the network at a time: that bounds memory to about 2 GB for a small model."""
VIEWS = {"fast": 320, "balanced": 960, "best": 1920}
"""Views to learn from, of all pictures together, one of each picture at least."""
RATE = 2e-4
"""The highest learning rate."""
RECIPE = augment.Recipe()
MOST_SURVEYED = 48
CLIP = 0.1
DECAY = 1e-4


@dataclass(frozen=True)
class Plan:
    """Everything about a training that is derived from effort and data.

    frame: (height, width) pixels; views: of all pictures together; whole: whether the backbone learns, too; rate: the
    highest learning rate; share: that of the backbone, as a share of it.
    """

    frame: tuple[int, int]
    views: int
    whole: bool
    rate: float
    recipe: augment.Recipe
    share: float = 0.1


class Network(nn.Module):
    """Images uint8 (B, H, W, 3) to boxes (B, Q, 4) in frame pixels and confidences (B, Q, L): what is exported."""

    sides: Tensor

    def __init__(self, model: nn.Module, normalised: nn.Module, frame: tuple[int, int]) -> None:
        super().__init__()
        self.model, self.normalised = model, normalised
        self.register_buffer("sides", torch.tensor([frame[1], frame[0]] * 2, dtype=torch.float32))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        output = self.model(pixel_values=self.normalised(images))
        centre, half = output.pred_boxes[..., :2], output.pred_boxes[..., 2:] / 2
        return torch.cat([centre - half, centre + half], -1) * self.sides, output.logits.sigmoid()

    def loss(self, views: Sequence[View]) -> Tensor:
        """The loss of the model's own paper on some views, a scalar."""
        device = self.sides.device
        targets = []
        for view in views:
            boxes = torch.from_numpy(np.array(view.boxes, np.float32)).to(device) / self.sides
            size = boxes[:, 2:] - boxes[:, :2]
            targets.append(
                {
                    "class_labels": torch.from_numpy(view.labels).to(device),
                    "boxes": torch.cat([boxes[:, :2] + size / 2, size], 1),
                }
            )
        images = torch.from_numpy(np.stack([view.pixels for view in views])).to(device)
        loss: Tensor = self.model(pixel_values=self.normalised(images), labels=targets).loss
        return loss


def train_detector(
    samples: Sequence[Sample], labels: Sequence[str], hub: HubModel, *, effort: str, seed: int, monitor: Monitor
) -> Learned:
    """A detector for `labels` from samples whose `truth` holds their boxes; a sample without boxes is a negative.

    Raises BackboneError, Cancelled, and ImageError or OSError for an image that cannot be read any more.
    """
    torch.manual_seed(seed)
    model = load(hub, anchor_image_size=None, eval_size=None)  # any frame, not only that of the pretraining
    plan = make_plan(samples, hub, effort)
    network = Network(model, Normalised(hub), plan.frame)
    reading = monitor.span(0.0, 0.03)
    readers = [sample.read for sample in samples]
    side = decoding_side(plan.frame)
    with Pictures(readers, side, on_progress=lambda done: reading.report("features", done)) as pictures:
        classes = survey(network, samples, pictures, len(labels), plan.frame, monitor.span(0.03, 0.1))
        pretrained = [str(model.config.id2label.get(index, index)) for index in classes]
        give_classes(model, classes)
        curve = fit(network, samples, pictures, plan, seed, monitor.span(0.1, 1.0))
    told = {"start_classes": dict(zip(labels, pretrained, strict=True)), **asdict(plan), **notes()}
    return Learned(network.eval(), plan.frame, hub.name, hub.provenance, told, curve)


def make_plan(samples: Sequence[Sample], hub: HubModel, effort: str) -> Plan:
    """What to do, from the effort and the number and shape of the pictures."""
    frame = frame_of(((sample.width, sample.height) for sample in samples), hub.side, GRID)
    return Plan(frame, max(VIEWS[effort], len(samples)), effort == "best", RATE, RECIPE)


def survey(
    network: Network,
    samples: Sequence[Sample],
    pictures: Pictures,
    labels: int,
    frame: tuple[int, int],
    monitor: Monitor,
) -> list[int]:
    """For each label the class of the pretrained model that is surest of the label's boxes."""
    network.eval()
    boxed = [i for i, sample in enumerate(samples) if sample.truth is not None and len(sample.truth)]
    chosen = boxed[:: max(1, -(-len(boxed) // MOST_SURVEYED))]
    votes: NDArray[np.float32] | None = None
    for done, i in enumerate(chosen):
        view = plain_view(samples[i], pictures[i], frame)
        with torch.no_grad():
            boxes, confidence = (values[0].numpy() for values in network(torch.from_numpy(view.pixels[None])))
        votes = np.zeros((labels, confidence.shape[1]), np.float32) if votes is None else votes
        for near, label in zip(iou(view.boxes, boxes) > SAME_PLACE, view.labels, strict=True):
            if near.any():
                votes[label] += confidence[near].max(0)
        monitor.report("features", (done + 1) / len(chosen))
    return [0] * labels if votes is None else [int(index) for index in votes.argmax(1)]


def give_classes(model: Any, classes: Sequence[int]) -> None:
    """Make the model one for as many labels, each of which starts as the pretrained class of that index."""
    body, rows = model.model, torch.tensor(classes)
    body.enc_score_head = _picked(body.enc_score_head, rows)
    heads = nn.ModuleList(_picked(head, rows) for head in body.decoder.class_embed)
    body.decoder.class_embed = heads
    if hasattr(model, "class_embed"):  # the same layers under another name
        model.class_embed = heads
    known = body.denoising_class_embed.weight.data
    body.denoising_class_embed = nn.Embedding(len(classes) + 1, known.shape[1], padding_idx=len(classes))
    body.denoising_class_embed.weight.data = torch.cat([known[rows], known[-1:]])
    for config in (model.config, body.config):
        config.num_labels = len(classes)


def fit(
    network: Network, samples: Sequence[Sample], pictures: Pictures, plan: Plan, seed: int, monitor: Monitor
) -> list[tuple[float, float]]:
    """Train on views made as they are needed, on CUDA where it is there; gives (seconds, loss) of each step."""
    began = time.monotonic()
    network.to(training_device())
    body: Any = network.model.model
    body.backbone.requires_grad_(plan.whole)
    slow = {id(parameter) for parameter in body.backbone.parameters()}
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in learning if id(p) not in slow]},
        {"params": [p for p in learning if id(p) in slow]},
    ]
    optimizer = torch.optim.AdamW(groups, lr=plan.rate, weight_decay=DECAY)
    steps = -(-plan.views // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [plan.rate, plan.rate * plan.share], total_steps=steps + 1, pct_start=0.1
    )
    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):  # its statistics come from more pictures than a batch has
            module.eval()
    pieces = max(1, PIECE // (plan.frame[0] * plan.frame[1]))
    curve = []
    for step, batch in enumerate(view_batches(samples, pictures, plan.frame, plan.recipe, plan.views, BATCH, seed)):
        optimizer.zero_grad()
        total = 0.0
        for first in range(0, len(batch), pieces):
            part = batch[first : first + pieces]
            loss = network.loss(part) * (len(part) / len(batch))
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.item()
        nn.utils.clip_grad_norm_(learning, CLIP)
        optimizer.step()
        schedule.step()
        curve.append((time.monotonic() - began, total))
        monitor.report("training", (step + 1) / steps, total)
    network.to("cpu")
    return curve


def _picked(layer: nn.Linear, rows: Tensor) -> nn.Linear:
    picked = nn.Linear(layer.in_features, len(rows))
    picked.weight.data, picked.bias.data = layer.weight.data[rows].clone(), layer.bias.data[rows].clone()
    return picked
