import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customlabels.vision.evaluate import Evaluation, evaluate_classification, evaluate_detection
from customlabels.vision.predictions import Boxed
from customlabels.vision.samples import Sample
from customlabels.vision.snapshot import recompute, snapshot_testing, snapshot_training, summary

ARN = "arn:aws:rekognition:us-east-1:123456789012:project/my-project/version/v0/1574317227432"
NOW = datetime(2019, 11, 21, 7, 30, 23, 910943, tzinfo=UTC)
PREFIX = "rekognition-custom-labels"


def unread() -> bytes:
    raise AssertionError("a snapshot needs no pixels")


def detection(seed: int) -> tuple[list[str], list[Sample], Evaluation]:
    """Six images with up to four objects of three labels; half of the predictions are on an object."""
    rng = np.random.default_rng(seed)
    samples, predictions = [], []
    for i in range(6):
        n = int(rng.integers(0, 5))
        corners = rng.integers(0, 200, (n, 2))
        boxes = np.concatenate([corners, corners + rng.integers(20, 80, (n, 2))], 1).astype(np.float32)
        classes = rng.integers(0, 3, n)
        truth = Boxed(boxes, classes, np.ones(n, np.float32))
        present = np.isin(np.arange(4), classes)
        samples.append(Sample(f"s3://bucket/{i}.jpg", unread, 300, 280, present, truth))
        shaken = np.concatenate([boxes, boxes]) + rng.normal(0, 6, (2 * n, 4)).astype(np.float32)
        scores = rng.uniform(0, 1, 2 * n).astype(np.float32)
        predictions.append(Boxed(shaken.astype(np.float32), np.tile(classes, 2), scores))
    labels = ["Cap", "Watch", "Mug", "Absent"]
    truths = [sample.truth for sample in samples if sample.truth is not None]
    return labels, samples, evaluate_detection(labels, truths, predictions)


def classification(seed: int) -> tuple[list[str], list[Sample], Evaluation]:
    rng = np.random.default_rng(seed)
    truths = rng.random((12, 4)) < [0.4, 0.3, 0.2, 0.0]
    confidences = np.clip(0.5 * truths + rng.uniform(0, 0.6, truths.shape), 0, 1).astype(np.float32)
    samples = [Sample(f"s3://bucket/{i}.jpg", unread, 300, 280, row) for i, row in enumerate(truths)]
    labels = ["Football", "Tennis", "Chess <&>", "Absent"]
    return labels, samples, evaluate_classification(labels, truths, confidences)


def made(evaluation: Evaluation) -> dict[str, Any]:
    text = json.dumps(summary(evaluation, project_version_arn=ARN, training_images=24, ended=NOW), allow_nan=False)
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def test_the_summary_of_a_detector() -> None:
    _, samples, evaluation = detection(1)
    found = made(evaluation)
    assert list(found) == ["Version", "AggregatedEvaluationResults", "EvaluationDetails", "LabelEvaluationResults"]
    assert found["Version"] == 1
    assert found["AggregatedEvaluationResults"] == {
        "AveragePrecision": evaluation.average_precision,
        "AverageRecall": evaluation.average_recall,
        "F1Score": evaluation.f1,
        "Precision": evaluation.precision,
        "Recall": evaluation.recall,
    }
    assert found["EvaluationDetails"] == {
        "EvaluationEndTimestamp": "2019-11-21T07:30:23.910943",
        "Labels": ["Cap", "Watch", "Mug", "Absent"],
        "NumberOfTestingImages": len(samples),
        "NumberOfTrainingImages": 24,
        "ProjectVersionArn": ARN,
    }
    results = found["LabelEvaluationResults"]
    assert [set(result) for result in results] == [{"Label", "NumberOfTestingImages", "Metrics"}] * 4
    assert [set(result["Metrics"]) for result in results] == [{"F1Score", "Precision", "Recall", "Threshold"}] * 4
    scores = [result["Metrics"]["F1Score"] for result in results]
    assert scores == sorted(scores, reverse=True)
    assert results[-1] == {
        "Label": "Absent",
        "NumberOfTestingImages": 0,
        "Metrics": {"F1Score": 0.0, "Precision": 0.0, "Recall": 0.0, "Threshold": 0.5},
    }


