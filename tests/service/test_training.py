"""Trainings from the call to their files: what is checked, what is reported, and what a model's scores say."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Table, Update, update

from customlabels.engine.decoders import Decoders
from customlabels.service.access.caller import Caller
from customlabels.service.access.statements import Statement
from customlabels.service.access.users import add_account
from customlabels.service.service import Service, open_service
from customlabels.settings import Settings
from customlabels.store.database import DatabaseUnavailable
from customlabels.vision import naming, plan
from customlabels.vision.snapshot import recompute

from .. import tiny
from .manifests import ABOUT, BUCKET, boxed, made, new_project, put, ref, tagged
from .trainings import COLOURS, OUTPUT, describe, photo, put_photos, read, read_lines, trained

TRUE = {"is-true-positive", "is-true-negative", "is-false-positive", "is-false-negative"}
PREFIX = "rekognition-custom-labels"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One server's state for the trainings that take seconds."""
    opened = open_service(Settings(home=tmp_path_factory.mktemp("home"), max_trainings=0))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def admin(home: Service) -> Caller:
    return Caller.administrator(home.account)


@pytest.fixture(scope="module")
def classes(home: Service, admin: Caller) -> dict[str, Any]:
    """A model of two labels, from 20 good lines, 4 bad ones and 6 without a label; tested on 10."""
    lines = [tagged(key, label) for key, label in put_photos(home, "train", ("dusk", "dawn"), 10)]
    home.objects.put(BUCKET, "small.png", photo(COLOURS["dusk"], 1, (40, 40)))
    home.objects.put(BUCKET, "text.png", b"not an image")
    home.objects.put(BUCKET, "long.png", photo(COLOURS["dusk"], 1, (2048, 65)))
    bad = [tagged(key, "dusk") for key in ("missing.png", "small.png", "text.png", "long.png")]
    unlabelled = [json.dumps({"source-ref": ref(f"u{i}.png")}) for i in range(6)]
    project = new_project(home, admin, "sky")
    made(home, admin, [*lines, *bad, *unlabelled], project, "TRAIN")
    tests = [tagged(key, label) for key, label in put_photos(home, "test", ("dusk", "dawn"), 5)]
    made(home, admin, tests, project, "TEST")
    return trained(home, admin, project)


@pytest.fixture(scope="module")
def objects(home: Service, admin: Caller) -> dict[str, Any]:
    """A model that finds squares, trained on a training dataset alone."""
    lines = []
    for i in range(12):
        home.objects.put(BUCKET, f"squares/{i}.png", _squares(i))
        lines.append(_square_line(f"squares/{i}.png", i))
    project = new_project(home, admin, "squares")
    made(home, admin, lines, project, "TRAIN")
    return trained(home, admin, project)


# checklist: F02, F10, G04
def test_a_training_completes_with_the_lines_that_are_good(classes: dict[str, Any]) -> None:
    assert (classes["Status"], classes["StatusMessage"]) == ("TRAINING_COMPLETED", "The model is ready to run.")
    assert classes["BillableTrainingTimeInSeconds"] >= 1
    assert classes["TrainingEndTimestamp"] > classes["CreationTimestamp"]
    assert classes["TestingDataResult"]["Input"] == classes["TrainingDataResult"]["Input"] | {"AutoCreate": False}


# checklist: G08, G09, G11, G12, G13, G14
def test_the_validation_files_say_what_is_wrong_where(home: Service, classes: dict[str, Any]) -> None:
    summary = json.loads(read(home, classes["ManifestSummary"]))
    assert set(summary) == {"statistics", "errors"}
    assert summary["statistics"]["training"] == {
        "use_case": "IMAGE_LEVEL_LABELS",
        "total_json_lines": 30,
        "valid_json_lines": 20,
        "invalid_json_lines": 4,
        "ignored_json_lines": 6,
        "error_json_line_indices": [21, 22, 23, 24],
        "errors": [],
    }
    lines = read_lines(home, classes["TrainingDataResult"]["Validation"])
    assert len(lines) == 30
    invalid = {"code": "ERROR_INVALID_IMAGE", "message": "The image is invalid. Check S3 path and/or image properties."}
    assert [line.get("errors") for line in lines[20:24]] == [[invalid]] * 4
    assert all("errors" not in line for line in (*lines[:20], *lines[24:]))
    warning = {"code": "WARNING_UNANNOTATED_RECORD", "message": "Record is unannotated."}
    assert [line["warnings"] for line in lines[24:]] == [[warning]] * 6
    assert len(read_lines(home, classes["TestingDataResult"]["Validation"])) == 10


