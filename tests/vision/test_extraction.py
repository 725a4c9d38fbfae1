"""Features are the same wherever they are made, and however pictures are dealt out."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
import torch

from customlabels.imaging.images import ImageError
from customlabels.vision.backbones import efficientnet_lite as lite
from customlabels.vision.classifier import Features, Plan, train_classifier
from customlabels.vision.extraction import Extraction, Outputs, extract_here, numbered
from customlabels.vision.frozen import exported
from customlabels.vision.learned import Learned
from customlabels.vision.samples import Sample

from .shapes import LABELS, shape_picture

FRAME = (64, 96)


class Colours(torch.nn.Module):
    """Mean colours (B, 3), and the picture, eight times smaller (B, 3, h, w)."""

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = images.to(torch.float32).permute(0, 3, 1, 2) / 255
        return x.mean((2, 3)), torch.nn.functional.avg_pool2d(x, 8)


def samples(count: int) -> list[Sample]:
    """Discs and crosses, taking turns."""
    made = []
    for i in range(count):
        data, _ = shape_picture([LABELS[i % 2]], i)
        made.append(Sample(f"{i}.png", lambda data=data: data, 240, 180, np.arange(2) == i % 2))  # type: ignore[misc]
    return made


@pytest.fixture(scope="module")
def extraction() -> Extraction:
    return Extraction(exported(Colours(), FRAME, 2), FRAME, 2, (7,), ("float32", "float16"))


def same(one: Sequence[Outputs], other: Sequence[Outputs]) -> bool:
    return len(one) == len(other) and all(
        np.array_equal(a, b) for x, y in zip(one, other, strict=True) for a, b in zip(x, y, strict=True)
    )


def test_each_view_has_its_row_in_each_output(extraction: Extraction) -> None:
    made = list(extract_here(extraction, samples(3)))
    assert [[(rows.shape, str(rows.dtype)) for rows in outputs] for outputs in made] == [
        [((4, 3), "float32"), ((4, 3, 8, 12), "float16")]
    ] * 3
    plain, mirrored = made[0][1][:2]
    np.testing.assert_allclose(plain, mirrored[:, :, ::-1], atol=2e-3)


def test_any_part_on_any_machine_has_the_features_that_all_at_once_have(extraction: Extraction) -> None:
    pictures = numbered(samples(10))
    expected = list(extraction.open()(pictures))
    elsewhere: Extraction = pickle.loads(pickle.dumps(extraction))
    extract = elsewhere.open(threads=1)
    found = [outputs for part in (slice(6, 10), slice(0, 1), slice(1, 6)) for outputs in extract(pictures[part])]
    assert same(found[4:] + found[:4], expected)


def test_a_part_that_is_left_unfinished_spoils_no_other(extraction: Extraction) -> None:
    pictures, extract = numbered(samples(6)), extraction.open()
    begun = extract(pictures)
    first = next(begun)
    assert same(list(extract(pictures[:1])), [first])
    begun.close()  # type: ignore[attr-defined]
    assert same(list(extract(pictures[:1])), [first])


def test_a_picture_that_cannot_be_decoded_is_told(extraction: Extraction) -> None:
    broken = Sample("x.png", lambda: shape_picture(["disc"], 0)[0][:300], 240, 180, np.array([True, False]))
    with pytest.raises(ImageError, match="cut off or broken"):
        list(extract_here(extraction, [*samples(2), broken]))


@pytest.mark.parametrize("tail_epochs", [0, 2])
def test_a_classifier_is_the_same_whoever_makes_its_features(tail_epochs: int) -> None:
    plan = Plan("efficientnet_lite0", (64, 96), 1, tail_epochs)

    def trained(extract: object = extract_here) -> Learned:
        backbone = Features(lite.EfficientNetLite.pretrained(lite.VARIANTS[plan.variant]))
        return train_classifier(samples(8), LABELS, plan=plan, features=backbone, extract=extract)  # type: ignore[arg-type]

    asked: list[int] = []

    def dealt_out(extraction: Extraction, samples: Sequence[Sample]) -> Iterator[Outputs]:
        make = extraction.open(threads=1)
        for picture in numbered(samples):
            asked.append(picture[0])
            yield from make([picture])

    one, other = trained().network.state_dict(), trained(dealt_out).network.state_dict()
    assert asked == list(range(8))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
