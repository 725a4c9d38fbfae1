import io
import os
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from customlabels.vision.evaluate import Evaluation, evaluate_classification, evaluate_detection
from customlabels.vision.predictions import Boxed
from customlabels.vision.report import Training, duration, render, write_report
from customlabels.vision.samples import Sample

WHEN = datetime(2024, 5, 3, 14, 2, tzinfo=UTC)
TRAINING = Training("puppies", WHEN, 43.1, images=24, labels=2, details={"Effort": "balanced"})
EVIL = "<script>alert('x')</script>\"&"


def picture(width: int = 640, height: int = 400) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()


def boxed(*rows: tuple[tuple[float, float, float, float], int, float]) -> Boxed:
    return Boxed(
        np.array([box for box, _, _ in rows], np.float32).reshape(-1, 4),
        np.array([label for _, label, _ in rows], np.int64),
        np.array([score for _, _, score in rows], np.float32),
    )


def sample(name: str, truth: Boxed | None = None, labels: tuple[bool, ...] = (True, False)) -> Sample:
    return Sample(name, picture, 640, 400, np.array(labels), truth)


def detector(kitten: str = "kitten", first: str = "s3://b/first.jpg") -> tuple[Evaluation, list[Sample]]:
    """A right image, one with a puppy missed and a kitten made up, and an empty one with a puppy made up."""
    left, right = (10, 10, 200, 200), (300, 50, 600, 390)
    truths = [boxed((left, 0, 1), (right, 1, 1)), boxed((left, 0, 1), (right, 1, 1)), boxed()]
    predictions = [
        boxed((left, 0, 0.8), (right, 1, 0.9)),
        boxed((right, 1, 0.7), (right, 0, 0.85)),
        boxed((left, 0, 0.6)),
    ]
    names = [first, "s3://b/second.jpg", "s3://b/third.jpg"]
    samples = [sample(name, truth) for name, truth in zip(names, truths, strict=True)]
    return evaluate_detection(["puppy", kitten], truths, predictions), samples


def classifier(images: int = 6, labels: int = 3) -> tuple[Evaluation, list[Sample]]:
    truths = np.eye(labels, dtype=bool)[np.arange(images) % labels]
    confidences = np.where(truths, 0.8, 0.1)
    confidences[0] = np.roll(confidences[0], 1)  # the first image is taken for another label
    samples = [sample(f"{i}.jpg", labels=tuple(map(bool, row))) for i, row in enumerate(truths)]
    return evaluate_classification([f"label {i}" for i in range(labels)], truths, confidences), samples


