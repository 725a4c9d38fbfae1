"""What the detection loss promises about which anchor learns which box."""

from __future__ import annotations

import pytest
import torch

from customlabels.vision.loss import Targets, assign, detection_loss, generalised_iou, pairwise_iou

POINTS = torch.tensor([[x + 8.0, y + 8.0] for y in range(0, 64, 16) for x in range(0, 64, 16)])
STRIDES = torch.full((16,), 16.0)
CELLS = torch.cat([POINTS - 8, POINTS + 8], 1)[None]
"""A 4 x 4 grid of 16-pixel cells, each predicting itself."""


def targets(*boxes: tuple[float, float, float, float]) -> Targets:
    return Targets.collate([torch.tensor(boxes).reshape(-1, 4)], [torch.zeros(len(boxes), dtype=torch.int64)])


def test_an_anchor_learns_the_box_that_it_overlaps_most() -> None:
    scores = torch.full((1, 16, 1), 0.5)
    owner, quality = assign(CELLS, scores, targets((0, 0, 18, 18), (46, 46, 64, 64)), POINTS, STRIDES)
    assert owner[0, 0] == 0
    assert owner[0, 15] == 1
    assert (owner[0] >= 0).sum() == 2
    assert 0.1 <= quality[0, 0] <= 1


def test_a_box_smaller_than_a_cell_and_off_every_centre_still_has_an_anchor() -> None:
    scores = torch.full((1, 16, 1), 0.5)
    owner, _ = assign(CELLS, scores, targets((1, 1, 6, 4)), POINTS, STRIDES)
    assert owner[0, 0] == 0


def test_padding_is_never_learned() -> None:
    batch = Targets.collate(
        [torch.tensor([[0.0, 0, 16, 16], [16, 0, 32, 16]]), torch.zeros(0, 4)],
        [torch.zeros(2, dtype=torch.int64), torch.zeros(0, dtype=torch.int64)],
    )
    owner, _ = assign(CELLS.repeat(2, 1, 1), torch.full((2, 16, 1), 0.5), batch, POINTS, STRIDES)
    assert (owner[0] >= 0).sum() == 2
    assert (owner[1] >= 0).sum() == 0


def test_the_loss_of_a_perfect_answer_is_far_below_that_of_a_wrong_one() -> None:
    truth = targets((0, 0, 16, 16))
    right = torch.full((1, 16, 1), -8.0)
    right[0, 0] = 8.0
    wrong = -right
    assert detection_loss(CELLS, right, truth, POINTS, STRIDES) < 0.05
    assert detection_loss(CELLS, wrong, truth, POINTS, STRIDES) > 5


def test_an_image_without_boxes_teaches_silence() -> None:
    logits = torch.zeros(1, 16, 1, requires_grad=True)
    detection_loss(CELLS, logits, targets(), POINTS, STRIDES).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert (logits.grad > 0).all()


@pytest.mark.parametrize(
    ("other", "value"),
    [((0, 0, 10, 10), 1.0), ((10, 0, 20, 10), 0.0), ((20, 0, 30, 10), -1 / 3), ((0, 0, 10, 5), 0.5)],
)
def test_generalised_iou_by_hand(other: tuple[float, float, float, float], value: float) -> None:
    a = torch.tensor([[0.0, 0.0, 10.0, 10.0]])
    assert float(generalised_iou(a, torch.tensor([other], dtype=torch.float32))) == pytest.approx(value, abs=1e-5)


def test_pairwise_iou_agrees_with_numpy() -> None:
    from customlabels.imaging.boxes import iou

    corners = torch.rand(2, 7, 4) * 50
    boxes = torch.cat([corners[..., :2], corners[..., :2] + corners[..., 2:]], -1)
    expected = torch.stack([torch.from_numpy(iou(b[:4].numpy(), b.numpy())) for b in boxes])
    torch.testing.assert_close(pairwise_iou(boxes[:, :4], boxes), expected, atol=1e-5, rtol=0)
