"""What anybody would try first, trained in the same run and given the same seconds: the baselines of time_to_f1.py."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from customlabels.imaging.images import decode, letterbox
from customlabels.vision.augment import Recipe, random_view
from customlabels.vision.backbones import ssd_mobilenet as ssd
from customlabels.vision.detector import Network
from customlabels.vision.framing import frame_image
from customlabels.vision.loss import Targets, detection_loss
from customlabels.vision.postprocess import to_boxed
from customlabels.vision.predictions import Boxed
from customlabels.vision.samples import Sample

FRAME = (ssd.SIZE, ssd.SIZE)
BATCH = 8
MIRROR_ONLY = Recipe(scale=(1.0, 1.0), aspect=0, brightness=0, contrast=0, saturation=0, tint=0, grey=0)


def plain_ssd(train: Sequence[Sample], test: Sequence[Sample], labels: int, seconds: float, seed: int) -> list[Boxed]:
    """The COCO SSD with new class layers, trunk frozen, mirrored pictures, AdamW at a constant rate."""
    return _fine_tuned(train, test, labels, seconds, seed, frozen=13, recipe=MIRROR_ONLY, rate=1e-3)


def full_ssd(train: Sequence[Sample], test: Sequence[Sample], labels: int, seconds: float, seed: int) -> list[Boxed]:
    """The same network, every layer trained, with our augmentation."""
    return _fine_tuned(train, test, labels, seconds, seed, frozen=0, recipe=Recipe(), rate=3e-4)


def logistic_regression(train: Sequence[Sample], test: Sequence[Sample], seed: int) -> NDArray[np.float64]:
    """scikit-learn's on frozen EfficientNet-Lite0 features of one letterboxed view; confidences (N, L) of `test`."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    x = scaler.fit_transform(_features(train))
    x_test = scaler.transform(_features(test))
    y = np.array([sample.labels for sample in train])
    if (y.sum(1) == 1).all():
        fitted = LogisticRegression(C=0.01, max_iter=1000, random_state=seed).fit(x, y.argmax(1))
        found = np.zeros((len(test), y.shape[1]))
        found[:, fitted.classes_] = fitted.predict_proba(x_test)
        return found
    columns = [
        LogisticRegression(C=0.01, max_iter=1000, random_state=seed).fit(x, column).predict_proba(x_test)[:, 1]
        if 0 < column.sum() < len(column)
        else np.full(len(test), float(column[0]))
        for column in y.T
    ]
    return np.stack(columns, 1)


def _fine_tuned(
    train: Sequence[Sample],
    test: Sequence[Sample],
    labels: int,
    seconds: float,
    seed: int,
    *,
    frozen: int,
    recipe: Recipe,
    rate: float,
) -> list[Boxed]:
    began = time.monotonic()
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    weights = ssd.load_weights()
    trunk, top = ssd.Trunk(weights, 13), ssd.Top(weights, 13)
    heads = ssd.Heads(weights, [1] * labels, FRAME)
    for layer in heads.classes:
        assert isinstance(layer, nn.Conv2d)
        nn.init.normal_(layer.weight, std=0.01)
        nn.init.constant_(layer.bias, -4.6)  # type: ignore[arg-type]
    pictures = [decode(sample.read(), longest_side=2 * ssd.SIZE) for sample in train]
    learning = [*top.parameters(), *heads.parameters(), *(() if frozen else trunk.parameters())]
    optimizer = torch.optim.AdamW(learning, rate, weight_decay=0.02)
    prior = ssd.anchors(FRAME)
    points, strides = torch.from_numpy(prior.boxes[:, :2].copy()), torch.from_numpy(prior.strides)
    while time.monotonic() - began < seconds:
        views, boxes, names = [], [], []
        for i in rng.integers(0, len(train), BATCH):
            truth = train[i].truth
            assert truth is not None
            scaled = (truth.boxes * (pictures[i].shape[1] / train[i].width)).astype(np.float32)
            view, moved, kept = random_view(pictures[i], scaled, FRAME, recipe, rng)
            views.append(view)
            boxes.append(torch.from_numpy(moved))
            names.append(torch.from_numpy(truth.classes[kept]))
        with torch.set_grad_enabled(not frozen):
            features: Tensor = trunk(torch.from_numpy(np.stack(views)))
        found, logits = heads(top(features))
        loss = detection_loss(found, logits, Targets.collate(boxes, names), points, strides)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(learning, 5.0)
        optimizer.step()
    network = Network(trunk, top, heads).eval()
    results = []
    with torch.no_grad():
        for sample in test:
            framed = frame_image(sample.read(), FRAME)
            out_boxes, confidence = network(torch.from_numpy(framed.pixels[None]))
            results.append(
                to_boxed(out_boxes[0].numpy(), confidence[0].numpy(), framed.placement, framed.width, framed.height)
            )
    return results


def _features(samples: Sequence[Sample], side: int = 224) -> NDArray[np.float32]:
    from customlabels.vision.backbones.efficientnet_lite import VARIANTS, EfficientNetLite, normalised

    network = EfficientNetLite.pretrained(VARIANTS["efficientnet_lite0"])
    rows = []
    with torch.no_grad():
        for sample in samples:
            frame, _ = letterbox(decode(sample.read(), longest_side=2 * side), (side, side))
            rows.append(network(normalised(torch.from_numpy(frame[None])))[-1].mean((2, 3))[0].numpy())
    return np.array(rows)
