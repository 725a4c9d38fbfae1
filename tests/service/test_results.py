"""What a trained model is worth: evaluation, test images, and two models compared on what both were tested on."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from customlabels.service.access.caller import Caller
from customlabels.service.access.statements import Statement
from customlabels.service.access.users import add_account
from customlabels.service.errors import (
    AccessDeniedException,
    InvalidParameterException,
    ResourceNotFoundException,
    ResourceNotReadyException,
)
from customlabels.service.labelling.editing import remove_images
from customlabels.service.results import _pairs_of_boxes, compare, evaluation, progress, test_images, write_model
from customlabels.service.service import Service, open_service
from customlabels.service.versions import cancel_training
from customlabels.settings import Settings
from customlabels.store.tables import projects, versions
from customlabels.vision.outcomes import Corners, Item, Outcome

from .manifests import made, new_project, ref, tagged
from .rows import add_version
from .trainings import begin, describe, put_photos, trained

test_images.__test__ = False  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    opened = open_service(Settings(home=tmp_path_factory.mktemp("home")))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def admin(home: Service) -> Caller:
    return Caller.administrator(home.account)


@pytest.fixture(scope="module")
def models(home: Service, admin: Caller) -> list[str]:
    """Two versions of a project, the first one tested on six images, the second one on four of them."""
    project = new_project(home, admin, "sky")
    lines = [tagged(key, label) for key, label in put_photos(home, "train", ("dusk", "dawn"), 4)]
    tests = [tagged(key, label) for key, label in put_photos(home, "test", ("dusk", "dawn"), 3)]
    made(home, admin, lines, project, "TRAIN")
    dataset = made(home, admin, tests, project, "TEST")
    first = trained(home, admin, project)
    remove_images(home, admin, dataset, [ref("test/dusk-2.png"), ref("test/dawn-2.png")])
    second = trained(home, admin, project, "v2")
    assert [item["Status"] for item in (first, second)] == ["TRAINING_COMPLETED"] * 2
    return [first["ProjectVersionArn"], second["ProjectVersionArn"]]


def project_of(home: Service) -> str:
    """The ARN of the project of both models."""
    with home.database.read() as connection:
        return str(connection.execute(select(projects.c.arn).where(projects.c.name == "sky")).scalar_one())


# checklist: K12
def test_an_evaluation_has_scores_curves_and_confusions(home: Service, admin: Caller, models: list[str]) -> None:
    found = evaluation(home, admin, models[0])
    assert json.loads(json.dumps(found, allow_nan=False)) == json.loads(json.dumps(found))
    assert (found["Task"], found["TrainingImages"], found["TestImages"]) == ("classification", 8, 6)
    assert found["F1"] >= 0.9
    low, high = found["F1Interval"]
    assert 0 <= low <= found["F1"] <= high <= 1
    assert [label["Label"] for label in found["Labels"]] == ["dusk", "dawn"]
    for label in found["Labels"]:
        assert label["TestImages"] == 3 == label["TP"] + label["FN"]
        assert 0 <= label["Threshold"] <= 1
        curve = label["Curve"]
        assert len({len(values) for values in curve.values()}) == 1
        assert len(curve["Thresholds"]) > 1
    counts = found["Confusion"]["Counts"]
    assert found["Confusion"]["Labels"] == ["dusk", "dawn"]
    assert [sum(row) for row in counts[:2]] == [3, 3]
    assert found["Facts"]["effort"] == "fast"
    assert found["Losses"]
    described = describe(home, admin, project_of(home), "v1")
    assert described["EvaluationResult"]["F1Score"] == found["F1"]  # what the API says


# checklist: K13
def test_each_test_image_comes_with_what_became_of_it(home: Service, admin: Caller, models: list[str]) -> None:
    images = test_images(home, admin, models[0])
    assert sorted(image["SourceRef"] for image in images) == sorted(
        ref(f"test/{label}-{i}.png") for label in ("dusk", "dawn") for i in range(3)
    )
    counted: Counter[tuple[str, str]] = Counter()
    for image in images:
        truth = image["SourceRef"].rpartition("/")[2].partition("-")[0]
        for item in image["Items"]:
            counted[item["Label"], item["Outcome"]] += 1
            assert 0 <= item["Confidence"] <= 100
            assert (item["Label"] == truth) == (item["Outcome"] in ("TP", "FN"))
    for label in evaluation(home, admin, models[0])["Labels"]:
        for outcome in ("TP", "FP", "FN"):
            assert counted[label["Label"], outcome] == label[outcome]


def test_two_models_are_compared_on_the_images_of_both(home: Service, admin: Caller, models: list[str]) -> None:
    found = compare(home, admin, *models)
    assert (found["CommonImages"], found["TestImages"]) == (4, [6, 4])
    assert [label["Label"] for label in found["Labels"]] == ["dusk", "dawn"]
    for label in found["Labels"]:
        assert label["First"]["TP"] + label["First"]["FN"] == 2
    same = compare(home, admin, models[1], models[1])
    assert same["F1"][0] == same["F1"][1] == pytest.approx(evaluation(home, admin, models[1])["F1"])
    assert all(image["First"] == image["Second"] for image in same["Images"])


# checklist: K17
def test_a_model_is_exported_as_a_zip(home: Service, admin: Caller, models: list[str]) -> None:
    file = io.BytesIO()
    assert write_model(home, admin, models[1], file) == "v2.zip"
    with zipfile.ZipFile(file) as archive:
        assert {"v2/model.json", "v2/network.onnx"} <= set(archive.namelist())
        assert archive.testzip() is None


def test_progress_ends_with_the_training(home: Service, admin: Caller, models: list[str]) -> None:
    found = progress(home, admin, models[0])
    assert found["Status"] == "TRAINING_COMPLETED"
    assert found["Losses"] == evaluation(home, admin, models[0])["Losses"]
    waiting = begin(home, admin, project_of(home), "v3")
    found = progress(home, admin, waiting)
    assert (found["Status"], found["Phase"], found["Fraction"]) == ("TRAINING_IN_PROGRESS", "waiting", 0.0)
    cancel_training(home, admin, waiting)
    assert progress(home, admin, waiting)["Status"] == "TRAINING_FAILED"


def test_who_may_not_describe_a_model_learns_nothing(home: Service, admin: Caller, models: list[str]) -> None:
    labelling = Caller(home.account, "eve", (Statement("Allow", ("rekognition:List*", "s3:*"), ("*",)),))
    stranger = Caller.administrator(add_account(home.database, "others"))
    failed = add_version(home, "failed", "TRAINING_FAILED")
    for look in (evaluation, test_images, progress, lambda s, c, arn: write_model(s, c, arn, io.BytesIO())):
        with pytest.raises(AccessDeniedException, match="DescribeProjectVersions"):
            look(home, labelling, models[0])
        with pytest.raises(ResourceNotFoundException):
            look(home, stranger, models[0])
        with pytest.raises(ResourceNotFoundException):
            look(home, admin, "no arn")
        if look is not progress:
            with pytest.raises(ResourceNotReadyException, match="failed is TRAINING_FAILED: it has no results"):
                look(home, admin, failed)
    with pytest.raises(ResourceNotFoundException):
        compare(home, stranger, *models)


def item(label: int, outcome: Outcome, predicted: Corners | None = None, truth: Corners | None = None) -> Item:
    return Item(label, outcome, 0.9, predicted, truth)


HERE, NEAR, FAR = (0.0, 0.0, 10.0, 10.0), (0.0, 0.0, 10.0, 8.0), (50.0, 50.0, 60.0, 60.0)
TP, FP, FN = Outcome.TRUE_POSITIVE, Outcome.FALSE_POSITIVE, Outcome.FALSE_NEGATIVE


@pytest.mark.parametrize(
    ("items", "pairs"),
    [
        ([item(0, TP, HERE, HERE)], [(0, 0)]),
        ([item(1, FP, NEAR), item(0, FN, None, HERE)], [(0, 1)]),
        ([item(1, FP, FAR), item(0, FN, None, HERE)], [(None, 1), (0, None)]),
        ([item(1, FP, NEAR), item(2, FP, NEAR), item(0, FN, None, HERE)], [(0, 1), (None, 2)]),
        ([], []),
    ],
)
def test_a_box_at_the_place_of_another_label_is_a_confusion(items: list[Item], pairs: list[Any]) -> None:
    assert list(_pairs_of_boxes(items)) == pairs


def test_a_classifier_and_a_detector_have_no_measure_in_common(home: Service, admin: Caller, models: list[str]) -> None:
    detector = add_version(home, "detector", "TRAINING_COMPLETED", model="detector")
    with home.database.read() as connection:
        row = connection.execute(select(versions.c.model).where(versions.c.arn == models[0])).scalar_one()
    folder = shutil.copytree(home.model_folder(row), home.model_folder("detector"))
    told = json.loads((folder / "evaluation.json").read_text(encoding="utf-8")) | {"task": "detection"}
    (folder / "evaluation.json").write_text(json.dumps(told), encoding="utf-8")
    assert compare(home, admin, detector, detector)["CommonImages"] == 6
    with pytest.raises(InvalidParameterException, match="finds objects"):
        compare(home, admin, models[0], detector)
    (folder / "TestingGroundTruth.json").write_text("".join(f'{{"source-ref": "{i}"}}\n' for i in range(6)))
    (folder / "evaluation.json").write_text(json.dumps(told | {"task": "classification"}), encoding="utf-8")
    with pytest.raises(InvalidParameterException, match="tested on different images"):
        compare(home, admin, models[0], detector)
