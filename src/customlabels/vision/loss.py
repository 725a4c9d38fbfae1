"""The detection loss: task-aligned assignment, quality focal loss for names, generalised IoU for boxes.

Sources: TOOD (Feng et al., arXiv 2108.07755) for the assignment, GFL (Li et al., arXiv 2006.04388) for the quality
focal loss, GIoU (Rezatofighi et al., arXiv 1902.09630). It knows anchors only as points with a stride, so any dense
head can use it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

CANDIDATES = 10
"""At most so many anchors learn one box."""
NAME_POWER, BOX_POWER = 0.5, 4.0
"""Alignment of an anchor with a box = score ** NAME_POWER * IoU ** BOX_POWER."""
LEAST_QUALITY = 0.1


@dataclass(frozen=True)
class Targets:
    """The boxes of a batch, padded to the largest count G.

    boxes (B, G, 4) frame pixels; labels (B, G) int64; real (B, G) bool, False for padding.
    """

    boxes: Tensor
    labels: Tensor
    real: Tensor

    @classmethod
    def collate(cls, boxes: Sequence[Tensor], labels: Sequence[Tensor]) -> Targets:
        """From one (K, 4) and one (K,) tensor an image."""
        most = max(1, *(len(b) for b in boxes))
        padded = boxes[0].new_zeros((len(boxes), most, 4))
        names = labels[0].new_zeros((len(boxes), most))
        real = torch.zeros((len(boxes), most), dtype=torch.bool, device=padded.device)
        for i, (box, label) in enumerate(zip(boxes, labels, strict=True)):
            padded[i, : len(box)], names[i, : len(box)], real[i, : len(box)] = box, label, True
        return cls(padded, names, real)

    def to(self, device: torch.device) -> Targets:
        """The same on another device."""
        return Targets(self.boxes.to(device), self.labels.to(device), self.real.to(device))


def detection_loss(
    boxes: Tensor, logits: Tensor, targets: Targets, points: Tensor, strides: Tensor, box_weight: float = 2.0
) -> Tensor:
    """Mean loss over the assigned quality of a batch, a scalar.

    boxes (B, A, 4) frame pixels; logits (B, A, L); points (A, 2) anchor centres x, y; strides (A,) pixels a cell.
    """
    scores = logits.sigmoid()
    with torch.no_grad():
        owner, quality = assign(boxes.detach(), scores.detach(), targets, points, strides)
        positive = owner >= 0
        image, anchor = positive.nonzero(as_tuple=True)
        box_index = owner[image, anchor]
        wanted = torch.zeros_like(scores)
        wanted[image, anchor, targets.labels[image, box_index]] = quality[image, anchor]
        weight = quality[image, anchor]
        total = weight.sum().clamp(min=1.0)
    focal = (scores.detach() - wanted).square()
    name_loss = (functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none") * focal).sum() / total
    overlap = generalised_iou(boxes[image, anchor], targets.boxes[image, box_index])
    box_loss = ((1 - overlap) * weight).sum() / total
    return name_loss + box_weight * box_loss


def assign(boxes: Tensor, scores: Tensor, targets: Targets, points: Tensor, strides: Tensor) -> tuple[Tensor, Tensor]:
    """Which true box each anchor learns, (B, A) int64 with -1 for none, and the quality it should claim, (B, A).

    Candidates are anchors whose centre lies in the true box, or within half a stride of its centre, so that boxes
    smaller than a cell keep one.
    """
    truth = targets.boxes[:, :, None]  # (B, G, 1, 4)
    centre = (truth[..., :2] + truth[..., 2:]) / 2
    half = torch.maximum((truth[..., 2:] - truth[..., :2]) / 2, strides[None, None, :, None] / 2)
    inside = ((points - centre).abs() <= half).all(-1) & targets.real[:, :, None]  # (B, G, A)
    overlap = pairwise_iou(targets.boxes, boxes)  # (B, G, A)
    named = scores.transpose(1, 2).gather(1, targets.labels[:, :, None].expand(-1, -1, scores.shape[1]))
    alignment = named.pow(NAME_POWER) * overlap.pow(BOX_POWER) * inside + 1e-9 * inside
    count = min(CANDIDATES, alignment.shape[2])
    chosen = torch.zeros_like(inside).scatter_(2, alignment.topk(count, 2).indices, True) & inside
    claim = torch.where(chosen, overlap + 1e-6, torch.zeros_like(overlap))
    best, owner = claim.max(1)  # (B, A)
    owner = torch.where(best > 0, owner, torch.full_like(owner, -1))
    mine = owner[:, None] == torch.arange(alignment.shape[1], device=owner.device)[:, None]  # (B, G, A)
    alignment, overlap = alignment * mine, overlap * mine
    top_alignment = alignment.amax(2, keepdim=True).clamp(min=1e-12)
    top_overlap = overlap.amax(2, keepdim=True).clamp(min=LEAST_QUALITY)
    quality = (alignment / top_alignment * top_overlap * mine).amax(1).clamp(max=1.0)
    return owner, quality


def pairwise_iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union, (B, N, 4) x (B, M, 4) -> (B, N, M)."""
    overlap_x = torch.minimum(a[:, :, None, 2], b[:, None, :, 2]) - torch.maximum(a[:, :, None, 0], b[:, None, :, 0])
    overlap_y = torch.minimum(a[:, :, None, 3], b[:, None, :, 3]) - torch.maximum(a[:, :, None, 1], b[:, None, :, 1])
    overlap = overlap_x.clamp(min=0) * overlap_y.clamp(min=0)
    return overlap / (_area(a)[:, :, None] + _area(b)[:, None] - overlap + 1e-6)


def generalised_iou(a: Tensor, b: Tensor) -> Tensor:
    """GIoU of matching rows, (N, 4) x (N, 4) -> (N,), in (-1, 1]."""
    sides = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0)
    overlap = sides[:, 0] * sides[:, 1]
    union = _area(a) + _area(b) - overlap + 1e-6
    hull_sides = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).clamp(min=0)
    hull = hull_sides[:, 0] * hull_sides[:, 1] + 1e-6
    return overlap / union - (hull - union) / hull


def _area(boxes: Tensor) -> Tensor:
    sides = (boxes[..., 2:] - boxes[..., :2]).clamp(min=0)
    return sides[..., 0] * sides[..., 1]
