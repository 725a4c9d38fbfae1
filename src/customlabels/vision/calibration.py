"""From scores to confidences: one logistic curve for all labels (Platt 1999), near a default where data are few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DEFAULT_SLOPE = 3.0
LEAST_SLOPE = 0.5


@dataclass(frozen=True)
class Calibration:
    """confidence = sigmoid(slope * score + offset)."""

    slope: float
    offset: float

    def __call__(self, scores: Floats) -> Floats:
        """Confidences in [0, 1] for scores of any shape."""
        return np.asarray(1 / (1 + np.exp(-np.clip(self.slope * scores + self.offset, -500, 500))))


def fit_calibration(scores: Floats, truth: NDArray[np.bool_]) -> Calibration:
    """The curve that makes `truth` most likely, given held-out `scores` of the same shape, near -1 or 1 each.

    Slope and offset have Gaussian priors, N(DEFAULT_SLOPE, 1) and N(0, 1), so that a handful of images cannot make it
    a step, nor flat. Maximum by Newton's method; the slope is at least LEAST_SLOPE.
    """
    x = np.stack([scores.ravel(), np.ones(scores.size)], 1)
    y = truth.ravel().astype(np.float64)
    prior = np.array([DEFAULT_SLOPE, 0.0])
    values = prior
    for _ in range(30):
        p = Calibration(*values)(x[:, 0])
        gradient = x.T @ (p - y) + values - prior
        step = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + np.eye(2), gradient)
        values = values - step
        if abs(step).max() < 1e-9:
            break
    return Calibration(max(float(values[0]), LEAST_SLOPE), float(values[1]))
