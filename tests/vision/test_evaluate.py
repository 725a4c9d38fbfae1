import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, f1_score, precision_score, recall_score

from customlabels.vision.counts import Counts, mean
from customlabels.vision.evaluate import Evaluation, evaluate_classification, evaluate_detection
from customlabels.vision.outcomes import Outcome
from customlabels.vision.predictions import Boxed

seeds = st.integers(0, 2**32 - 1)
TP, FP, FN, TN = Outcome


def boxed(*rows: tuple[tuple[float, float, float, float], int, float]) -> Boxed:
    return Boxed(
        np.array([box for box, _, _ in rows], np.float32).reshape(-1, 4),
        np.array([label for _, label, _ in rows], np.int64),
        np.array([score for _, _, score in rows], np.float32),
    )


def crowd(seed: int, images: int = 6, labels: int = 3) -> tuple[list[Boxed], list[Boxed]]:
    """Random true boxes, and predictions that are shaken, renamed, doubled, missing or made up."""
    rng = np.random.default_rng(seed)
    truths, predictions = [], []
    for _ in range(images):
        n = int(rng.integers(0, 6))
        corners = rng.uniform(0, 200, (n, 2))
        true = np.concatenate([corners, corners + rng.uniform(20, 80, (n, 2))], 1)
        names = rng.integers(0, labels, n)
        truths.append(Boxed(true.astype(np.float32), names, np.ones(n, np.float32)))
        kept = rng.integers(0, n, int(rng.integers(0, 2 * n + 1))) if n else np.zeros(0, np.int64)
        shaken = true[kept] + rng.normal(0, 5, (len(kept), 4))
        shaken = np.concatenate([np.minimum(*np.split(shaken, 2, 1)), np.maximum(*np.split(shaken, 2, 1))], 1)
        made_up = np.tile([0.0, 0, 30, 30], (int(rng.integers(0, 3)), 1)) + rng.uniform(0, 150)
        named = np.where(rng.random(len(kept)) < 0.8, names[kept], rng.integers(0, labels, len(kept)))
        found = np.concatenate([shaken, made_up])
        predictions.append(
            Boxed(
                found.astype(np.float32),
                np.concatenate([named, rng.integers(0, labels, len(made_up))]),
                rng.uniform(0, 1, len(found)).astype(np.float32),
            )
        )
    return truths, predictions


