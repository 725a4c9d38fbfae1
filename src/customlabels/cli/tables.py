"""What commands print for people, and the same figures for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from customlabels.vision.evaluate import Evaluation


def print_evaluation(evaluation: Evaluation, seconds: float | None = None) -> None:
    """The workshop's table: headline values, each alone on its line, then the labels, best first."""
    low, high = evaluation.f1_interval
    images = len(evaluation.outcomes.per_image)
    print(f"F1 score {evaluation.f1:.3f}")
    print(f"Average precision {evaluation.precision:.3f}")
    print(f"Overall recall {evaluation.recall:.3f}")
    if seconds is not None:
        print(f"Trained in {seconds:.1f} s")
    print(f"95 % interval of the F1 score {low:.3f} to {high:.3f}, from {images} test images")
    if evaluation.average_precision is not None and evaluation.average_recall is not None:
        print(f"mAP {evaluation.average_precision:.3f}, mAR {evaluation.average_recall:.3f} at IoU 0.5")
    print()
    print_table(
        ("Label", "F1 score", "95 % interval", "Test images", "Precision", "Recall", "Assumed threshold"),
        (
            (
                result.label,
                f"{result.f1:.3f}",
                f"{result.f1_interval[0]:.3f} to {result.f1_interval[1]:.3f}",
                str(result.test_images),
                f"{result.precision:.3f}",
                f"{result.recall:.3f}",
                f"{result.threshold:.3f}",
            )
            for result in sorted(evaluation.labels, key=lambda result: -result.f1)
        ),
    )


def evaluation_json(evaluation: Evaluation) -> dict[str, Any]:
    """The figures of `print_evaluation`, unrounded, with the counts behind them."""
    labels = [
        {
            "label": result.label,
            "f1": result.f1,
            "f1_interval": list(result.f1_interval),
            "test_images": result.test_images,
            "precision": result.precision,
            "recall": result.recall,
            "threshold": result.threshold,
            "tp": result.tp,
            "fp": result.fp,
            "fn": result.fn,
        }
        for result in evaluation.labels
    ]
    return {
        "task": evaluation.task,
        "f1": evaluation.f1,
        "f1_interval": list(evaluation.f1_interval),
        "precision": evaluation.precision,
        "recall": evaluation.recall,
        "mean_average_precision": evaluation.average_precision,
        "mean_average_recall": evaluation.average_recall,
        "test_images": len(evaluation.outcomes.per_image),
        "labels": labels,
    }


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table with its first column to the left and the others, figures, to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for i, name in enumerate(head):
        table.add_column(Text(name), justify="right" if i else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    # Cut to the width of a terminal, but not where a file or a pipe reads.
    Console(width=None if sys.stdout.isatty() else 160).print(table, "")


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False))
