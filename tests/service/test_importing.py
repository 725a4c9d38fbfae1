"""Lines on their way into a dataset."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customlabels.manifest.content import MAX_ENTRIES
from customlabels.service import importing
from customlabels.service.importing import ManifestRefused, Reader, split_lines

from .manifests import boxed, plain, ref, tagged


def kept(lines: Iterable[str | bytes]) -> tuple[list[str], str]:
    """The source-refs of the entries of lines, and what is said of the lines left out."""
    reader = Reader()
    found = [
        entry.source_ref for entry in reader.read(line.encode() if isinstance(line, str) else line for line in lines)
    ]
    return found, reader.words()


# checklist: D06, D07
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("no JSON", "The JSON Line has an invalid format."),
        ('["a list"]', "The JSON Line has an invalid format."),
        ('{"source-ref": "s3://pictures/a.png"', "The JSON Line has an invalid format."),
        (b'{"source-ref": "s3://pictures/\xff.png"}', "The JSON Line has an invalid format."),
        (plain("x" * 1000, filler="x" * 99_000), "at most 100,000 are allowed"),
        ('{"label": 1}', "The source-ref key is missing."),
        ('{"source-ref": 7}', "The format of the source-ref value is invalid."),
        ('{"source-ref": "pictures/a.png"}', "The format of the source-ref value is invalid."),
        ('{"source-ref": "https://pictures/a.png"}', "The format of the source-ref value is invalid."),
        (plain("ü" * 513), "the key has 1,026 bytes; at most 1,024 are allowed"),
        (plain("a\0b"), "the NUL character"),
        (tagged("a.png", "cat\0dog"), "the NUL character"),
        (boxed("a.png", "cat", declared=["\0"]), "the NUL character"),
        (plain("first.png"), "s3://pictures/first.png is named before"),
    ],
)
def test_a_line_that_is_no_entry_is_left_out_and_named(line: str | bytes, reason: str) -> None:
    others = [plain(f"{number}.png") for number in range(5)]
    found, words = kept([plain("first.png"), *others, line])
    assert found == [ref("first.png"), *(ref(f"{number}.png") for number in range(5))]
    assert words.startswith(" 1 line was left out (line 7: ")
    assert reason in words


def test_of_many_lines_left_out_the_first_are_named() -> None:
    lines = [plain(f"{number}.png") for number in range(20)]
    _, words = kept([*lines, "a", "b", "c", "d"])
    assert words.startswith(" 4 lines were left out (line 21: ")
    assert "line 23: " in words
    assert "line 24: " not in words
    assert words.endswith("; ...).")


# checklist: D08
@pytest.mark.parametrize(("good", "bad", "refused"), [(4, 1, False), (8, 2, False), (7, 2, True), (0, 1, True)])
def test_more_than_a_fifth_of_bad_lines_is_too_much(good: int, bad: int, refused: bool) -> None:
    lines = [plain(f"{number}.png") for number in range(good)] + ["no JSON"] * bad
    if not refused:
        assert len(kept(lines)[0]) == good
        return
    with pytest.raises(ManifestRefused, match="The manifest file has too many terminal errors"):
        kept(lines)


def test_blank_lines_are_lines_but_neither_good_nor_bad() -> None:
    lines = [plain("a.png"), "", "  ", "\r", plain("b.png"), "no JSON"]
    found, words = kept(lines)
    assert found == [ref("a.png"), ref("b.png")]
    assert "line 6: " in words


def test_a_byte_order_mark_and_carriage_returns_are_no_part_of_a_line() -> None:
    assert kept([b"\xef\xbb\xbf" + plain("a.png").encode() + b"\r", plain("b.png") + "\r"])[0] == [
        ref("a.png"),
        ref("b.png"),
    ]


# checklist: C10
def test_images_lie_in_one_bucket() -> None:
    lines = [plain("a.png"), json.dumps({"source-ref": "s3://elsewhere/b.png"})]
    with pytest.raises(ManifestRefused, match=r"images from multiple S3 buckets\. There are elsewhere and pictures\."):
        kept(lines)


# checklist: C11
def test_there_are_at_most_250_labels() -> None:
    lines = [tagged(f"{number}.png", f"label {number}") for number in range(250)]
    assert len(kept(lines)[0]) == 250
    with pytest.raises(ManifestRefused, match=r"The manifest file has too many labels\. There are 251"):
        kept([*lines, boxed("x.png", declared=["label 251"])])


def test_there_are_at_most_so_many_images(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_ENTRIES == 250_000
    monkeypatch.setattr(importing, "MAX_ENTRIES", 3)
    lines = [plain(f"{number}.png") for number in range(4)]
    assert len(kept([*lines[:3], "", lines[0]])[0]) == 3
    with pytest.raises(ManifestRefused, match="The manifest file has too many rows"):
        kept(lines)


@given(
    st.lists(st.binary(max_size=12), max_size=8).map(b"\n".join),
    st.lists(st.integers(min_value=1, max_value=9), min_size=1),
)
def test_lines_are_the_same_however_a_file_comes_in_chunks(content: bytes, sizes: list[int]) -> None:
    chunks, start, turn = [], 0, 0
    while start < len(content):
        chunks.append(content[start : start + sizes[turn % len(sizes)]])
        start += sizes[turn % len(sizes)]
        turn += 1
    expected = content.split(b"\n")
    if not expected[-1]:
        expected.pop()
    assert list(split_lines(chunks)) == expected


def test_an_endless_line_takes_no_endless_memory() -> None:
    lines = list(split_lines(b"x" * 1_000_000 for _ in range(30)))
    assert len(lines) == 1
    assert len(lines[0]) < 500_000
    assert "at most 100,000" in kept([lines[0], *(plain(f"{number}.png") for number in range(4))])[1]


def test_of_a_long_line_100000_characters_are_allowed_whatever_bytes_they_take() -> None:
    line = plain("a.png", filler="")
    line = plain("a.png", filler="x" * (100_000 - len(line)))
    wide = line.replace("x", "\N{GRINNING FACE}")
    assert len(wide) == 100_000
    for text in (line, wide, wide + "\r"):
        (read,) = split_lines([text.encode()])
        assert kept([read]) == ([ref("a.png")], "")