# checklist: H01, H02, H03, H04, H05, H06, H08, H12, H13, H16
def test_the_summary_of_a_classification(home: Service, classes: dict[str, Any]) -> None:
    place = classes["EvaluationResult"]["Summary"]["S3Object"]
    assert place == {"Bucket": BUCKET, "Name": "out/EvaluationResultSummary-sky-v1.json"}
    summary = json.loads(read(home, classes["EvaluationResult"]["Summary"]))
    results = summary["AggregatedEvaluationResults"]
    labels = summary["LabelEvaluationResults"]
    assert classes["EvaluationResult"]["F1Score"] == results["F1Score"] >= 0.9
    for metric in ("F1Score", "Precision", "Recall"):
        mean = sum(label["Metrics"][metric] for label in labels) / len(labels)
        assert results[metric] == pytest.approx(mean, abs=1e-9)
    assert [label["NumberOfTestingImages"] for label in labels] == [5, 5]
    assert all(0 <= label["Metrics"]["Threshold"] <= 1 for label in labels)
    details = summary["EvaluationDetails"]
    assert (details["NumberOfTrainingImages"], details["NumberOfTestingImages"]) == (20, 10)
    assert details["ProjectVersionArn"] == classes["ProjectVersionArn"]
    for label in ("dusk", "dawn"):
        cells = [cell["Value"] for cell in results["ConfusionMatrix"] if cell["GroundTruthLabel"] == label]
        assert sum(cells) == pytest.approx(1)
    assert "AveragePrecision" not in results


# checklist: H09, H10, H11
@pytest.mark.parametrize("model", ["classes", "objects"])
def test_the_testing_snapshot_gives_the_summary(home: Service, model: str, request: pytest.FixtureRequest) -> None:
    description = request.getfixturevalue(model)
    text = read(home, description["TestingDataResult"]["Output"])
    summary = json.loads(read(home, description["EvaluationResult"]["Summary"]))
    again = recompute(text.splitlines())
    for label in summary["LabelEvaluationResults"]:
        assert again.labels[label["Label"]].f1 == pytest.approx(label["Metrics"]["F1Score"], abs=1e-12)
    for line in map(json.loads, text.splitlines()):
        names = [name for name in line if name.startswith(f"{PREFIX}-evaluation") and name.endswith("-metadata")]
        assert names
        for name in names:
            about = line[name]
            for item in about.get("objects", [about]):
                flags = item[f"{PREFIX}-evaluation-details"]
                assert flags["version"] == 1
                assert sum(flags[flag] for flag in TRUE) == 1


# checklist: H07, H13, H17, F07, F08, G05
def test_a_dataset_with_boxes_gives_a_detector(home: Service, objects: dict[str, Any]) -> None:
    assert objects["Status"] == "TRAINING_COMPLETED"
    assert objects["TestingDataResult"]["Input"] == {"AutoCreate": True}
    assert objects["TestingDataResult"]["Output"]["AutoCreate"] is True
    results = json.loads(read(home, objects["EvaluationResult"]["Summary"]))["AggregatedEvaluationResults"]
    assert {"AveragePrecision", "AverageRecall"} <= set(results)
    assert "ConfusionMatrix" not in results
    assert results["F1Score"] >= 0.8
    training = read_lines(home, objects["TrainingDataResult"]["Output"])
    testing = read_lines(home, objects["TestingDataResult"]["Output"])
    keys = [line["source-ref"] for line in (*training, *testing)]
    assert len(keys) == len(set(keys)) == 12
    assert len(testing) >= 2


