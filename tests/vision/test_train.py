"""From labelled pictures to a model folder: everything a user may rely on after `train`."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from customlabels.manifest.entry import Dataset
from customlabels.vision import naming, plan
from customlabels.vision.folder import FILES
from customlabels.vision.model import Model
from customlabels.vision.predictions import Boxed
from customlabels.vision.preparing import TrainingError, prepare
from customlabels.vision.progress import Cancelled, Progress
from customlabels.vision.snapshot import recompute
from customlabels.vision.train import evaluate, train

from .shapes import shape_dataset

BOXED = [["disc"], ["cross"], ["disc", "cross"], ["cross", "disc"], ["disc"], ["cross"], [], ["disc", "cross"]]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, list[Progress]]:
    seen: list[Progress] = []
    data, test = shape_dataset(BOXED, boxed=True), shape_dataset(BOXED, 1, boxed=True)
    folder = tmp_path_factory.mktemp("models") / "shapes"
    return train(data, folder, test=test, effort="fast", on_progress=seen.append), seen


def test_a_few_boxed_pictures_make_a_detector_that_finds_and_names(trained: tuple[Model, list[Progress]]) -> None:
    model, _ = trained
    assert model.task == "detection"
    assert model.labels == ("disc", "cross")
    assert model.evaluation is not None
    assert model.evaluation.f1 >= 0.8


def test_the_folder_is_complete_and_holds_no_pickle(trained: tuple[Model, list[Progress]]) -> None:
    model, _ = trained
    info = json.loads((model.folder / "model.json").read_text())
    namer = {name for name in FILES if name.startswith("namer.")}  # where names are confused, which few pictures decide
    assert {file.name for file in model.folder.iterdir()} == FILES - (set() if info.get("namer") else namer)
    assert info["weights"]["licence"] == "Apache-2.0"
    assert info["seed"] == 0
    assert info["effort"] == "fast"
    assert set(info["versions"]) >= {"customlabels", "torch"}


def test_a_copied_folder_answers_the_same(trained: tuple[Model, list[Progress]], tmp_path: Path) -> None:
    model, _ = trained
    copy = Model.load(shutil.copytree(model.folder, tmp_path / "copy"))
    image = shape_dataset(BOXED, 2, boxed=True).open("images/2-2.png")
    assert copy.detect(image, 0) == model.detect(image, 0)


def test_the_evaluation_is_that_of_the_runtime_that_serves(trained: tuple[Model, list[Progress]]) -> None:
    model, _ = trained
    test = shape_dataset(BOXED, 1, boxed=True)
    prepared = prepare(shape_dataset(BOXED, boxed=True), test, 0)
    assert model.evaluation is not None
    assert evaluate(model, prepared.test).to_json() == model.evaluation.to_json()
    summary = json.loads((model.folder / "EvaluationResultSummary.json").read_text())
    flags = recompute((model.folder / "TestingGroundTruth.json").read_text().splitlines())
    assert flags.f1 == summary["AggregatedEvaluationResults"]["F1Score"] == model.evaluation.f1
    assert summary["EvaluationDetails"]["NumberOfTrainingImages"] == len(BOXED)


def test_progress_goes_through_all_phases_and_never_back(trained: tuple[Model, list[Progress]]) -> None:
    _, seen = trained
    assert list(dict.fromkeys(step.phase for step in seen)) == [
        "reading",
        "features",
        "training",
        "exporting",
        "evaluating",
    ]
    fractions = [step.fraction for step in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert any(step.loss is not None for step in seen if step.phase == "training")
    assert all(step.seconds_left is not None for step in seen if step.phase == "training")


def test_the_same_seed_gives_the_same_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "VIEWS", {"fast": 32})
    monkeypatch.setattr(naming, "VIEWS", {"fast": 32})
    data, test = shape_dataset(BOXED[:4], boxed=True), shape_dataset(BOXED[:4], 1, boxed=True)
    models = [train(data, tmp_path / str(i), test=test, effort="fast", seed=5) for i in range(2)]
    image = test.open("images/1-0.png")
    first, second = (model.predict(image) for model in models)
    assert isinstance(first, Boxed)
    assert isinstance(second, Boxed)
    np.testing.assert_allclose(first.scores, second.scores, atol=1e-5)


def test_a_cancelled_training_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "VIEWS", {"balanced": 32})
    steps: list[Progress] = []
    with pytest.raises(Cancelled):
        train(
            shape_dataset(BOXED, boxed=True),
            tmp_path / "model",
            on_progress=steps.append,
            cancelled=lambda: any(step.phase == "training" for step in steps),
        )
    assert list(tmp_path.iterdir()) == []


def test_a_fifth_is_held_back_where_there_is_no_test_set() -> None:
    prepared = prepare(shape_dataset([["disc"], ["cross"]] * 10, boxed=True), None, 0)
    assert (len(prepared.train), len(prepared.test)) == (16, 4)
    refs = {sample.source_ref for sample in prepared.train} & {sample.source_ref for sample in prepared.test}
    assert not refs


def test_the_datas_own_split_is_used() -> None:
    data = shape_dataset([["disc"], ["cross"]] * 5, boxed=True)
    tests = {entry.source_ref for entry in data.entries[:4]}
    data = replace(data, split=dict.fromkeys(tests, "test"))
    prepared = prepare(data, None, 0)
    assert {sample.source_ref for sample in prepared.test} == tests


def test_labels_of_whole_images_make_a_classifier() -> None:
    assert prepare(shape_dataset([["disc"], ["cross"]] * 5, boxed=False), None, 0).task == "classification"


def test_logos_labelled_whole_and_tested_with_boxes_make_a_detector() -> None:
    whole, boxed = shape_dataset([["disc"], ["cross"]] * 3, boxed=False), shape_dataset([["disc"]] * 3, 1, boxed=True)
    prepared = prepare(whole, boxed, 0)
    assert prepared.task == "detection"
    truth = prepared.train[0].truth
    assert truth is not None
    assert truth.boxes.tolist() == [[0, 0, 240, 180]]


def broken(data: Dataset, count: int) -> Dataset:
    bad = {entry.source_ref for entry in data.entries[:count]}
    return replace(data, open=lambda ref: b"no image" if ref in bad else data.open(ref))


def test_a_few_broken_images_are_left_out_with_their_reason() -> None:
    data = broken(shape_dataset([["disc"], ["cross"]] * 5, boxed=True), 1)
    prepared = prepare(data, shape_dataset(BOXED, 1, boxed=True), 0)
    assert len(prepared.train) == 9
    assert [problem.code for problem in prepared.unusable] == ["ERROR_INVALID_IMAGE"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (Dataset((), (), bytes.fromhex), "training dataset is empty"),
        (broken(shape_dataset([["disc"], ["cross"]] * 5, boxed=True), 5), "too many invalid rows.*not a JPEG or PNG"),
        (shape_dataset([["disc"]] * 5, boxed=False), "too few labels"),
        (shape_dataset([["disc"]] * 5 + [["cross"]], boxed=True), "insufficient labeled images per label"),
    ],
)
def test_data_that_cannot_be_learnt_from_is_refused_in_words(data: Dataset, words: str) -> None:
    with pytest.raises(TrainingError, match=words):
        prepare(data, None, 0)


def test_an_unknown_effort_is_refused() -> None:
    with pytest.raises(TrainingError, match="choose one of fast, balanced, best"):
        train(shape_dataset(BOXED, boxed=True), effort="heroic")  # type: ignore[arg-type]


def test_only_a_model_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("precious")
    with pytest.raises(FileExistsError, match="exists and is not a model"):
        train(shape_dataset(BOXED, boxed=True), tmp_path)
    with pytest.raises(FileExistsError, match="is a file"):
        train(shape_dataset(BOXED, boxed=True), tmp_path / "letters.txt")
    assert (tmp_path / "letters.txt").read_text() == "precious"


def test_a_folder_that_holds_more_than_a_model_is_left_alone(
    trained: tuple[Model, list[Progress]], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(trained[0].folder, folder)
    (folder / "notes.txt").write_text("precious")
    with pytest.raises(FileExistsError, match=r"holds more than a model \(notes\.txt\)"):
        train(shape_dataset(BOXED, boxed=True), folder)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "model.json").write_text('{"format": "layers-model"}')
    with pytest.raises(FileExistsError, match="is not a model"):
        train(shape_dataset(BOXED, boxed=True), foreign)


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(TrainingError, match="must be from 0 to"):
        train(shape_dataset(BOXED, boxed=True), seed=seed)


def test_broken_images_do_not_take_a_place_in_the_test_set() -> None:
    data = broken(shape_dataset([["disc"], ["cross"]] * 15, boxed=True), 4)
    for seed in range(10):
        prepared = prepare(data, None, seed)
        assert (len(prepared.train), len(prepared.test)) == (21, 5)
