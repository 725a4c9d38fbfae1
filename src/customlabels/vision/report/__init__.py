"""One self-contained HTML file per training: scores, curves, confusions and a gallery of the test images.

The file needs no network: styles, script and pictures are inside, and its own Content-Security-Policy allows
nothing else. Every name that comes from the data is escaped.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from string import Template

from customlabels.vision.evaluation import Evaluation
from customlabels.vision.report.charts import training_chart
from customlabels.vision.report.gallery import gallery
from customlabels.vision.report.tables import confusion_section, curves_section, labels_table, scores
from customlabels.vision.samples import Sample

MOST_IMAGES = 200
"""The gallery shows at most so many test images, the worst first, so that the file stays small enough to mail."""


@dataclass(frozen=True)
class Training:
    """What the report says about a training beside its scores.

    `began` is an aware time, `seconds` how long it took; `labels` and `images` are of the training set. `details` are
    further rows to show as they are ("Effort": "balanced").
    """

    name: str
    began: datetime
    seconds: float
    images: int
    labels: int
    details: Mapping[str, str] = field(default_factory=dict)


def write_report(
    path: str | Path,
    training: Training,
    evaluation: Evaluation,
    samples: Sequence[Sample],
    training_curve: Sequence[tuple[float, float]] = (),
    *,
    most_images: int = MOST_IMAGES,
) -> None:
    """Write the report to `path`.

    `samples` are the evaluated images in order, `training_curve` pairs of seconds and loss. A picture that cannot be
    read any more is replaced by the reason. Raises ValueError where `samples` are not as many as were evaluated, and
    OSError where `path` cannot be written.
    """
    page = render(training, evaluation, samples, training_curve, most_images=most_images)
    Path(path).write_bytes(page.encode("utf-8", "replace"))  # a file name need not be valid Unicode


def render(
    training: Training,
    evaluation: Evaluation,
    samples: Sequence[Sample],
    training_curve: Sequence[tuple[float, float]] = (),
    *,
    most_images: int = MOST_IMAGES,
) -> str:
    """The page that `write_report` writes."""
    if len(samples) != evaluation.outcomes.images:
        raise ValueError(f"{len(samples)} images are given, but {evaluation.outcomes.images} were evaluated.")
    style, script = _asset("page.css"), _asset("page.js")
    sections = {
        "scores": scores(evaluation, duration(training.seconds)),
        "facts": _facts(training, evaluation),
        "labels": labels_table(evaluation),
        "curves": curves_section(evaluation),
        "confusion": confusion_section(evaluation),
        "training": _training_section(training_curve),
        "gallery": gallery(evaluation, samples, most_images),
    }
    return Template(_asset("page.html")).substitute(
        sections,
        name=html.escape(training.name),
        task=evaluation.task,
        policy=f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'",
        style=style,
        script=script,
        unit="boxes" if evaluation.task == "detection" else "labels of images",
    )


def duration(seconds: float) -> str:
    """As a person would say it: 43.1 s, 12.5 min, 1.06 hours."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 6000 else f"{seconds / 3600:.2f} hours"


def _facts(training: Training, evaluation: Evaluation) -> str:
    tested = sum(result.test_images > 0 for result in evaluation.labels)
    rows = {
        "Task": "object detection" if evaluation.task == "detection" else "image classification",
        "Date": f"{training.began:%Y-%m-%d %H:%M %Z}",
        "Training dataset": f"{_count(training.images, 'image')}, {_count(training.labels, 'label')}",
        "Testing dataset": f"{_count(evaluation.outcomes.images, 'image')}, {_count(tested, 'label')}",
        **training.details,
    }
    if evaluation.average_precision is not None and evaluation.average_recall is not None:
        rows["mAP at IoU 0.5"] = f"{evaluation.average_precision:.3f}"
        rows["Highest recall (mAR)"] = f"{evaluation.average_recall:.3f}"
    return "\n".join(
        f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd></div>" for name, value in rows.items()
    )


def _training_section(curve: Sequence[tuple[float, float]]) -> str:
    if len(curve) < 2:
        return ""
    return f"""<section id="training"><h2>Training</h2>
<figure class="wide">{training_chart(curve)}
<figcaption>Loss over the seconds of training: how wrong the network was on the pictures it was learning from.
It should fall and then level out.</figcaption></figure></section>"""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