def test_the_report_lies_beside_the_scores(home: Service, classes: dict[str, Any]) -> None:
    page = home.objects.read(BUCKET, "out/Report-sky-v1.html").decode()
    assert page.lower().startswith("<!doctype html>")


LABELLED = [tagged(f"{i}.png", "dusk" if i % 2 else "dawn") for i in range(10)]


def _with_photos(service: Service, caller: Caller, project: str, train: list[str], test: list[str] | None) -> None:
    put(service, "")
    for i in range(12):
        service.objects.put(BUCKET, f"{i}.png", photo(COLOURS["dusk" if i % 2 else "dawn"], i))
    made(service, caller, train, project, "TRAIN")
    if test is not None:
        made(service, caller, test, project, "TEST")


WRONG = {"x": 1, "x-metadata": {**ABOUT, "type": "groundtruth/wrong"}}
BAD = [json.dumps({"source-ref": ref(f"{i}.png"), **WRONG}) for i in (6, 7, 8)]
ONE = [[tagged("1.png", "dusk"), tagged("3.png", "dusk")], [tagged("5.png", "dusk")]]


# checklist: G03, G05, G06, G07, G14
@pytest.mark.parametrize(
    ("train", "test", "code", "message"),
    [
        (
            [*LABELLED[:6], *BAD],
            LABELLED[:4],
            "ERROR_TOO_MANY_INVALID_ROWS_IN_MANIFEST",
            "contains too many invalid rows.",
        ),
        (*ONE, "ERROR_MANIFEST_TOO_FEW_LABELS", "has too few labels."),
        (LABELLED, [tagged("11.png", "other")], "ERROR_INSUFFICIENT_LABEL_OVERLAP", "Less than 50% label overlap"),
        (
            [*LABELLED[:6], tagged("11.png", "rare")],
            None,
            "ERROR_INSUFFICIENT_IMAGES_PER_LABEL_FOR_AUTOSPLIT",
            "insufficient labeled images per label to perform auto-split.",
        ),
    ],
)
def test_what_is_wrong_with_a_whole_manifest(
    service: Service, caller: Caller, train: list[str], test: list[str] | None, code: str, message: str
) -> None:
    project = new_project(service, caller)
    _with_photos(service, caller, project, train, test)
    description = trained(service, caller, project)
    assert description["Status"] == "TRAINING_FAILED"
    assert message in description["StatusMessage"]
    assert not {"EvaluationResult", "BillableTrainingTimeInSeconds"} & set(description)
    summary = json.loads(read(service, description["ManifestSummary"]))
    statistics = summary["statistics"]
    found = [*summary["errors"], *statistics["training"]["errors"], *statistics["testing"]["errors"]]
    assert [item["message"] for item in found if item["code"] == code] == [description["StatusMessage"]]
    for part, name in (("training", "TrainingDataResult"), ("testing", "TestingDataResult")):
        counts = statistics[part]
        parts = [counts[f"{kind}_json_lines"] for kind in ("valid", "invalid", "ignored")]
        assert counts["total_json_lines"] == sum(parts)
        assert len(read_lines(service, description[name]["Validation"])) == counts["total_json_lines"]


# checklist: G02
@pytest.mark.parametrize("output", [{"S3Bucket": "nowhere"}, {"S3Bucket": "theirs", "S3KeyPrefix": "out"}])
def test_an_output_bucket_that_cannot_be_written(service: Service, caller: Caller, output: dict[str, str]) -> None:
    project = new_project(service, caller)
    _with_photos(service, caller, project, LABELLED, LABELLED)
    service.objects.create_bucket("theirs", add_account(service.database, "others"))
    description = trained(service, caller, project, output_config=output)
    assert description["StatusMessage"] == "Unable to write to output S3 bucket."
    assert "ManifestSummary" not in description


