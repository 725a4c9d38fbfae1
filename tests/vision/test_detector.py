"""How the detector's training uses its pictures."""

from __future__ import annotations

import numpy as np
import pytest

from customlabels.vision import detector, plan
from customlabels.vision.detector import train_detector
from customlabels.vision.preparing import make_samples
from customlabels.vision.progress import Monitor, Progress

from .shapes import LABELS, shape_dataset

PICTURES = [["disc"], ["cross"]] * 5


@pytest.fixture(autouse=True)
def few_views(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "VIEWS", {"fast": 20, "balanced": 20, "best": 40})
    monkeypatch.setattr(plan, "EPOCHS", {"fast": 1, "balanced": 1, "best": 1})


def test_with_the_best_effort_depths_compete_on_held_out_training_pictures() -> None:
    data = shape_dataset(PICTURES, boxed=True)
    samples = make_samples(data.entries, LABELS, "detection", data.open)
    seen: list[Progress] = []
    learned = train_detector(samples, LABELS, effort="best", monitor=Monitor(seen.append))
    trials = learned.notes["held_out_ap50_by_cut"]
    assert set(trials) == {str(cut) for cut in detector.DEPTHS}
    assert all(0 <= score <= 1 for score in trials.values())
    assert trials[str(learned.notes["cut"])] == max(trials.values())
    fractions = [step.fraction for step in seen]
    assert fractions == sorted(fractions)


def test_with_less_effort_or_few_pictures_nothing_is_held_out() -> None:
    data = shape_dataset(PICTURES[:4], boxed=True)
    samples = make_samples(data.entries, LABELS, "detection", data.open)
    for effort in ("fast", "best"):
        learned = train_detector(samples, LABELS, effort=effort)
        assert learned.notes["held_out_ap50_by_cut"] == {}


def test_a_crowd_goes_through_in_pieces_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    data = shape_dataset(PICTURES[:4], boxed=True)
    samples = make_samples(data.entries, LABELS, "detection", data.open)
    curves = []
    for bound in (10**9, 1):
        monkeypatch.setattr(detector, "MOST_PAIRS", bound)
        curves.append([loss for _, loss in train_detector(samples, LABELS, effort="fast").curve])
    assert len(curves[0]) == len(curves[1]) > 0
    assert np.isfinite(curves[1]).all()
    assert curves[1][0] == pytest.approx(curves[0][0], rel=0.5)
