"""Test images with true and predicted boxes, each marked true positive, false positive or false negative."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from html import escape

from PIL import Image

from customlabels.imaging.images import ImageError, decode
from customlabels.vision.evaluation import Evaluation
from customlabels.vision.outcomes import Corners, Item, Outcome
from customlabels.vision.samples import Sample

LONGEST_SIDE = 480
"""Pixels of a picture in the report."""
QUALITY = 78
FEW = 6
"""Pictures with more boxes than this get smaller numbers."""

Scale = tuple[float, float]
"""From pixels of the image to those of the picture, across and down."""

_KIND = {Outcome.TRUE_POSITIVE: "tp", Outcome.FALSE_POSITIVE: "fp", Outcome.FALSE_NEGATIVE: "fn"}
_SIGN = {"tp": "✓", "fp": "×", "fn": "–"}  # noqa: RUF001 (signs that every font has)


def gallery(evaluation: Evaluation, samples: Sequence[Sample], most: int) -> str:
    """Controls and cards of at most `most` images, the worst first."""
    shown = [[item for item in items if item.outcome in _KIND] for items in evaluation.outcomes]
    ranking = sorted(range(len(samples)), key=lambda i: (_badness(shown[i]), _doubt(shown[i])), reverse=True)[:most]
    with ThreadPoolExecutor() as pool:
        pictures = list(pool.map(_picture, [samples[i] for i in ranking]))
    cards = "\n".join(
        _card(samples[i], i, rank, shown[i], evaluation, picture)
        for rank, (i, picture) in enumerate(zip(ranking, pictures, strict=True))
    )
    note = ""
    if len(ranking) < len(samples):
        note = (
            f'<p class="note">Shown are the {len(ranking):,} worst of {len(samples):,} images to keep this file small. '
            "The evaluation files beside it have all of them.</p>"
        )
    return f'{note}{_controls(evaluation)}<ul class="cards" id="cards">\n{cards}\n</ul>'


def _badness(items: Sequence[Item]) -> float:
    """How wrong an image went: sure false alarms and objects far from being found weigh most."""
    return sum(
        item.confidence if item.outcome is Outcome.FALSE_POSITIVE else 1 - item.confidence
        for item in items
        if item.outcome is not Outcome.TRUE_POSITIVE
    )


def _doubt(items: Sequence[Item]) -> float:
    return 1 - min((item.confidence for item in items), default=1.0)


def _picture(sample: Sample) -> tuple[str, int, int] | str:
    """A data URI with its width and height, or why there is none."""
    try:
        pixels = decode(sample.read(), limits=None, longest_side=LONGEST_SIDE)
    except (OSError, ImageError) as error:
        return f"The picture could not be read: {error}"
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=QUALITY, optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f"data:image/jpeg;base64,{data}", pixels.shape[1], pixels.shape[0]


def _controls(evaluation: Evaluation) -> str:
    labels = "".join(f'<option value="{i}">{escape(r.label)}</option>' for i, r in enumerate(evaluation.labels))
    return f"""<div class="controls">
