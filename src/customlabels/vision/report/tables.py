"""The figures of the report: headline scores, the label table, curves and confusions."""

from __future__ import annotations

import math
from html import escape

from customlabels.vision.evaluation import Evaluation, LabelResult
from customlabels.vision.intervals import Interval
from customlabels.vision.report.charts import interval_bar, precision_recall_chart, threshold_chart

LARGEST_MATRIX = 25
"""With more labels than this the largest confusions are listed instead of a matrix that nobody can read."""
MOST_CONFUSIONS = 50
MOST_OPEN_CURVES = 4


def scores(evaluation: Evaluation, trained_in: str) -> str:
    """The headline row."""
    tiles = (
        (
            "F1 score",
            f"{evaluation.f1:.3f}",
            f'95% interval <span class="nowrap">{_interval(evaluation.f1_interval)}</span>',
        ),
        ("Average precision", f"{evaluation.precision:.3f}", "mean precision of the labels"),
        ("Overall recall", f"{evaluation.recall:.3f}", "mean recall of the labels"),
        ("Trained in", trained_in, "from data to this report"),
    )
    return "\n".join(
        f'<div class="tile"><dt>{name}</dt><dd><strong>{value}</strong><span>{note}</span></dd></div>'
        for name, value, note in tiles
    )


def labels_table(evaluation: Evaluation) -> str:
    """Rows of the label table, best F1 first."""
    columns = ("Label", "F1 score", "Test images", "Precision", "Recall", "Assumed threshold", "TP", "FP", "FN")
    titles = {"TP": "True positives", "FP": "False positives", "FN": "False negatives"}
    head = "".join(
        f'<th scope="col"{_sorted_by(name)}><button type="button" class="sort">'
        + (f'<abbr title="{titles[name]}">{name}</abbr>' if name in titles else name)
        + "</button></th>"
        for name in columns
    )
    order = sorted(range(len(evaluation.labels)), key=lambda i: (-evaluation.labels[i].f1, _untested(evaluation, i)))
    rows = "\n".join(_label_row(i, evaluation.labels[i]) for i in order)
    return f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>"


def curves_section(evaluation: Evaluation) -> str:
    """Two charts for each label that was tested."""
    tested = [(i, result) for i, result in enumerate(evaluation.labels) if result.test_images]
    if not tested:
        return "<p>No test image carries a label, so there are no curves.</p>"
    state = " open" if len(tested) <= MOST_OPEN_CURVES else ""
    return "\n".join(
        f'<details class="label-curves" id="curves-{i}"{state}><summary>{escape(result.label)} '
        f'<span class="muted">F1 {result.f1:.3f} at threshold {result.threshold:.3f}</span></summary>'
        f'<div class="charts"><figure>{precision_recall_chart(result.curve, (result.recall, result.precision))}'
        "<figcaption>Precision and recall: every threshold is a point of the line, the dot is the assumed one."
        f"</figcaption></figure><figure>{threshold_chart(result.curve, result.threshold)}"
        '<figcaption><span class="key precision">precision</span> <span class="key recall">recall</span> '
        '<span class="key f1">F1</span> over the threshold; the vertical line is the assumed one.</figcaption>'
        "</figure></div></details>"
        for i, result in tested
    )


def confusion_section(evaluation: Evaluation) -> str:
    """Which label was taken for which (classification); nothing for detection."""
    if evaluation.confusion is None:
        return ""
    few = len(evaluation.labels) <= LARGEST_MATRIX
    return f"""<section id="confusion"><h2>Confusion matrix</h2>
<p>A row is what an image shows, a column the label the model was most confident of. Each row adds up to 100%:
the diagonal is right, everything else is a mix-up.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix">
{_matrix(evaluation) if few else _largest_confusions(evaluation)}</div></section>"""


def _matrix(evaluation: Evaluation) -> str:
    names = [escape(result.label) for result in evaluation.labels]
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = []
    for i, (name, shares) in enumerate(zip(names, evaluation.confusion or (), strict=True)):
        images = evaluation.labels[i].test_images
        cells = "".join(
            f'<td class="heat h{math.ceil(share * 10)} {"right" if i == j else "wrong"}">{share:.0%}'
            f'<span class="muted">{round(share * images)}</span></td>'
            if share
            else '<td class="heat none">0</td>'
            for j, share in enumerate(shares)
        )
        rows.append(f'<tr><th scope="row">{name}</th>{cells}<td class="total">{images}</td></tr>')
    return (
        '<table class="matrix"><caption class="hidden">Shares and numbers of test images</caption>'
        f'<thead><tr><th scope="col">shown \\ predicted</th>{head}<th scope="col">images</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _largest_confusions(evaluation: Evaluation) -> str:
    found = sorted(
        (
            (round(share * evaluation.labels[i].test_images), share, i, j)
            for i, shares in enumerate(evaluation.confusion or ())
            for j, share in enumerate(shares)
            if share and i != j
        ),
        reverse=True,
    )
    rows = "".join(
        f"<tr><td>{escape(evaluation.labels[i].label)}</td><td>{escape(evaluation.labels[j].label)}</td>"
        f'<td class="number">{images}</td><td class="number">{share:.0%}</td></tr>'
        for images, share, i, j in found[:MOST_CONFUSIONS]
    )
    return (
        f'<table class="pairs"><caption>The largest {min(len(found), MOST_CONFUSIONS)} of {len(found)} confusions'
        '</caption><thead><tr><th scope="col">Shown</th><th scope="col">Taken for</th><th scope="col">Images</th>'
        f'<th scope="col">Share</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _label_row(index: int, result: LabelResult) -> str:
    name = escape(result.label)
    if not result.test_images:
        none = '<td class="number" data-value="-1">&ndash;</td>'
        no_score = '<td data-value="-1">&ndash;</td>'
        return (
            f'<tr><th scope="row" data-value="{name}">{name} <span class="muted">no test images</span></th>{no_score}'
            f'<td class="number" data-value="0">0</td>{none * 2}{_number(result.threshold)}'
            f"{_number(0)}{_number(result.fp)}{_number(0)}</tr>"
        )
    return (
        f'<tr><th scope="row" data-value="{name}"><a href="#curves-{index}">{name}</a></th>'
        f'<td class="score" data-value="{result.f1}"><strong>{result.f1:.3f}</strong> '
        f'{interval_bar(result.f1, result.f1_interval)} <span class="muted">{_interval(result.f1_interval)}</span></td>'
        f"{_number(result.test_images)}{_number(result.precision)}{_number(result.recall)}{_number(result.threshold)}"
        f"{_number(result.tp)}{_number(result.fp)}{_number(result.fn)}</tr>"
    )


def _number(value: float) -> str:
    shown = f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
    return f'<td class="number" data-value="{value}">{shown}</td>'


def _sorted_by(column: str) -> str:
    return ' aria-sort="descending"' if column == "F1 score" else ""


def _untested(evaluation: Evaluation, index: int) -> bool:
    return evaluation.labels[index].test_images == 0


def _interval(interval: Interval) -> str:
    return f"{interval[0]:.2f}&ndash;{interval[1]:.2f}"
