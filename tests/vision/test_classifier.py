"""What a classifier's user may rely on, shown with coloured pictures and features that are just mean colours."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from customlabels.imaging.images import ImageError
from customlabels.vision import classifier, finetune
from customlabels.vision.backbones import efficientnet_lite as lite
from customlabels.vision.classifier import Features, Network, Plan, make_plan, train_classifier
from customlabels.vision.export import to_onnx
from customlabels.vision.framing import frame_image
from customlabels.vision.frozen import run_frozen
from customlabels.vision.learned import Learned
from customlabels.vision.progress import Cancelled, Monitor, Progress
from customlabels.vision.runtime import open_network
from customlabels.vision.samples import Sample

COLOURS = ("red", "green", "blue")


class MeanColours(torch.nn.Module):
    """A backbone's stand-in: mean colours of the left and the right half, (B, 6)."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        left, right = images.to(torch.float32).mean(1).chunk(2, 1)
        return torch.cat([left.mean(1), right.mean(1)], 1) / 255


def picture(names: Sequence[str], seed: int) -> bytes:
    """A grey noise PNG with a vertical stripe in each of the named colours."""
    pixels = np.random.default_rng(seed).integers(80, 120, (64, 96, 3), dtype=np.uint8)
    for i, name in enumerate(names):
        pixels[:, 4 + 30 * i : 30 + 30 * i] //= 4
        pixels[:, 4 + 30 * i : 30 + 30 * i, COLOURS.index(name)] += 180
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def sample(names: Sequence[str], seed: int) -> Sample:
    truth = np.array([colour in names for colour in COLOURS])
    return Sample(f"{seed}.png", lambda: picture(names, seed), 96, 64, truth)


def samples(pictures: Sequence[Sequence[str]], first: int = 0) -> list[Sample]:
    return [sample(names, first + i) for i, names in enumerate(pictures)]


def train(pictures: Sequence[Sequence[str]], seed: int = 0, monitor: Monitor | None = None, views: int = 2) -> Learned:
    plan = Plan("efficientnet_lite0", (64, 128), views)
    made = samples(pictures)
    return train_classifier(made, COLOURS, seed=seed, monitor=monitor, plan=plan, features=MeanColours())


def confidences(learned: Learned, pictures: Sequence[Sequence[str]]) -> NDArray[np.float32]:
    framed = [frame_image(s.read(), learned.frame).pixels for s in samples(pictures, first=1000)]
    with torch.no_grad():
        values: NDArray[np.float32] = learned.network(torch.from_numpy(np.stack(framed))).numpy()
    return values


SINGLE = [(colour,) for colour in COLOURS]
PAIRS = [("red", "green"), ("green", "blue"), ("red", "blue")]


@pytest.mark.parametrize(
    ("training", "questions"),
    [
        (SINGLE * 2, SINGLE),
        (SINGLE * 10, SINGLE),
        ([*SINGLE, *PAIRS, ()] * 6, [*SINGLE, *PAIRS, ()]),
        ([("red",)] * 40 + [("green",)] * 3 + [("blue",)] * 3, SINGLE),
    ],
    ids=["two images a label", "one label an image", "none to two labels an image", "unbalanced"],
)
def test_it_learns_which_labels_an_image_shows(
    training: list[tuple[str, ...]], questions: list[tuple[str, ...]]
) -> None:
    answers = confidences(train(training), questions)
    shown = np.array([[colour in names for colour in COLOURS] for names in questions])
    assert answers.min() >= 0
    assert answers.max() <= 1
    assert answers[shown].min() > answers[~shown].max()


def test_more_images_make_it_surer() -> None:
    few, many = (confidences(train(SINGLE * count), SINGLE) for count in (2, 20))
    assert np.diag(many).min() > np.diag(few).min()
    assert np.diag(many).min() > 0.9


def test_a_mirrored_picture_gets_the_same_answer() -> None:
    learned = train([*SINGLE, *PAIRS] * 2)
    framed = frame_image(picture(("red", "green"), 5), learned.frame).pixels
    pair = torch.from_numpy(np.stack([framed, framed[:, ::-1]]))
    with torch.no_grad():
        plain, mirrored = learned.network(pair)
    torch.testing.assert_close(plain, mirrored)