def test_the_summary_of_a_classifier_has_a_confusion_matrix_and_no_map() -> None:
    labels, _, evaluation = classification(1)
    aggregate = made(evaluation)["AggregatedEvaluationResults"]
    assert set(aggregate) == {"ConfusionMatrix", "F1Score", "Precision", "Recall"}
    for label in labels[:-1]:
        row = [cell["Value"] for cell in aggregate["ConfusionMatrix"] if cell["GroundTruthLabel"] == label]
        assert sum(row) == pytest.approx(1)
    assert {cell["PredictedLabel"] for cell in aggregate["ConfusionMatrix"]} <= set(labels)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([detection, classification]))
def test_the_flags_give_the_summary_to_the_last_digit(seed: int, case: Any) -> None:
    labels, samples, evaluation = case(seed)
    found = made(evaluation)
    again = recompute(snapshot_testing(samples, labels, evaluation, created=NOW))
    assert set(again.labels) == set(labels)
    aggregate = found["AggregatedEvaluationResults"]
    assert (again.f1, again.precision, again.recall) == tuple(aggregate[k] for k in ("F1Score", "Precision", "Recall"))
    for result in found["LabelEvaluationResults"]:
        counts, metrics = again.labels[result["Label"]], result["Metrics"]
        assert (counts.f1, counts.precision, counts.recall) == tuple(
            metrics[k] for k in ("F1Score", "Precision", "Recall")
        )
    for result in evaluation.labels:
        assert again.labels[result.label] == result.counts


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([detection, classification]))
def test_exactly_one_outcome_flag_is_true(seed: int, case: Any) -> None:
    labels, samples, evaluation = case(seed)
    for line in map(json.loads, snapshot_testing(samples, labels, evaluation, created=NOW)):
        for key, metadata in line.items():
            if not (key.startswith(f"{PREFIX}-evaluation") and key.endswith("-metadata")):
                continue
            for details in (holder[f"{PREFIX}-evaluation-details"] for holder in metadata.get("objects", [metadata])):
                flags = [
                    details[f"is-{truth}-{sign}"] for truth in ("true", "false") for sign in ("positive", "negative")
                ]
                assert sorted(flags) == [False, False, False, True]
                present = details["is-true-positive"] or details["is-false-negative"]
                assert details["is-present-in-ground-truth"] is present
                assert (details["version"], details["ground-truth-labelling-jobs"]) == (1, [f"{PREFIX}-training-job"])


def test_a_line_of_a_classifier_is_spelled_as_the_guide_does() -> None:
    sample = Sample("s3://test-bucket/dataset/beckham.jpeg", unread, 100, 100, np.array([True, False]))
    evaluation = evaluate_classification(["Football", "Tennis"], sample.labels[None], np.array([[0.95, 0.25]]))
    (text,) = snapshot_testing([sample], ["Football", "Tennis"], evaluation, created=NOW)
    common = {
        "human-annotated": "no",
        "creation-date": "2019-11-21T07:30:23.910943",
        "job-name": f"{PREFIX}-evaluation-job",
    }
    common["type"] = "groundtruth/image-classification"
    jobs = {"version": 1, "ground-truth-labelling-jobs": [f"{PREFIX}-training-job"]}
    wrong = dict.fromkeys(["is-true-positive", "is-true-negative", "is-false-positive", "is-false-negative"], False)
    assert json.loads(text) == {
        "source-ref": "s3://test-bucket/dataset/beckham.jpeg",
        f"{PREFIX}-object-id": 1,
        f"{PREFIX}-training-0": 1,
        f"{PREFIX}-training-0-metadata": {
            "confidence": 1.0,
            "job-name": f"{PREFIX}-training-job",
            "class-name": "Football",
            "human-annotated": "yes",
            "creation-date": "2019-11-21T07:30:23.910943",
            "type": "groundtruth/image-classification",
        },
        f"{PREFIX}-evaluation-0": 1,
        f"{PREFIX}-evaluation-0-metadata": {
            **common,
            "confidence": 0.95,
            "class-name": "Football",
            f"{PREFIX}-evaluation-details": jobs
            | wrong
            | {"is-true-positive": True, "is-present-in-ground-truth": True},
        },
        f"{PREFIX}-evaluation-1": 1,
        f"{PREFIX}-evaluation-1-metadata": {
            **common,
            "confidence": 0.25,
            "class-name": "Tennis",
            f"{PREFIX}-evaluation-details": jobs
            | wrong
            | {"is-true-negative": True, "is-present-in-ground-truth": False},
        },
    }


