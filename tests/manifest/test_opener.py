"""Names of images, and what they may lead to."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customlabels.manifest.opener import Folder, is_path, is_s3, name_below


@pytest.mark.parametrize(
    ("name", "below"),
    [
        ("a.jpg", "a.jpg"),
        ("images/a.jpg", "images/a.jpg"),
        ("./images//a.jpg", "images/a.jpg"),
        ("images\\a.jpg", "images/a.jpg"),
        ("a..b/c.jpg", "a..b/c.jpg"),
        ("../a.jpg", None),
        ("images/../../a.jpg", None),
        ("images\\..\\..\\a.jpg", None),
        ("/etc/passwd", None),
        ("C:\\a.jpg", None),
        ("file:///etc/passwd", None),
        ("a\0.jpg", None),
        ("", None),
        (".", None),
    ],
)
def test_names_stay_below_their_folder(name: str, below: str | None) -> None:
    assert name_below(name) == below


@given(st.text(st.sampled_from("./\\a:"), max_size=12))
def test_no_name_leads_out(name: str) -> None:
    below = name_below(name)
    if below is not None:
        assert (Path("/data/set") / below).resolve().is_relative_to("/data/set")


@pytest.mark.parametrize(
    ("ref", "s3", "path"),
    [
        ("s3://bucket/key", True, False),
        ("s3://bucket/a/b c.jpg", True, False),
        ("s3://bucket/", False, False),
        ("s3://b/key", False, False),
        ("s3:///key", False, False),
        ("https://host/a.jpg", False, False),
        ("images/a.jpg", False, True),
        ("/data/a.jpg", False, True),
        (" ", False, False),
    ],
)
def test_kinds_of_source_refs(ref: str, s3: bool, path: bool) -> None:
    assert (is_s3(ref), is_path(ref)) == (s3, path)


def test_an_absent_image_is_named_with_the_places_looked_at(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"s3://bucket/k\.jpg: no such file \(looked for .*bucket/k\.jpg or "):
        Folder(tmp_path)("s3://bucket/k.jpg")
    with pytest.raises(FileNotFoundError):
        Folder(tmp_path)(".")