class Page(HTMLParser):
    """Collects tags with their attributes, and the text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


def test_the_headline_and_the_label_table() -> None:
    evaluation, samples = detector()
    page = Page(render(TRAINING, evaluation, samples, [(0.0, 2.0), (5.0, 0.5)]))
    text = re.sub(r"\s+", " ", page.text)
    assert f"F1 score {evaluation.f1:.3f}" in re.sub(r"(?<=score)(?=\d)", " ", text)
    for expected in ("Trained in43.1 s", "24 images, 2 labels", "3 images, 2 labels", "Effortbalanced", "2024-05-03"):
        assert expected in text
    for result in evaluation.labels:
        assert f"{result.label}{result.f1:.3f}" in text.replace(" ", "")
        low, high = result.f1_interval
        assert f"{low:.2f}–{high:.2f}" in text  # noqa: RUF001 (an en dash)
    assert page.count("polyline") == 2 * 4 + 1, "four curves a label and the training curve"


def test_every_result_is_marked_with_its_confidence() -> None:
    evaluation, samples = detector()
    page = Page(render(TRAINING, evaluation, samples))
    kinds = [a["data-kind"] for tag, a in page.tags if tag == "li" and "data-kind" in a]
    assert sorted(k for k in kinds if k) == ["fn", "fp", "tp", "tp", "tp"]
    assert page.text.count("False negative") >= 2
    for shown in ("80.0%", "90.0%", "85.0%", "70.0%", "not found"):
        assert shown in page.text


def test_the_worst_images_come_first_and_the_rest_is_left_out() -> None:
    evaluation, samples = detector()
    source = render(TRAINING, evaluation, samples, most_images=1)
    assert "second.jpg" in source
    assert "first.jpg" not in source
    assert "Shown are the 1 worst of 3 images" in source
    assert "Shown are" not in render(TRAINING, evaluation, samples, most_images=3)


def test_nothing_is_loaded_from_anywhere() -> None:
    evaluation, samples = detector()
    page = Page(render(TRAINING, evaluation, samples))
    for tag, attributes in page.tags:
        assert "style" not in attributes, "the policy forbids inline styles"
        assert not any(name.startswith("on") for name in attributes), "and inline handlers"
        for name in ("src", "href", "srcset", "data"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:image/jpeg;base64,")), (tag, value)
    assert "http://" not in page.text
    assert "https://" not in page.text


def test_names_cannot_smuggle_in_markup() -> None:
    evaluation, samples = detector(kitten=EVIL, first=f"s3://b/{EVIL}.jpg")
    training = Training(EVIL, WHEN, 1.0, 1, 1, {EVIL: EVIL})
    page = Page(render(training, evaluation, samples))
    assert page.count("script") == 1
    assert page.text.count(EVIL) >= 5
    names = evaluate_classification([EVIL, "b"], np.eye(2, dtype=bool), np.eye(2))
    assert Page(render(training, names, [sample(EVIL), sample("b")])).count("script") == 1


def test_a_file_name_that_is_no_unicode_is_written(tmp_path: Path) -> None:
    evaluation, samples = detector(first=os.fsdecode(b"\xff.jpg"))
    write_report(tmp_path / "report.html", TRAINING, evaluation, samples)
    assert "?.jpg" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_picture_that_is_gone_is_replaced_by_the_reason() -> None:
    def gone() -> bytes:
        raise FileNotFoundError("no such <file>")

    evaluation, samples = detector()
    samples[0] = Sample("s3://b/gone.jpg", gone, 640, 400, np.array([True, True]), samples[0].truth)
    samples[1] = Sample("s3://b/cut.jpg", lambda: picture()[:-100], 640, 400, np.array([True, True]), samples[1].truth)
    text = Page(render(TRAINING, evaluation, samples)).text
    assert "could not be read: no such <file>" in text
    assert "could not be read: The JPEG data is cut off or broken" in text


def test_pictures_are_small() -> None:
    evaluation, samples = detector()
    page = Page(render(TRAINING, evaluation, samples))
    sizes = [(a["width"], a["height"]) for tag, a in page.tags if tag == "image"]
    assert sizes == [("480", "300")] * 3


def test_a_classifier_has_a_confusion_matrix_and_a_detector_has_none() -> None:
    page = Page(render(TRAINING, *classifier()))
    assert "Confusion matrix" in page.text
    assert "50%1" in page.text, "one of the two images of label 0 was taken for another"
    assert "Confusion matrix" not in Page(render(TRAINING, *detector())).text


def test_many_labels_get_a_list_of_confusions() -> None:
    text = Page(render(TRAINING, *classifier(images=80, labels=40))).text
    assert "The largest 1 of 1 confusions" in text


def test_labels_without_test_images_are_said_to_have_none() -> None:
    truths = np.array([[True, False], [True, False]])
    evaluation = evaluate_classification(["seen", "unseen"], truths, np.array([[0.9, 0.1], [0.8, 0.2]]))
    text = Page(render(TRAINING, evaluation, [sample("a"), sample("b")])).text
    assert "unseen no test images" in text


def test_every_evaluated_image_is_needed() -> None:
    evaluation, samples = detector()
    with pytest.raises(ValueError, match="2 images are given, but 3 were evaluated"):
        render(TRAINING, evaluation, samples[:2])


@pytest.mark.parametrize(
    ("seconds", "words"), [(43.12, "43.1 s"), (99.9, "99.9 s"), (750, "12.5 min"), (3802 * 2, "2.11 hours")]
)
def test_durations_read_well(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def shown(page: Any, selector: str) -> list[str]:
    texts: list[str] = page.locator(f"{selector}:visible").all_inner_texts()
    return texts


def test_the_gallery_is_filtered_and_ordered_in_a_browser(browser: Any, tmp_path: Path) -> None:
    evaluation, samples = detector(kitten=EVIL)
    write_report(tmp_path / "report.html", TRAINING, evaluation, samples, [(0.0, 2.0), (5.0, 0.5)])
    page = browser.new_page()
    trouble: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("dialog", lambda dialog: trouble.append(dialog.message))
    page.on("request", lambda request: requests.append(request.url))
    page.goto((tmp_path / "report.html").as_uri())

    assert shown(page, ".card figcaption") == ["second.jpg", "first.jpg", "third.jpg"]
    assert page.inner_text("#found") == "5 results in 3 images"
    page.select_option("#by-order", "order")
    assert shown(page, ".card figcaption") == ["first.jpg", "second.jpg", "third.jpg"]

    page.select_option("#by-outcome", "fn")
    assert shown(page, ".card figcaption") == ["second.jpg"]
    assert [row.split()[-2:] for row in shown(page, ".items li")] == [["False", "negative"]]
    assert page.locator(".photo g[data-item] rect.box.fn:visible").count() == 1
    assert page.locator(".photo g[data-item] rect.box.fp:visible").count() == 0
    assert page.inner_text("#found") == "1 result in 1 of 3 images"

    page.select_option("#by-label", label=EVIL)
    assert shown(page, ".card") == []
    page.select_option("#by-outcome", "")
    assert len(shown(page, ".items li")) == 2

    first_label = page.locator(".labels tbody th").first
    best_first = first_label.inner_text()
    page.keyboard.press("Tab")
    page.locator(".labels .sort", has_text="F1 score").focus()
    page.keyboard.press("Enter")
    assert first_label.inner_text() != best_first
    assert page.locator(".labels th[aria-sort=ascending]").count() == 1

    page.set_viewport_size({"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, "a phone need not scroll sideways"
    assert trouble == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    page.close()