def test_a_line_of_a_detector_is_spelled_as_the_guide_does() -> None:
    truth = Boxed(
        np.array([[712, 409, 751, 472], [10, 10, 20.5, 20]], np.float32), np.array([0, 0]), np.ones(2, np.float32)
    )
    found = Boxed(np.array([[711.8, 409.2, 750.6, 472.4]], np.float32), np.array([0]), np.array([0.95], np.float32))
    sample = Sample("s3://bucket/cap.jpg", unread, 1024, 768, np.array([True]), truth)
    evaluation = evaluate_detection(["Cap"], [truth], [found])
    (text,) = snapshot_testing([sample], ["Cap"], evaluation, created=NOW)
    line = json.loads(text)
    assert set(line) == {
        "source-ref",
        f"{PREFIX}-object-id",
        f"{PREFIX}-training-0",
        f"{PREFIX}-training-0-metadata",
        f"{PREFIX}-evaluation",
        f"{PREFIX}-evaluation-metadata",
    }
    size = [{"width": 1024, "height": 768, "depth": 3}]
    assert line[f"{PREFIX}-training-0"] == {
        "image_size": size,
        "annotations": [
            {"class_id": 0, "left": 712, "top": 409, "width": 39, "height": 63},
            {"class_id": 0, "left": 10, "top": 10, "width": 10.5, "height": 10},
        ],
    }
    assert line[f"{PREFIX}-evaluation"] == {
        "image_size": size,
        "annotations": [
            {"class_id": 0, "left": 712, "top": 409, "width": 39, "height": 63},
            {"class_id": 0, "left": 10, "top": 10, "width": 10.5, "height": 10},
        ],
    }
    metadata = line[f"{PREFIX}-evaluation-metadata"]
    hit, missed = metadata.pop("objects")
    assert metadata == {
        "confidence": pytest.approx(0.95),
        "job-name": f"{PREFIX}-evaluation-job",
        "class-map": {"0": "Cap"},
        "human-annotated": "no",
        "creation-date": "2019-11-21T07:30:23.910943",
        "type": "groundtruth/object-detection",
    }
    assert hit["confidence"] == pytest.approx(0.95)
    assert hit[f"{PREFIX}-evaluation-details"]["is-true-positive"] is True
    assert missed["confidence"] == 0, "no prediction is on it, so the true box stands for itself"
    assert missed[f"{PREFIX}-evaluation-details"]["is-false-negative"] is True


def test_the_training_snapshot_is_the_truth_alone() -> None:
    for labels, samples, _ in (detection(3), classification(3)):
        lines = [json.loads(line) for line in snapshot_training(samples, labels, created=NOW)]
        assert [line["source-ref"] for line in lines] == [sample.source_ref for sample in samples]
        assert [line[f"{PREFIX}-object-id"] for line in lines] == list(range(1, len(samples) + 1))
        assert not any("evaluation" in key for line in lines for key in line)
        for line, sample in zip(lines, samples, strict=True):
            if sample.truth is not None:
                assert len(line[f"{PREFIX}-training-0"]["annotations"]) == len(sample.truth)
            else:
                names = [line[f"{PREFIX}-training-{n}-metadata"]["class-name"] for n in range(sample.labels.sum())]
                assert names == [label for label, present in zip(labels, sample.labels, strict=True) if present]


def test_times_are_written_in_utc_and_must_have_a_zone() -> None:
    _, _, evaluation = classification(0)
    ended = NOW.astimezone(timezone(timedelta(hours=5)))
    written = summary(evaluation, project_version_arn=ARN, training_images=1, ended=ended)
    assert written["EvaluationDetails"]["EvaluationEndTimestamp"] == "2019-11-21T07:30:23.910943"
    with pytest.raises(ValueError, match="time zone"):
        summary(evaluation, project_version_arn=ARN, training_images=1, ended=NOW.replace(tzinfo=None))


def test_a_snapshot_needs_every_evaluated_image() -> None:
    labels, samples, evaluation = detection(0)
    with pytest.raises(ValueError, match="5 images are given, but 6 were evaluated"):
        list(snapshot_testing(samples[:-1], labels, evaluation, created=NOW))
