"""`customlabels detect`: what it prints, writes and exits with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

Run = Callable[..., tuple[int, str, str]]
Paint = Callable[..., Path]

ORANGE = (255, 153, 51)  # 100 % red, 60 % green, 20 % blue


def test_labels_at_their_thresholds_are_printed(classifier: Path, paint: Paint, run: Run) -> None:
    code, out, _ = run("detect", classifier, paint("orange.png", ORANGE))
    assert code == 0
    assert "orange.png: 2 labels" in out
    assert "100.0 %" in out
    assert "60.0 %" in out
    assert "Blue" not in out


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        ([], ["Red", "Green"]),
        (["--min-confidence", "70"], ["Red"]),
        (["--min-confidence", "0"], ["Red", "Green", "Blue"]),
        (["--min-confidence", "0", "--max-results", "2"], ["Red", "Green"]),
        (["--max-results", "0"], []),
    ],
)
def test_json_is_what_detect_custom_labels_answers(
    any_model: Path, paint: Paint, run: Run, flags: list[str], names: list[str]
) -> None:
    path = paint("orange.png", ORANGE)
    code, out, _ = run("detect", any_model, path, "--json", *flags)
    answer = json.loads(out)
    assert code == 0
    assert answer["Image"] == str(path)
    assert [item["Name"] for item in answer["CustomLabels"]] == names


def test_a_detector_says_where(detector: Path, paint: Paint, run: Run) -> None:
    _, out, _ = run("detect", detector, paint("orange.png", ORANGE), "--json", "--max-results", 1)
    (item,) = json.loads(out)["CustomLabels"]
    assert item["Confidence"] == pytest.approx(100)
    assert item["Geometry"]["BoundingBox"] == pytest.approx({"Left": 0, "Top": 0, "Width": 0.5, "Height": 1})


def test_save_draws_on_a_copy(detector: Path, paint: Paint, run: Run, tmp_path: Path) -> None:
    paths = [paint("a/photo.png", ORANGE), paint("b/photo.png", (255, 0, 0))]
    before = [path.read_bytes() for path in paths]
    code, out, _ = run("detect", detector, *paths, "--save", tmp_path / "new" / "found")
    assert code == 0
    assert str(tmp_path / "new" / "found") in out
    assert [path.read_bytes() for path in paths] == before
    drawn = [Image.open(tmp_path / "new" / "found" / name) for name in ("photo.png", "photo-2.png")]
    for image, colour in zip(drawn, (ORANGE, (255, 0, 0)), strict=True):
        assert image.size == (128, 128)
        assert len(image.getcolors(1 << 24) or ()) > 1
        assert image.getpixel((120, 120)) == colour


def test_a_bad_image_is_named_and_the_others_are_answered(
    classifier: Path, paint: Paint, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "notes.jpg").write_text("not a picture")
    good = paint("orange.png", ORANGE)
    code, out, err = run("detect", classifier, tmp_path / "notes.jpg", tmp_path / "gone.jpg", good)
    assert code == 3
    assert "notes.jpg: The data is not a JPEG or PNG image." in err
    assert "gone.jpg: No such file" in err
    assert "orange.png: 2 labels" in out


def test_a_bad_image_is_an_object_of_its_own_in_json(classifier: Path, run: Run, tmp_path: Path) -> None:
    code, out, _ = run("detect", classifier, tmp_path / "gone.jpg", "--json")
    assert code == 3
    assert json.loads(out) == {"Image": str(tmp_path / "gone.jpg"), "Error": "No such file or directory"}


def test_nothing_found_is_an_answer(classifier: Path, paint: Paint, run: Run) -> None:
    code, out, _ = run("detect", classifier, paint("black.png", (0, 0, 0)))
    assert code == 0
    assert "black.png: no labels" in out


def test_a_folder_that_is_no_model_fails(run: Run, tmp_path: Path, paint: Paint) -> None:
    code, _, err = run("detect", tmp_path, paint("orange.png", ORANGE))
    assert code == 1
    assert "it has no model.json" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "flags",
    [["--min-confidence", "101"], ["--min-confidence", "-1"], ["--min-confidence", "x"], ["--max-results", "-1"]],
)
def test_values_out_of_range_are_wrong_usage(classifier: Path, run: Run, flags: list[str]) -> None:
    code, _, err = run("detect", classifier, "photo.jpg", *flags)
    assert code == 2
    assert flags[0] in err


def test_saving_never_overwrites_a_picture_that_was_asked_about(classifier: Path, paint: Paint, run: Run) -> None:
    photo = paint("photos/orange.png", ORANGE)
    before = photo.read_bytes()
    code, _, err = run("detect", classifier, photo, "--save", photo.parent)
    assert code == 2
    assert "would overwrite" in err
    assert photo.read_bytes() == before


def test_a_damaged_model_is_not_blamed_on_the_picture(classifier: Path, paint: Paint, run: Run) -> None:
    for file in classifier.glob("network.*"):
        file.write_bytes(b"junk")
    code, out, err = run("detect", classifier, paint("orange.png", ORANGE))
    assert code == 1
    assert str(classifier) in err
    assert "orange.png" not in out + err
