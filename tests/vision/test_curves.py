import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import f1_score, precision_recall_curve

from customlabels.vision.counts import Counts
from customlabels.vision.curves import POINTS, Sweep

# A grid of confidences makes ties common.
predictions = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=40).map(
    lambda rows: (np.array([c / 12 for c, _ in rows], np.float32), np.array([hit for _, hit in rows]))
)
Predictions = tuple[NDArray[np.float32], NDArray[np.bool_]]


@settings(deadline=None)
@given(predictions)
def test_precision_and_recall_are_those_of_scikit_learn(case: Predictions) -> None:
    confidences, hits = case
    if not hits.any():
        return
    sweep = Sweep.of(confidences, hits, int(hits.sum()))
    precision, recall, thresholds = precision_recall_curve(hits, confidences)
    for p, r, threshold in zip(precision, recall, thresholds, strict=False):
        counts = sweep.counts_at(float(threshold))
        assert (counts.precision, counts.recall) == pytest.approx((p, r))


@settings(deadline=None)
@given(predictions)
def test_the_best_threshold_is_the_highest_of_the_best(case: Predictions) -> None:
    confidences, hits = case
    sweep = Sweep.of(confidences, hits, int(hits.sum()))
    best = sweep.best_threshold()
    if not hits.any():
        assert best == 0.5
        return
    candidates = [*np.unique(confidences).astype(float), 1.0]
    by_threshold = {t: f1_score(hits, confidences >= np.float32(t), zero_division=0.0) for t in candidates}
    top = max(by_threshold.values())
    assert best == max(t for t, f1 in by_threshold.items() if f1 == pytest.approx(top, abs=1e-12))
    assert sweep.counts_at(best).f1 == pytest.approx(top)


def test_a_label_never_found_gets_threshold_one_and_one_without_images_a_half() -> None:
    wrong = np.zeros(2, dtype=bool)
    never = Sweep.of(np.array([0.9, 0.8]), wrong, positives=3)
    assert never.best_threshold() == 1.0
    assert never.counts_at(1.0) == Counts(fn=3)
    absent = Sweep.of(np.array([0.9, 0.3]), wrong, positives=0)
    assert absent.best_threshold() == 0.5
    assert absent.counts_at(0.5) == Counts(fp=1)


def test_the_area_of_a_worked_example() -> None:
    """Right, wrong, right, and a third object never found: steps of 1/3 at precision 1 and 2/3."""
    sweep = Sweep.of(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]), positives=3)
    assert sweep.average_precision() == pytest.approx(1 / 3 * 1 + 1 / 3 * 2 / 3)
    assert sweep.highest_recall() == pytest.approx(2 / 3)


def test_interpolation_fills_dips_of_precision() -> None:
    """Wrong, right, right: precision 1/2 is lifted to the 2/3 that a higher recall reaches."""
    sweep = Sweep.of(np.array([0.9, 0.8, 0.7]), np.array([False, True, True]), positives=2)
    assert sweep.average_precision() == pytest.approx(2 / 3)


def test_nothing_predicted() -> None:
    sweep = Sweep.of(np.zeros(0), np.zeros(0, dtype=bool), positives=2)
    assert (sweep.best_threshold(), sweep.average_precision(), sweep.highest_recall()) == (1.0, 0.0, 0.0)
    assert sweep.curve(1.0).recall == (0.0,)


def test_a_long_curve_is_thinned_but_keeps_its_ends_and_the_chosen_point() -> None:
    rng = np.random.default_rng(0)
    hits = rng.random(20_000) < 0.05
    confidences = 1 / (1 + np.exp(5 - 6 * hits - rng.normal(size=len(hits))))
    sweep = Sweep.of(confidences, hits, int(hits.sum()))
    chosen = sweep.best_threshold()
    curve = sweep.curve(chosen)
    assert len(curve.thresholds) <= POINTS
    assert {chosen, confidences.max(), confidences.min()} <= set(curve.thresholds)
    assert curve.f1[curve.thresholds.index(chosen)] == max(curve.f1) == sweep.counts_at(chosen).f1
    # The interesting part, where most positives are, keeps most points although 95 % of the pictures are not there.
    assert np.abs(np.diff(curve.recall)).max() < 0.02
    assert np.abs(np.diff(curve.thresholds)).max() < 0.05