<label>Label <select id="by-label"><option value="">All labels</option>{labels}</select></label>
<label>Result <select id="by-outcome"><option value="">All results</option><option value="fp fn">Mistakes</option>
<option value="tp">True positive</option><option value="fp">False positive</option>
<option value="fn">False negative</option></select></label>
<label>Order <select id="by-order"><option value="rank">Worst first</option>
<option value="order">As in the test set</option></select></label>
<output id="found" for="by-label by-outcome by-order"></output></div>
"""


def _card(
    sample: Sample,
    index: int,
    rank: int,
    items: Sequence[Item],
    evaluation: Evaluation,
    picture: tuple[str, int, int] | str,
) -> str:
    name = escape(sample.source_ref)
    short = escape(sample.source_ref.replace("\\", "/").rsplit("/", 1)[-1])
    if isinstance(picture, str):
        view = f'<p class="missing">{escape(picture)}</p>'
    else:
        view = _view(sample, items, picture, f"{short}: {escape(_summary(items))}")
    rows = "".join(_row(number, item, evaluation) for number, item in enumerate(items, start=1))
    nothing = "" if items else '<p class="nothing">Nothing to find, and nothing was found.</p>'
    return (
        f'<li class="card" data-rank="{rank}" data-order="{index}"><figure>{view}'
        f'<figcaption title="{name}">{short}</figcaption></figure>{nothing}<ol class="items">{rows}</ol></li>'
    )


def _summary(items: Sequence[Item]) -> str:
    counts = [
        f"{sum(item.outcome is outcome for item in items)} {outcome.words.lower()}"
        for outcome in _KIND
        if any(item.outcome is outcome for item in items)
    ]
    return ", ".join(counts) or "nothing to find, nothing found"


def _row(number: int, item: Item, evaluation: Evaluation) -> str:
    kind, result = _KIND[item.outcome], evaluation.labels[item.label]
    if item.outcome is Outcome.FALSE_NEGATIVE and not item.confidence and evaluation.task == "detection":
        confidence = "not found"
    else:
        confidence = f"{item.confidence:.1%}"
        if item.outcome is Outcome.FALSE_NEGATIVE:
            confidence += f", below {result.threshold:.1%}"
    return (
        f'<li data-item="{number}" data-label="{item.label}" data-kind="{kind}">'
        f'<span class="chip {kind}">{number} {_SIGN[kind]}</span> <span class="what">{escape(result.label)}</span> '
        f'<span class="confidence">{confidence}</span> <span class="outcome {kind}">{item.outcome.words}</span></li>'
    )


def _view(sample: Sample, items: Sequence[Item], picture: tuple[str, int, int], description: str) -> str:
    uri, width, height = picture
    scale = (width / sample.width, height / sample.height)
    boxes = "".join(_box(number, item, scale) for number, item in enumerate(items, start=1))
    font = 18 if len(items) <= FEW else 13
    chips = "".join(_chip(number, item, scale, (width, height), font) for number, item in enumerate(items, start=1))
    return (
        f'<svg class="photo" viewBox="0 0 {width} {height}" role="img" aria-label="{description}">'
        f'<image href="{uri}" width="{width}" height="{height}"/>{boxes}<g font-size="{font}">{chips}</g></svg>'
    )


def _box(number: int, item: Item, scale: Scale) -> str:
    """The predicted box of a hit or a false alarm with the true box thin beside it; the true box of a miss."""
    kind = _KIND[item.outcome]
    main, other = _drawn(item)
    if main is None:
        return ""
    thin = ""
    if other:
        thin = _rectangle(other, scale, "thin halo") + _rectangle(other, scale, "guess" if kind == "fn" else "truth")
    return f'<g data-item="{number}">{thin}{_rectangle(main, scale, "halo")}{_rectangle(main, scale, kind)}</g>'


def _chip(number: int, item: Item, scale: Scale, size: tuple[int, int], font: int) -> str:
    """The number of an item in a corner of its box; each kind has its own, as a misnamed box lies on a missed one."""
    kind = _KIND[item.outcome]
    main, _ = _drawn(item)
    if main is None:
        return ""
    wide, high = 0.62 * font * (len(str(number)) + 1) + 0.5 * font, 1.3 * font
    left, top, right, bottom = main[0] * scale[0], main[1] * scale[1], main[2] * scale[0], main[3] * scale[1]
    x, y = {"tp": (left, top), "fp": (left, bottom - high), "fn": (right - wide, top)}[kind]
    x, y = min(max(0.0, x), size[0] - wide), min(max(0.0, y), size[1] - high)
    return (
        f'<g data-item="{number}"><rect class="chip {kind}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" '
        f'height="{high:.1f}" rx="2"/><text class="chip" x="{x + wide / 2:.1f}" y="{y + font:.1f}" '
        f'text-anchor="middle">{number}{_SIGN[kind]}</text></g>'
    )


def _drawn(item: Item) -> tuple[Corners | None, Corners | None]:
    """The box that stands for an item, and the one to compare it with."""
    missed = item.outcome is Outcome.FALSE_NEGATIVE
    return (item.truth, item.predicted) if missed else (item.predicted, item.truth)


def _rectangle(box: Corners, scale: Scale, kind: str) -> str:
    x0, y0, x1, y1 = box[0] * scale[0], box[1] * scale[1], box[2] * scale[0], box[3] * scale[1]
    return f'<rect class="box {kind}" x="{x0:.1f}" y="{y0:.1f}" width="{x1 - x0:.1f}" height="{y1 - y0:.1f}"/>'
