"""The look that the benchmarks' figures share: drawn at twice 800 pixels' width, lines named where they end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

WIDTH, DOTS = 8.0, 200
"""Inches, and pixels an inch: 1,600 pixels, sharp at 800 on a dense screen."""
INK, FAINT = "#333333", "#bbbbbb"
COLOURS = {"classification": "#1f6fb4", "detection": "#c8552b"}
"""A line's colour by task: blue and orange stay apart for every kind of colour vision."""

matplotlib.rcParams.update(
    {
        "font.size": 10,
        "axes.titlesize": 10,
        "axes.edgecolor": FAINT,
        "axes.labelcolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "grid.color": "#e6e6e6",
    }
)


def panels(rows: int, columns: int, height: float, **shared: Any) -> tuple[Figure, list[Any]]:
    """A figure `height` inches high and its axes, row by row; `shared` goes to Figure.subplots."""
    figure = Figure(figsize=(WIDTH, height), dpi=DOTS, layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False, **shared).flat)


def save(figure: Figure, path: Path) -> None:
    """Write a figure; the ending of `path` names the format (webp, png, svg)."""
    figure.savefig(path)
