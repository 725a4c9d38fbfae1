"""Regularised least squares: the closed forms agree with doing it the long way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from customlabels.vision.ridge import STRENGTHS, fit_ridge
from customlabels.vision.spool import Spool


def problem(
    images: int, views: int, width: int, labels: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    truth = rng.random((images, labels)) < 0.4
    rows = rng.normal(size=(images, views, width)) * rng.uniform(0.1, 3, width) + rng.normal(size=width)
    rows[:, :, :labels] += 1.5 * truth[:, None, : min(labels, width)]
    return rows.astype(np.float32), truth


def solved(
    rows: NDArray[np.float64], targets: NDArray[np.float64], penalty: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Penalised least squares with a free intercept, straight from the normal equations."""
    mean = rows.mean(0)
    weight = np.linalg.solve((rows - mean).T @ (rows - mean) + np.diag(penalty), (rows - mean).T @ targets)
    return weight, targets.mean(0) - mean @ weight


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 9), st.integers(1, 3), st.integers(2, 30), st.integers(1, 3), st.integers(0, 999))
def test_held_out_scores_are_those_of_maps_learned_without_the_image(
    images: int, views: int, width: int, labels: int, seed: int
) -> None:
    rows, truth = problem(images, views, max(width, labels), labels, seed)
    strength = 1e-2
    ridge = fit_ridge(rows, truth, (strength,))
    flat = rows.astype(np.float64).reshape(images * views, -1)
    deviation = flat.std(0)
    scale = (deviation + 1e-3 * np.sqrt((deviation**2).mean())) * np.sqrt(flat.shape[1])
    penalty = strength * len(flat) * scale**2
    targets = np.repeat(truth * 2.0 - 1, views, 0)
    weight, bias = solved(flat, targets, penalty)
    np.testing.assert_allclose(flat @ ridge.weight + ridge.bias, flat @ weight + bias, atol=1e-5)
    for i in range(images):
        others = np.arange(len(flat)) // views != i
        weight, bias = solved(flat[others], targets[others], penalty)
        np.testing.assert_allclose(ridge.held_out[i], flat[i * views] @ weight + bias, atol=1e-4)


def test_rows_on_disk_give_the_same_map_as_rows_in_memory() -> None:
    rows, truth = problem(600, 2, 20, 3, 0)
    with Spool((2, 20), np.float32, limit_bytes=1000) as spool:
        spool.append(rows)
        assert spool.on_disk
        np.testing.assert_array_equal(fit_ridge(spool, truth).weight, fit_ridge(rows, truth).weight)


def test_noise_wants_a_strong_penalty_and_signal_a_weak_one() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(60, 1, 40)).astype(np.float32)
    truth = rng.random((60, 1)) < 0.5
    weights = rng.normal(size=40)
    signal = noise[:, 0] @ weights[:, None] > 0
    assert fit_ridge(noise, truth).strength == max(STRENGTHS)
    assert fit_ridge(np.repeat(noise, 2, 2), signal).strength < max(STRENGTHS)


@pytest.mark.parametrize(
    ("rows", "truth"),
    [
        (np.ones((4, 1, 5), np.float32), np.array([[True], [False]] * 2)),
        (np.arange(12, dtype=np.float32).reshape(4, 1, 3), np.ones((4, 1), bool)),
        (np.arange(3, dtype=np.float32).reshape(1, 1, 3), np.array([[True, False]])),
    ],
    ids=["features that never vary", "a label on every image", "a single image"],
)
def test_data_that_teach_nothing_give_the_label_shares(rows: NDArray[np.float32], truth: NDArray[np.bool_]) -> None:
    ridge = fit_ridge(rows, truth)
    expected = np.broadcast_to(truth.mean(0) * 2 - 1, truth.shape)
    np.testing.assert_allclose(rows[:, 0] @ ridge.weight + ridge.bias, expected, atol=1e-6)
    assert np.isfinite(ridge.held_out).all()


def test_no_images_are_refused() -> None:
    with pytest.raises(ValueError, match="no images"):
        fit_ridge(np.zeros((0, 1, 3), np.float32), np.zeros((0, 2), bool))
