"""Which keys are paths, and which paths are the same to some file system."""

from __future__ import annotations

import pytest

from customlabels.store.objects.names import RESERVED, folded, ordinary_place


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("a/b.jpg", "a/b.jpg"),
        ("IMG_0001.JPG", "img_0001.jpg"),
        ("Zu\u0308rich", "zürich"),
        ("Straße", "strasse"),
        (" a b", " a b"),
        ("...a", "...a"),
        ("s" * 255, "s" * 255),
    ],
)
def test_an_ordinary_key_is_its_path_without_case(key: str, place: str) -> None:
    assert ordinary_place(key) == place


@pytest.mark.parametrize(
    "key",
    [
        "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "a\\b", "C:", "a\0", "a\nb", "a?", "a*b", "a.", "a ",
        "s" * 256, "ü" * 128, "con", "a/NUL.txt", "COM¹", f"{RESERVED}/x", f"{RESERVED.upper()}/x", "ΐ/" * 500,
    ],
)  # fmt: skip
def test_keys_that_are_no_path(key: str) -> None:
    assert ordinary_place(key) is None


@pytest.mark.parametrize("text", ["ᾼ", "\u0345\u0301", "İ", "ΐ", "ﬃ", "ẛ̣", "K"])
def test_folding_twice_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)
