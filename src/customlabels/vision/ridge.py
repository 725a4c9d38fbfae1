"""Regularised least squares from features to labels, with exact leave-one-image-out predictions in closed form.

It knows nothing about images or networks. Everything is computed from one eigendecomposition and in passes over blocks
of rows, so the rows may lie on disk, and the strength of the regularisation is chosen without fitting anything twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STRENGTHS = tuple(float(10.0**power) for power in np.arange(-1, -5.1, -0.5))
"""Strengths of the L2 penalty that compete, for rows of mean square length 1."""
BLOCK = 256


class Rows(Protocol):
    """Feature rows by image, (N, V, D): V views of each image, the first the one that will be served."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: slice, /) -> NDArray[np.generic]: ...


@dataclass(frozen=True)
class Ridge:
    """A linear map from features to scores, near 1 where a label is present and near -1 where it is not.

    weight (D, L) and bias (L,) apply to the features as they are. `held_out` (N, L): for each training image the score
    of its first view under the map learned from all views of all other images, 0 where there are none. `strength` is
    the penalty chosen, `error` the mean squared error of `held_out`.
    """

    weight: Floats
    bias: Floats
    held_out: Floats
    strength: float
    error: float


def fit_ridge(rows: Rows, labels: NDArray[np.bool_], strengths: tuple[float, ...] = STRENGTHS) -> Ridge:
    """The map from `rows` (N, V, D) to `labels` (N, L) whose strength has the least leave-one-image-out error (PRESS).

    Leaving out a group of rows changes their residuals by (I - H)^-1, H being the group's block of the hat matrix
    (Cook and Weisberg, Residuals and Influence in Regression, 1982, section 2.2). Raises ValueError for no images.
    """
    if len(rows) == 0:
        raise ValueError("There are no images to learn from.")
    count, views, width = len(labels), *rows[:1].shape[1:]
    total = count * views
    targets = labels * 2.0 - 1.0
    base = targets.mean(0)
    mean, scale = _moments(rows)
    scale *= np.sqrt(width)
    axes, spectrum = _principal_axes(rows, mean, scale)

    def blocks() -> Iterator[tuple[slice, Floats]]:
        for part, block in _standardised(rows, mean, scale):
            yield part, block @ axes

    projected = np.zeros((len(spectrum), labels.shape[1]))
    for part, block in blocks():
        projected += block.sum(1).T @ (targets[part] - base)
    gains = [1.0 / (spectrum + strength * total) for strength in strengths]
    held_out = np.zeros((len(strengths), *labels.shape))
    for part, block in blocks() if count > 1 else ():
        wanted = np.repeat(targets[part, None], views, 1)
        for i, gain in enumerate(gains):
            hat = (block * gain) @ block.transpose(0, 2, 1) + 1.0 / total
            residual = wanted - base - block @ (gain[:, None] * projected)
            held_out[i, part] = (wanted - np.linalg.solve(np.eye(views) - hat, residual))[:, 0]
    errors = ((held_out - targets) ** 2).mean((1, 2))
    best = int(errors.argmin())
    weight = (axes @ (gains[best][:, None] * projected)) / scale[:, None]
    return Ridge(weight, base - mean @ weight, held_out[best], strengths[best], float(errors[best]))


def _blocks(rows: Rows) -> Iterator[tuple[slice, Floats]]:
    for first in range(0, len(rows), BLOCK):
        part = slice(first, first + BLOCK)
        yield part, rows[part].astype(np.float64)


def _moments(rows: Rows) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each feature; none less than a thousandth of the usual one."""
    total, squares, count = np.zeros(1), np.zeros(1), 0
    for _, block in _blocks(rows):
        total = total + block.sum((0, 1))
        squares = squares + (block**2).sum((0, 1))
        count += block.shape[0] * block.shape[1]
    mean = total / count
    variance = np.clip(squares / count - mean**2, 0, None)
    return mean, np.sqrt(variance) + 1e-3 * np.sqrt(variance.mean()) + 1e-12


def _standardised(rows: Rows, mean: Floats, scale: Floats) -> Iterator[tuple[slice, Floats]]:
    for part, block in _blocks(rows):
        yield part, (block - mean) / scale


def _principal_axes(rows: Rows, mean: Floats, scale: Floats) -> tuple[Floats, Floats]:
    """Orthonormal axes (D, R) that span the standardised rows and the sums of squares along them (R,).

    By the smaller of the two Gram matrices: rows by rows, or features by features.
    """
    standardised = (block.reshape(-1, block.shape[-1]) for _, block in _standardised(rows, mean, scale))
    wide = len(rows) * rows[:1].shape[1] <= len(mean)
    if wide:
        table = np.concatenate(list(standardised))
        gram = table @ table.T
    else:
        gram = np.zeros((len(mean), len(mean)))
        for block in standardised:
            gram += block.T @ block
    spectrum, vectors = np.linalg.eigh(gram)
    kept = spectrum > 1e-9 * max(spectrum[-1], 1e-12)
    spectrum, vectors = spectrum[kept], vectors[:, kept]
    return (table.T @ (vectors / np.sqrt(spectrum)) if wide else vectors), spectrum