def _may(caller: Caller, *resources: str, action: str = "s3:GetObject") -> Caller:
    statements = (Statement("Allow", ("rekognition:*",), ("*",)), Statement("Allow", (action,), resources))
    return Caller(caller.account, "anna", statements)


def test_the_rights_of_the_caller_decide(service: Service, caller: Caller) -> None:
    project = new_project(service, caller)
    _with_photos(service, caller, project, LABELLED, LABELLED)
    description = trained(service, _may(caller, "*"), project, "v1")
    assert description["StatusMessage"] == "Unable to write to output S3 bucket."
    but = Statement("Deny", ("s3:PutObject",), ("*/out/Evaluation*",))
    most = replace(caller, statements=(*caller.statements, but))
    description = trained(service, most, project, "v3")
    assert description["StatusMessage"] == "Unable to write to output S3 bucket."
    description = trained(service, _may(caller, "*/out/*", action="s3:*Object"), project, "v2")
    assert description["StatusMessage"] == "The permissions for the images S3 bucket are invalid."


# checklist: G04
def test_a_fifth_of_bad_lines_is_allowed_before_the_split(service: Service, caller: Caller) -> None:
    project = new_project(service, caller)
    lone = [tagged(key, "dusk") for key, _ in put_photos(service, "lone", ("dusk",), 8)]
    made(service, caller, [*lone, *BAD[:2]], project, "TRAIN")
    description = trained(service, caller, project)
    assert "invalid rows" not in description["StatusMessage"]
    assert description["StatusMessage"] == "The manifest file has too few labels."


@pytest.mark.parametrize(
    ("bucket", "message"),
    [
        ("theirs", "The permissions for the images S3 bucket are invalid."),
        (BUCKET, "Failed to copy images from S3 bucket."),
    ],
)
def test_a_test_dataset_without_an_image_that_can_be_read(
    service: Service, caller: Caller, bucket: str, message: str
) -> None:
    project = new_project(service, caller)
    service.objects.create_bucket("theirs", add_account(service.database, "others"))
    service.objects.put("theirs", "none.png", photo(COLOURS["dusk"], 1))
    test = [tagged("none.png", "dusk").replace(f"s3://{BUCKET}/", f"s3://{bucket}/")]
    _with_photos(service, caller, project, LABELLED, test)
    description = trained(service, caller, project)
    assert description["StatusMessage"] == message
    statistics = json.loads(read(service, description["ManifestSummary"]))["statistics"]
    assert [error["message"] for error in statistics["testing"]["errors"]] == [message]
    assert statistics["training"]["errors"] == []


