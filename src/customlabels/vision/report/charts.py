"""Line charts as SVG text, without styles of their own: colours come from the page, so they follow its theme."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from customlabels.vision.curves import Curve
from customlabels.vision.intervals import Interval

Point = tuple[float, float]

LEFT, RIGHT, TOP, BOTTOM = 42, 12, 10, 40
"""Margins around the plot, in units of the view box."""
MOST_POINTS = 400


@dataclass(frozen=True)
class Plot:
    """A chart of width x height units over [0, x_end] x [0, y_end]."""

    width: int
    height: int
    x_end: float = 1.0
    y_end: float = 1.0

    def at(self, point: Point) -> str:
        """Coordinates of a data point as "x,y"."""
        x, y = point
        across = LEFT + x / self.x_end * (self.width - LEFT - RIGHT)
        down = self.height - BOTTOM - y / self.y_end * (self.height - TOP - BOTTOM)
        return f"{across:.1f},{down:.1f}"

    def line(self, points: Iterable[Point], kind: str) -> str:
        return f'<polyline class="line {kind}" points="{" ".join(map(self.at, points))}"/>'

    def dot(self, point: Point, kind: str) -> str:
        x, y = self.at(point).split(",")
        return f'<circle class="dot {kind}" cx="{x}" cy="{y}" r="4.5"/>'

    def axes(self, x_name: str, y_name: str) -> str:
        """Grid, ticks and names of the axes."""
        parts = []
        for value in _ticks(self.x_end):
            x, y = self.at((value, 0)).split(",")
            parts.append(f'<line class="grid" x1="{x}" y1="{TOP}" x2="{x}" y2="{y}"/>')
            parts.append(f'<text x="{x}" y="{float(y) + 15:.1f}" text-anchor="middle">{value:g}</text>')
        for value in _ticks(self.y_end):
            x, y = self.at((0, value)).split(",")
            parts.append(f'<line class="grid" x1="{x}" y1="{y}" x2="{self.width - RIGHT}" y2="{y}"/>')
            parts.append(f'<text x="{LEFT - 7}" y="{float(y) + 4:.1f}" text-anchor="end">{value:g}</text>')
        middle = (self.height - BOTTOM + TOP) / 2
        parts.append(
            f'<text class="axis" x="{(self.width + LEFT - RIGHT) / 2:.1f}" y="{self.height - 6}" '
            f'text-anchor="middle">{x_name}</text>'
            f'<text class="axis" transform="translate(11 {middle:.1f}) rotate(-90)" '
            f'text-anchor="middle">{y_name}</text>'
        )
        return "".join(parts)

    def svg(self, content: str, description: str) -> str:
        """`description` must be escaped already."""
        return (
            f'<svg class="chart" viewBox="0 0 {self.width} {self.height}" role="img" aria-label="{description}">'
            f"{content}</svg>"
        )


def precision_recall_chart(curve: Curve, chosen: Point) -> str:
    """Precision over recall, with a dot at the (recall, precision) of the assumed threshold."""
    plot = Plot(400, 270)
    points = list(zip(curve.recall, curve.precision, strict=True))
    line = plot.line([(0.0, points[0][1]), *points], "precision")
    return plot.svg(
        plot.axes("recall", "precision") + line + plot.dot(chosen, "chosen"),
        f"Precision over recall. At the assumed threshold precision is {chosen[1]:.3f} and recall {chosen[0]:.3f}.",
    )


def threshold_chart(curve: Curve, threshold: float) -> str:
    """Precision, recall and F1 over the threshold, with a line at the assumed one."""
    plot = Plot(400, 270)
    low, high = plot.at((threshold, 0)), plot.at((threshold, 1))
    (x, bottom), (_, top) = low.split(","), high.split(",")
    marker = f'<line class="marker" x1="{x}" y1="{bottom}" x2="{x}" y2="{top}"/>'
    lines = "".join(
        plot.line(_steps(curve.thresholds, values), kind)
        for kind, values in (("precision", curve.precision), ("recall", curve.recall), ("f1", curve.f1))
    )
    return plot.svg(
        plot.axes("threshold", "score") + marker + lines,
        f"Precision, recall and F1 for every threshold. The assumed threshold is {threshold:.3f}, "
        f"where F1 is highest: {max(curve.f1):.3f}.",
    )


def training_chart(points: Sequence[Point]) -> str:
    """Loss over seconds."""
    step = -(-len(points) // MOST_POINTS)
    kept = [*points[:-1:step], points[-1]]
    plot = Plot(480, 250, max(seconds for seconds, _ in kept) or 1.0, max(loss for _, loss in kept) or 1.0)
    return plot.svg(
        plot.axes("seconds", "loss") + plot.line(kept, "loss"),
        f"Training loss, from {kept[0][1]:.3g} to {kept[-1][1]:.3g} in {kept[-1][0]:.0f} seconds.",
    )


def interval_bar(value: float, interval: Interval) -> str:
    """A score and its interval on a line from 0 to 1; the figures stand beside it as text."""
    low, high = interval
    return (
        '<svg class="bar" viewBox="0 0 104 12" aria-hidden="true"><line class="track" x1="2" y1="6" x2="102" y2="6"/>'
        f'<line class="span" x1="{2 + 100 * low:.1f}" y1="6" x2="{2 + 100 * high:.1f}" y2="6"/>'
        f'<circle class="dot chosen" cx="{2 + 100 * value:.1f}" cy="6" r="4"/></svg>'
    )


def _steps(thresholds: Sequence[float], values: Sequence[float]) -> list[Point]:
    """Descending thresholds as stairs: above the highest nothing is predicted, so everything is 0 there."""
    points, level = [(1.0, 0.0)], 0.0
    for threshold, value in zip(thresholds, values, strict=True):
        points += [(threshold, level), (threshold, value)]
        level = value
    return [*points, (0.0, level)]


def _ticks(end: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten from 0 to at most `end`, seven at most."""
    power = 10.0 ** math.floor(math.log10(end))
    step = next(size * power for size in (0.2, 0.5, 1.0, 2.0) if end / (size * power) <= 6)
    return [i * step for i in range(int(end / step + 1e-9) + 1)]