def test_the_same_seed_gives_the_same_weights() -> None:
    first, second, other = (train(SINGLE * 3, seed=seed).network.state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_the_runtime_answers_as_the_network_does() -> None:
    learned = train(SINGLE * 3)
    run = open_network(to_onnx(learned.network, learned.frame, ["confidence"]), threads=1)
    framed = frame_image(picture(("blue",), 9), learned.frame).pixels[None]
    with torch.no_grad():
        expected = learned.network(torch.from_numpy(framed)).numpy()
    np.testing.assert_allclose(run(framed)[0], expected, atol=1e-5)


def test_progress_goes_up_to_the_end() -> None:
    seen: list[Progress] = []
    train(SINGLE * 4, monitor=Monitor(seen.append))
    fractions = [progress.fraction for progress in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert [seen[0].phase, seen[-1].phase] == ["features", "training"]


def test_it_stops_when_cancelled() -> None:
    seen: list[Progress] = []
    with pytest.raises(Cancelled):
        train(SINGLE * 4, monitor=Monitor(seen.append, cancelled=lambda: len(seen) == 3))
    assert len(seen) == 3


def test_a_broken_image_is_reported_as_such() -> None:
    broken = Sample("x.png", lambda: picture(("red",), 0)[:300], 96, 64, np.array([True, False, False]))
    plan = Plan("efficientnet_lite0", (64, 64), 0)
    with pytest.raises(ImageError, match="cut off or broken"):
        train_classifier([*samples(SINGLE), broken], COLOURS, plan=plan, features=MeanColours())


def test_no_images_are_refused() -> None:
    with pytest.raises(ValueError, match="no images"):
        train_classifier([], COLOURS)


@pytest.mark.parametrize(
    ("effort", "shown", "count", "expected"),
    [
        ("fast", ("red",), 10, Plan("efficientnet_lite0", (256, 384), 0, 0, 0)),
        ("fast", PAIRS[0], 10, Plan("efficientnet_lite0", (256, 384), 0, 0, 0)),
        ("balanced", ("red",), 14, Plan("efficientnet_lite2", (256, 384), 1, 6, 0, 0)),
        ("balanced", ("red",), 15, Plan("efficientnet_lite2", (256, 384), 1, 6, 0, 2400)),
        ("balanced", ("red",), 400, Plan("efficientnet_lite2", (256, 384), 0, 4, 0, 2400)),
        ("balanced", ("red",), 10_000, Plan("efficientnet_lite2", (256, 384), 0, 2, 0)),
        ("balanced", PAIRS[0], 10, Plan("efficientnet_lite2", (256, 384), 1, 0, 660)),
        ("balanced", PAIRS[0], 1000, Plan("efficientnet_lite2", (256, 384), 0, 0, 0)),
        ("best", ("red",), 10, Plan("efficientnet_lite2", (256, 384), 3, 6, 3000)),
        ("best", ("red",), 1000, Plan("efficientnet_lite2", (256, 384), 0, 3, 3000)),
        ("best", ("red",), 1001, Plan("efficientnet_lite2", (256, 384), 0, 3, 0)),
    ],
)
def test_effort_and_images_decide_what_is_done(effort: str, shown: tuple[str, ...], count: int, expected: Plan) -> None:
    assert make_plan(samples([shown] * count), effort) == expected


class Blind(torch.nn.Module):
    """Features that say nothing: the second opinion has to do all the work."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.to(torch.float32).mean((1, 2, 3))[:, None] / 255


def second_opinion(pictures: Sequence[Sequence[str]], tuned_views: int = 300, lost_views: int = 0) -> Learned:
    plan = Plan("efficientnet_lite0", (64, 128), 0, 0, tuned_views, lost_views)
    return train_classifier(samples(pictures), COLOURS, plan=plan, features=Blind())


@pytest.mark.parametrize(
    ("training", "questions"),
    [(SINGLE * 6, SINGLE), ([*SINGLE, *PAIRS, ()] * 4, [*SINGLE, *PAIRS])],
    ids=["one label an image", "none to two labels an image"],
)
def test_a_second_opinion_helps_where_the_first_is_often_wrong(
    training: list[tuple[str, ...]], questions: list[tuple[str, ...]]
) -> None:
    learned = second_opinion(training)
    assert learned.notes["second_opinion"]
    assert learned.notes["held_out_f1"] < 0.95
    answers = confidences(learned, questions)
    shown = np.array([[colour in names for colour in COLOURS] for names in questions])
    assert answers[shown].mean() > answers[~shown].mean() + 0.2
    run = open_network(to_onnx(learned.network, learned.frame, ["confidence"]), threads=1)
    framed = np.stack([frame_image(s.read(), learned.frame).pixels for s in samples(questions, first=1000)])
    np.testing.assert_allclose(run(framed)[0], answers, atol=1e-4)


def test_hundreds_of_views_of_a_picture_are_looked_at_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def watched(layers: Any, frame: Any, batches: Iterable[Any]) -> Iterator[Any]:
        parts = list(batches)
        sizes.extend(map(len, parts))
        return run_frozen(layers, frame, parts)

    monkeypatch.setattr(finetune, "run_frozen", watched)
    second_opinion(PAIRS, tuned_views=120)
    assert max(sizes) <= 16 < 120 / len(PAIRS)
    assert sum(sizes) == 120


@pytest.mark.parametrize("lost", [0.7, 0.0])
def test_where_the_first_opinion_is_lost_there_is_always_a_second(monkeypatch: pytest.MonkeyPatch, lost: float) -> None:
    monkeypatch.setattr(classifier, "LOST", lost)
    learned = second_opinion(SINGLE * 2, tuned_views=0, lost_views=18)
    assert learned.notes["held_out_f1"] < 0.7
    assert learned.notes["second_opinion"] == (learned.notes["held_out_f1"] < lost)


def test_the_second_opinion_of_a_mirrored_picture_is_the_same() -> None:
    learned = second_opinion(PAIRS * 4, 60)
    framed = frame_image(picture(("red", "green"), 5), learned.frame).pixels
    with torch.no_grad():
        plain, mirrored = learned.network(torch.from_numpy(np.stack([framed, framed[:, ::-1]])))
    torch.testing.assert_close(plain, mirrored)


def test_no_second_opinion_where_the_first_is_right() -> None:
    plan = Plan("efficientnet_lite0", (64, 128), 2, 6, 300)
    learned = train_classifier(samples(SINGLE * 10), COLOURS, plan=plan, features=MeanColours())
    assert not learned.notes["second_opinion"]
    assert not learned.notes["tuned_tail"]


class BlindFeatures(Features):
    """Features that say nothing, and the last stage's input as it is: tuning that stage has to do all the work."""

    def look(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        _, last = super().look(images)
        return images.to(torch.float32).mean((1, 2, 3))[:, None] / 255, last


def test_a_tuned_last_stage_helps_where_the_features_are_not_enough() -> None:
    plan = Plan("efficientnet_lite0", (64, 128), 0, 12)
    backbone = lite.EfficientNetLite.pretrained(lite.VARIANTS[plan.variant])
    learned = train_classifier(samples(SINGLE * 8), COLOURS, plan=plan, features=BlindFeatures(backbone))
    assert learned.notes["tuned_tail"]
    assert not learned.notes["second_opinion"]
    answers = confidences(learned, SINGLE)
    assert (answers.argmax(1) == [COLOURS.index(name) for (name,) in SINGLE]).all()
    run = open_network(to_onnx(learned.network, learned.frame, ["confidence"]), threads=1)
    framed = np.stack([frame_image(s.read(), learned.frame).pixels for s in samples(SINGLE, first=1000)])
    np.testing.assert_allclose(run(framed)[0], answers, atol=1e-4)
    framed = framed[:, :, ::-1].copy()
    np.testing.assert_allclose(run(framed)[0], answers, atol=1e-4)


def test_the_backbone_of_the_first_opinion_stays_as_it_was() -> None:
    plan = Plan("efficientnet_lite0", (64, 64), 0, 2)
    features = BlindFeatures(lite.EfficientNetLite.pretrained(lite.VARIANTS[plan.variant]))
    before = {name: values.clone() for name, values in features.state_dict().items()}
    train_classifier(samples(SINGLE * 4), COLOURS, plan=plan, features=features)
    assert all(torch.equal(before[name], values) for name, values in features.state_dict().items())


def test_only_labels_that_exclude_one_another_compete() -> None:
    image = torch.zeros((1, 8, 8, 3), dtype=torch.uint8)
    weight = np.zeros((6, 3))

    def answers(bias: Sequence[float], compete: bool) -> NDArray[np.float32]:
        with torch.no_grad():
            values: NDArray[np.float32] = Network(MeanColours(), weight, np.array(bias), compete)(image)[0].numpy()
        return values

    alone, rivalled = answers([1, -3, -3], True), answers([1, 1, -3], True)
    assert rivalled[0] < alone[0] - 0.1
    np.testing.assert_allclose(rivalled[0], rivalled[1])
    assert answers([-4, -5, -5], True).max() < 0.3  # none of them
    np.testing.assert_allclose(answers([1, -3, -3], False)[0], answers([1, 1, -3], False)[0])


def test_features_tell_of_several_layers_at_two_sizes() -> None:
    variant = lite.VARIANTS["efficientnet_lite0"]
    features = Features(lite.EfficientNetLite.pretrained(variant))
    with torch.no_grad():
        values = features(torch.zeros((2, 64, 128, 3), dtype=torch.uint8))
    assert values.shape == (2, 2 * (112 + 192 + 320 + lite.HEAD_WIDTH))
    torch.testing.assert_close(values[0], values[1])