def test_a_message_that_cannot_be_written_does_not_end_a_training(
    service: Service, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = new_project(service, caller)
    _with_photos(service, caller, project, *ONE)
    faults = iter([DatabaseUnavailable("The database is busy.")])

    def update_of_a_busy_database(what: Table) -> Update:
        for fault in faults:
            raise fault
        return update(what)

    monkeypatch.setattr("customlabels.service.training.update", update_of_a_busy_database)
    description = trained(service, caller, project)
    assert description["StatusMessage"] == "The manifest file has too few labels."
    assert next(faults, None) is None


# checklist: F06
def test_a_manifest_that_is_not_there(service: Service, caller: Caller) -> None:
    put(service, "")
    asset = {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": "none.manifest"}}}
    given: dict[str, Any] = {"training_data": {"Assets": [asset]}, "testing_data": {"AutoCreate": True}}
    description = trained(service, caller, new_project(service, caller), **given)
    assert description["StatusMessage"] == "The manifest file extension or contents are invalid."


# checklist: G10
def test_boxes_without_boxes_are_warned_of(service: Service, caller: Caller) -> None:
    project = new_project(service, caller)
    put(service, "")
    service.objects.put(BUCKET, "1.png", photo(COLOURS["moss"], 1, (640, 480)))
    made(service, caller, [boxed("1.png", declared=("cat",)), boxed("2.png", "cat")], project, "TRAIN")
    made(service, caller, [boxed("1.png", "cat")], project, "TEST")
    description = trained(service, caller, project)
    first = read_lines(service, description["TrainingDataResult"]["Validation"])[0]
    assert [warning["code"] for warning in first["warnings"]] == ["WARNING_NO_ANNOTATIONS"]
    assert [warning["code"] for warning in first["boxes"]["warnings"]] == ["WARNING_NO_ATTRIBUTE_ANNOTATIONS"]


# checklist: H14
def test_logos_are_learnt_from_labels_and_found_as_boxes(
    home: Service, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (plan, naming):  # how well they are found is said elsewhere
        monkeypatch.setattr(module, "VIEWS", {"fast": 32})
    project = new_project(home, admin, "logos")
    train = [tagged(key, label) for key, label in put_photos(home, "logos", ("dusk", "moss"), 3)]
    home.objects.put(BUCKET, "logos/test.png", photo(COLOURS["moss"], 9, (640, 480)))
    made(home, admin, train, project, "TRAIN")
    made(home, admin, [boxed("logos/test.png", "moss", "dusk")], project, "TEST")
    description = trained(home, admin, project)
    assert description["Status"] == "TRAINING_COMPLETED"
    summary = json.loads(read(home, description["ManifestSummary"]))
    assert summary["statistics"]["testing"]["use_case"] == "OBJECT_LOCALIZATION"
    results = json.loads(read(home, description["EvaluationResult"]["Summary"]))
    assert "AveragePrecision" in results["AggregatedEvaluationResults"]


def test_a_picture_that_takes_too_much_to_decode_is_left_out(service: Service, caller: Caller) -> None:
    lines = [tagged(key, label) for key, label in put_photos(service, "train", ("dusk", "dawn"), 6)]
    large = Image.new("RGBA", (4096, 4096), "red")  # as large as a picture may be, and in no photo's memory
    service.objects.put(BUCKET, "large.png", tiny.encoded(large, compress_level=1))
    project = new_project(service, caller)
    made(service, caller, [*lines, tagged("large.png", "dusk")], project)
    frugal = replace(service, decoders=Decoders(memory=180 << 20))
    description = trained(frugal, caller, project)
    frugal.decoders.close()
    assert description["Status"] == "TRAINING_COMPLETED", description
    checked = read_lines(service, description["TrainingDataResult"]["Validation"])
    assert [line["source-ref"] for line in checked if "errors" in line] == [ref("large.png")]


def test_a_training_that_breaks_says_so(service: Service, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    project = new_project(service, caller)
    _with_photos(service, caller, project, LABELLED, LABELLED)

    def broken(*_: object, **__: object) -> None:
        raise MemoryError("no more")

    monkeypatch.setattr("customlabels.service.training.check_images", broken)
    description = trained(service, caller, project)
    assert description["Status"] == "TRAINING_FAILED"
    assert description["StatusMessage"].startswith("There was not enough memory. Give the server more")
    assert describe(service, caller, project, "v1")["OutputConfig"] == OUTPUT


def _square_place(i: int) -> tuple[int, int, int]:
    return 20 + 13 * (i % 5), 15 + 11 * (i % 4), 40 + 3 * (i % 6)


def _squares(i: int) -> bytes:
    """A bright square on a dark, noisy ground."""
    left, top, side = _square_place(i)
    pixels = np.random.default_rng(i).normal(60, 15, (160, 200, 3))
    pixels[top : top + side, left : left + side] = (230, 200, 40)
    stream = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def _square_line(key: str, i: int) -> str:
    left, top, side = _square_place(i)
    line = json.loads(boxed(key, "square"))
    line["boxes"]["image_size"] = [{"width": 200, "height": 160, "depth": 3}]
    line["boxes"]["annotations"] = [{"class_id": 0, "left": left, "top": top, "width": side, "height": side}]
    return json.dumps(line)
