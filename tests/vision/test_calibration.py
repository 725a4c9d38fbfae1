"""Confidences mean what they say, and a handful of images cannot make them absurd."""

from __future__ import annotations

import numpy as np
import pytest

from customlabels.vision.calibration import DEFAULT_SLOPE, LEAST_SLOPE, Calibration, fit_calibration


def test_plenty_of_data_gives_the_true_curve() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 1, (20_000, 2))
    truth = rng.random(scores.shape) < Calibration(1.7, -0.6)(scores)
    fitted = fit_calibration(scores, truth)
    assert fitted.slope == pytest.approx(1.7, abs=0.06)
    assert fitted.offset == pytest.approx(-0.6, abs=0.05)


@pytest.mark.parametrize(
    ("scores", "truth"),
    [([[0.9], [-0.8]], [[True], [False]]), ([[-0.2], [0.2]], [[True], [False]])],
    ids=["right", "wrong way round"],
)
def test_two_images_hardly_move_the_default(scores: list[list[float]], truth: list[list[bool]]) -> None:
    fitted = fit_calibration(np.array(scores), np.array(truth))
    assert fitted.slope == pytest.approx(DEFAULT_SLOPE, abs=1)
    assert fitted.offset == pytest.approx(0, abs=0.5)


def test_scores_that_mislead_never_turn_the_curve_around() -> None:
    scores = np.linspace(-1, 1, 400)[:, None]
    assert fit_calibration(scores, scores < 0).slope == LEAST_SLOPE


def test_separable_scores_give_finite_confidences_inside_zero_and_one() -> None:
    scores = np.concatenate([np.full((50, 3), 1.0), np.full((50, 3), -1.0)])
    confidences = fit_calibration(scores, scores > 0)(scores)
    assert confidences[scores > 0].min() > 0.95
    assert confidences[scores < 0].max() < 0.05
    assert confidences.max() < 1
