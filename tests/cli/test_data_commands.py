"""`customlabels inspect`, `convert` and `evaluate`: labelled pictures counted, rewritten and scored."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from customlabels.cli.arguments import FORMATS

Run = Callable[..., tuple[int, str, str]]
Paint = Callable[..., Path]


@pytest.fixture
def folder(paint: Paint, tmp_path: Path) -> Path:
    """Three pictures in a folder a label; the model of these tests gets one of them wrong."""
    paint("data/Red/1.png", (255, 0, 0))
    paint("data/Red/2.png", (250, 10, 0))
    paint("data/Green/1.png", (0, 0, 255))
    return tmp_path / "data"


def test_inspect_counts(folder: Path, run: Run) -> None:
    code, out, err = run("inspect", folder)
    assert code == 0
    assert err == ""
    words = [line.split() for line in out.splitlines()]
    assert ["Images", "3"] in words
    assert ["Red", "2", "0", "0"] in words
    assert ["Green", "1", "0", "0"] in words


def test_inspect_names_what_is_wrong(folder: Path, run: Run) -> None:
    (folder / "Red" / "2.png").write_bytes(b"cut off")
    code, out, err = run("inspect", folder)
    assert code == 3
    assert "ERROR_INVALID_IMAGE" in out
    assert "2.png" in err
    code, out, _ = run("inspect", folder, "--json")
    told = json.loads(out)
    assert code == 3
    assert (told["images"], told["usable"]) == (3, 2)
    assert [finding["code"] for finding in told["findings"]] == ["ERROR_INVALID_IMAGE"]


@pytest.mark.parametrize("command", ["inspect", "evaluate", "convert", "train"])
def test_data_that_is_not_there_is_a_data_problem(command: str, classifier: Path, run: Run, tmp_path: Path) -> None:
    arguments: dict[str, list[object]] = {
        "inspect": [tmp_path / "gone"],
        "evaluate": [classifier, tmp_path / "gone"],
        "convert": [tmp_path / "gone", tmp_path / "out", "--to", "coco"],
        "train": [tmp_path / "gone", "--out", tmp_path / "out"],
    }
    code, _, err = run(command, *arguments[command])
    assert code == 3
    assert f"customlabels {command}: {tmp_path / 'gone'} does not exist" in err
    assert not (tmp_path / "out").exists()


def test_data_of_another_format_than_the_named_one_is_a_data_problem(folder: Path, run: Run) -> None:
    code, _, err = run("inspect", folder, "--format", "yolo")
    assert code == 3
    assert str(folder) in err


@pytest.mark.parametrize("to", ["groundtruth", "csv", "folders"])
def test_convert_and_back_keeps_labels(folder: Path, run: Run, tmp_path: Path, to: str) -> None:
    code, out, _ = run("convert", folder, tmp_path / "new", "--to", to)
    assert code == 0
    assert "3 of 3 images written" in out
    _, counted, _ = run("inspect", tmp_path / "new", "--format", to, "--json")
    assert {item["label"]: item["images"] for item in json.loads(counted)["labels"]} == {"Red": 2, "Green": 1}


def test_convert_says_what_the_format_cannot_hold(folder: Path, run: Run, tmp_path: Path) -> None:
    box = {"class_id": 0, "left": 8, "top": 8, "width": 32, "height": 32}
    boxed = {
        "source-ref": "Red/2.png",
        "bb": {"image_size": [{"width": 128, "height": 128, "depth": 3}], "annotations": [box]},
        "bb-metadata": {
            "objects": [{"confidence": 1}],
            "class-map": {"0": "Dot"},
            "type": "groundtruth/object-detection",
            "human-annotated": "yes",
            "creation-date": "2026-01-01T00:00:00",
        },
    }
    run("convert", folder, folder / "all.manifest", "--to", "groundtruth")
    labelled = (folder / "all.manifest").read_text().splitlines()[0]
    (folder / "mixed.manifest").write_text(f"{json.dumps(boxed)}\n{labelled}\n")
    code, _, err = run("convert", folder / "mixed.manifest", tmp_path / "new", "--to", "coco")
    assert code == 3
    assert "WARNING_NOT_WRITTEN" in err


def test_data_of_which_the_format_holds_nothing_is_a_data_problem(folder: Path, run: Run, tmp_path: Path) -> None:
    code, _, err = run("convert", folder, tmp_path / "new", "--to", "yolo")
    assert code == 3
    assert "YOLO" in err
    assert not (tmp_path / "new").exists()


def test_formats_of_the_command_line_are_those_of_the_library() -> None:
    from customlabels.manifest import read

    assert read.FORMATS == FORMATS


def test_evaluate_prints_the_workshops_table(classifier: Path, folder: Path, run: Run) -> None:
    code, out, _ = run("evaluate", classifier, folder)
    assert code == 0
    lines = out.splitlines()
    # At the model's thresholds of 0.5. Red: 2 of 2. Green: never that confident.
    assert lines[0] == "F1 score 0.500"
    assert lines[1] == "Average precision 0.500"
    assert lines[2] == "Overall recall 0.500"
    assert "from 3 test images" in lines[3]
    (red,) = (line.split() for line in lines if line.startswith("Red"))
    assert red[1] == "1.000"
    assert red[5] == "2"


def test_evaluate_for_scripts(classifier: Path, folder: Path, run: Run) -> None:
    _, out, _ = run("evaluate", classifier, folder, "--json")
    scores = json.loads(out)["evaluation"]
    assert scores["f1"] == 0.5
    red = next(item for item in scores["labels"] if item["label"] == "Red")
    assert (red["tp"], red["fp"], red["fn"]) == (2, 0, 0)
    assert red["threshold"] == 0.5


def test_a_detector_is_not_evaluated_on_pictures_without_boxes(detector: Path, folder: Path, run: Run) -> None:
    code, _, err = run("evaluate", detector, folder)
    assert code == 3
    assert "no image that tests a detection model" in err


def test_data_with_other_labels_tells_nothing_of_a_model(classifier: Path, paint: Paint, run: Run) -> None:
    folder = paint("other/Cat/1.png", (9, 9, 9)).parent.parent
    code, _, err = run("evaluate", classifier, folder)
    assert code == 3
    assert "none of the model's labels (Red, Green, Blue)" in err


def test_convert_counts_what_it_wrote(run: Run, tmp_path: Path) -> None:
    (tmp_path / "images.csv").write_text("gone.jpg,Red\nlost.jpg,Green\n")
    code, out, err = run("convert", tmp_path / "images.csv", tmp_path / "out", "--to", "folders")
    assert code == 3
    assert "0 of 2 images written" in out
    assert "gone.jpg" in out + err


def test_a_manifest_for_the_server_names_images_in_the_bucket(folder: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "labels.manifest"
    assert run("convert", folder, out, "--to", "groundtruth", "--s3", "s3://mine/photos/")[0] == 0
    refs = {json.loads(line)["source-ref"] for line in out.read_text().splitlines()}
    assert refs == {f"s3://mine/photos/{name}" for name in ("Red/1.png", "Red/2.png", "Green/1.png")}
    code, _, err = run("convert", folder, out, "--to", "groundtruth", "--s3", "mine/photos")
    assert code == 2
    assert "s3://bucket" in err