def coco_evaluation(truths: list[Boxed], predictions: list[Boxed], labels: int) -> Any:
    """The same boxes judged by faster-coco-eval at IoU 0.5, all sizes, with no limit on detections that matters."""
    from faster_coco_eval import COCO, COCOeval_faster

    def rows(images: list[Boxed]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for image, b in enumerate(images):
            for (x0, y0, x1, y1), label, score in zip(
                b.boxes.tolist(), b.classes.tolist(), b.scores.tolist(), strict=True
            ):
                place = {"image_id": image + 1, "category_id": label, "bbox": [x0, y0, x1 - x0, y1 - y0]}
                found.append(
                    place | {"id": len(found) + 1, "score": score, "area": (x1 - x0) * (y1 - y0), "iscrowd": 0}
                )
        return found

    truth = COCO(
        {
            "info": {},
            "images": [{"id": i + 1, "width": 500, "height": 500} for i in range(len(truths))],
            "categories": [{"id": label, "name": str(label)} for label in range(labels)],
            "annotations": rows(truths),
        }
    )
    judge = COCOeval_faster(truth, truth.loadRes(rows(predictions)), "bbox", print_function=lambda *_: None)
    judge.params.iouThrs = np.array([0.5])
    judge.params.maxDets = [1, 10, 1000]
    judge.evaluate()
    judge.accumulate()
    return judge


@settings(deadline=None)
@given(seeds)
def test_detection_agrees_with_faster_coco_eval(seed: int) -> None:
    truths, predictions = crowd(seed)
    if not sum(map(len, predictions)) or not sum(map(len, truths)):
        return
    evaluation = evaluate_detection(["a", "b", "c"], truths, predictions)
    judge = coco_evaluation(truths, predictions, 3)
    for i, result in enumerate(evaluation.labels):
        if not result.test_images:
            continue
        assert result.average_precision is not None
        assert result.highest_recall == pytest.approx(judge.eval["recall"][0, i, 0, -1])
        # COCO averages the falling curve at 101 recalls; the area under it lies between its left and right sums.
        heights = judge.eval["precision"][0, :, i, 0, -1]
        assert heights[1:].sum() / 100 - 1e-6 <= result.average_precision <= heights[:-1].sum() / 100 + 1e-6


@settings(deadline=None)
@given(seeds)
def test_every_threshold_counts_what_filtering_and_matching_again_counts(seed: int) -> None:
    truths, predictions = crowd(seed, images=2, labels=1)
    evaluation = evaluate_detection(["thing"], truths, predictions)
    positives = sum(map(len, truths))
    if not positives:
        return
    curve = evaluation.labels[0].curve
    for threshold, precision, recall in zip(curve.thresholds, curve.precision, curve.recall, strict=True):
        kept = [p.scores >= np.float32(threshold) for p in predictions]
        filtered = [Boxed(p.boxes[k], p.classes[k], p.scores[k]) for p, k in zip(predictions, kept, strict=True)]
        again = evaluate_detection(["thing"], truths, filtered).labels[0]
        assert again.highest_recall == recall
        predicted = sum(map(len, filtered))
        assert precision == (round(recall * positives) / predicted if predicted else 0.0)


def test_boxes_of_a_small_example() -> None:
    truths = [
        boxed(((0, 0, 10, 10), 0, 1), ((20, 0, 30, 10), 0, 1)),
        boxed(((0, 0, 10, 10), 1, 1)),
        boxed(),
    ]
    predictions = [
        boxed(((0, 0, 10, 9), 0, 0.9), ((50, 0, 60, 10), 0, 0.2)),
        boxed(((0, 0, 10, 10), 1, 0.1), ((40, 40, 50, 50), 1, 0.8), ((60, 40, 70, 50), 1, 0.7)),
        boxed(((5, 5, 25, 25), 0, 0.95)),
    ]
    evaluation = evaluate_detection(["kitten", "puppy", "unseen"], truths, predictions)
    kitten, puppy, unseen = evaluation.labels
    assert (kitten.tp, kitten.fp, kitten.fn, kitten.test_images) == (1, 1, 1, 1)
    assert kitten.threshold == float(np.float32(0.9))
    assert (puppy.tp, puppy.fp, puppy.fn, puppy.threshold) == (1, 2, 0, float(np.float32(0.1)))
    assert (unseen.test_images, unseen.threshold, unseen.f1) == (0, 0.5, 0.0)
    assert evaluation.f1 == mean([kitten.f1, puppy.f1]) == 0.5
    assert evaluation.average_recall == mean([0.5, 1.0])
    assert evaluation.confusion is None
    first, second, third = evaluation.outcomes
    assert [(item.outcome, item.confidence) for item in first] == [(TP, pytest.approx(0.9)), (FN, 0.0)]
    assert (first[0].predicted, first[0].truth) == ((0, 0, 10, 9), (0, 0, 10, 10))
    assert (first[1].predicted, first[1].truth) == (None, (20, 0, 30, 10))
    assert [item.outcome for item in second] == [FP, FP, TP]
    assert [item.outcome for item in third] == [FP]


def test_a_missed_object_shows_the_weak_prediction_that_was_on_it() -> None:
    truths = [boxed(((0, 0, 10, 10), 0, 1)), boxed(((0, 0, 10, 10), 0, 1)), boxed(), boxed(), boxed()]
    nothing_there = boxed(((0, 0, 10, 10), 0, 0.5))
    weak = boxed(((0, 0, 10, 8), 0, 0.01))
    evaluation = evaluate_detection(["puppy"], truths, [truths[0], weak, nothing_there, nothing_there, nothing_there])
    assert (evaluation.labels[0].threshold, evaluation.labels[0].counts) == (1.0, Counts(tp=1, fn=1))
    _, missed, *others = evaluation.outcomes
    assert [(item.outcome, item.predicted) for item in missed] == [(FN, (0, 0, 10, 8))]
    assert missed[0].confidence == pytest.approx(0.01)
    assert others == [[], [], []], "predictions below the threshold that are on nothing are not listed"


def labelled(seed: int, images: int, labels: int, several: bool) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    truths = (
        rng.random((images, labels)) < 0.3 if several else np.eye(labels, dtype=bool)[rng.integers(0, labels, images)]
    )
    noise = rng.normal(0, 1, truths.shape)
    confidences = 1 / (1 + np.exp(-(3 * truths - 1.5 + noise)))
    return truths, np.round(confidences, 2).astype(np.float32)  # rounded, so that ties occur


@settings(deadline=None)
@given(seeds, st.integers(1, 20), st.integers(1, 3), st.booleans())
def test_classification_agrees_with_scikit_learn(seed: int, images: int, labels: int, several: bool) -> None:
    truths, confidences = labelled(seed, images, labels, several)
    names = [f"label {i}" for i in range(labels)]
    evaluation = evaluate_classification(names, truths, confidences)
    thresholds = np.array([evaluation.thresholds[name] for name in names], np.float32)
    predicted = confidences >= thresholds
    tested = truths.any(0)
    for score, ours in (
        (precision_score, evaluation.precision),
        (recall_score, evaluation.recall),
        (f1_score, evaluation.f1),
    ):
        each = [score(truths[:, i], predicted[:, i], zero_division=0.0) for i in np.flatnonzero(tested)]
        assert ours == pytest.approx(mean(each))
    for i, result in enumerate(evaluation.labels):
        assert (result.tp, result.fp) == (
            int((truths[:, i] & predicted[:, i]).sum()),
            int((~truths[:, i] & predicted[:, i]).sum()),
        )
        assert result.fn + result.tp == result.test_images == truths[:, i].sum()
    assert evaluation.average_precision is None
    assert evaluation.average_recall is None
    if not several and labels > 1:  # scikit-learn warns of a matrix of one cell
        expected = confusion_matrix(truths.argmax(1), confidences.argmax(1), labels=range(labels), normalize="true")
        assert np.allclose(np.array(evaluation.confusion), expected)


def test_an_image_with_two_labels_counts_in_two_rows_of_the_confusion_matrix() -> None:
    truths = np.array([[True, True], [True, False]])
    evaluation = evaluate_classification(["a", "b"], truths, np.array([[0.9, 0.8], [0.3, 0.6]]))
    assert evaluation.confusion == ((0.5, 0.5), (1.0, 0.0))


def test_all_four_outcomes_of_labels() -> None:
    confidences = np.array([0.9, 0.8, 0.7, 0.6, 0.3, 0.2, 0.2, 0.1])[:, None]
    truths = np.array([True, False, True, True, False, False, False, True])[:, None]
    evaluation = evaluate_classification(["a"], truths, confidences)
    assert evaluation.labels[0].threshold == 0.6  # F1 6/8; 0.1 would find all four, with F1 8/12
    assert evaluation.labels[0].counts == Counts(tp=3, fp=1, fn=1)
    assert [items[0].outcome for items in evaluation.outcomes] == [TP, FP, TP, TP, TN, TN, TN, FN]


@pytest.mark.parametrize("seed", range(3))
def test_an_evaluation_survives_a_file(seed: int) -> None:
    for evaluation in (
        evaluate_detection(["a", "b", "never"], *crowd(seed, labels=2)),
        evaluate_classification(["a", "b", "c"], *labelled(seed, 12, 3, several=True)),
    ):
        text = json.dumps(evaluation.to_json(), allow_nan=False)
        again = Evaluation.from_json(json.loads(text))
        assert json.dumps(again.to_json()) == text
        assert again.labels == evaluation.labels
        assert (again.f1_interval, again.confusion) == (evaluation.f1_interval, evaluation.confusion)
        assert list(again.outcomes) == list(evaluation.outcomes)


@settings(deadline=None)
@given(seeds)
def test_outcomes_add_up_to_the_counts(seed: int) -> None:
    truths, predictions = crowd(seed)
    evaluation = evaluate_detection(["a", "b", "c"], truths, predictions)
    items = [item for image in evaluation.outcomes for item in image]
    for i, result in enumerate(evaluation.labels):
        tally = [sum(item.label == i and item.outcome is kind for item in items) for kind in (TP, FP, FN)]
        assert tally == [result.tp, result.fp, result.fn]
    for image, truth in zip(evaluation.outcomes, truths, strict=True):
        assert sum(item.outcome in (TP, FN) for item in image) == len(truth)
        assert [item.confidence for item in image] == sorted((item.confidence for item in image), reverse=True)


def test_no_images_at_all() -> None:
    for evaluation in (
        evaluate_detection(["a"], [], []),
        evaluate_classification(["a"], np.zeros((0, 1), bool), np.zeros((0, 1))),
    ):
        assert (evaluation.f1, evaluation.f1_interval, evaluation.outcomes.images) == (0.0, (0.0, 1.0), 0)


def test_what_cannot_be_evaluated_is_refused() -> None:
    truths = np.ones((2, 1), bool)
    with pytest.raises(ValueError, match=r"\(images, 2 labels\)"):
        evaluate_classification(["a", "b"], truths, np.ones((2, 1)))
    for confidence in (1.01, -0.01, np.nan):
        with pytest.raises(ValueError, match=r"\[0, 1\]"):
            evaluate_classification(["a"], truths, np.full((2, 1), confidence))
    with pytest.raises(ValueError, match="different names"):
        evaluate_detection(["a", "a"], [], [])
    with pytest.raises(ValueError, match="1 images with true boxes, but 0"):
        evaluate_detection(["a"], [boxed()], [])
    with pytest.raises(ValueError, match="indices of the 1 labels"):
        evaluate_detection(["a"], [boxed(((0, 0, 1, 1), 1, 1.0))], [boxed()])


def test_given_thresholds_are_kept_even_where_others_would_score_better() -> None:
    """A model that confuses its two labels is wrong at the thresholds that it serves with."""
    truths = np.array([[True, False], [False, True]] * 3)
    confidences = np.array([[0.1, 0.9], [0.9, 0.1]] * 3)
    served = {"cat": 0.5, "dog": 0.5}
    assert evaluate_classification(("cat", "dog"), truths, confidences).f1 > 0.6
    evaluation = evaluate_classification(("cat", "dog"), truths, confidences, served)
    assert evaluation.f1 == 0
    assert evaluation.thresholds == served


def test_given_thresholds_decide_which_boxes_count() -> None:
    box = (0.0, 0.0, 10.0, 10.0)
    truth, found = boxed((box, 0, 1.0)), boxed((box, 0, 0.4))
    assert evaluate_detection(("cat",), [truth], [found]).f1 == 1
    evaluation = evaluate_detection(("cat",), [truth], [found], {"cat": 0.5})
    assert (evaluation.labels[0].tp, evaluation.labels[0].fn) == (0, 1)
