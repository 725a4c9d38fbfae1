"""Every line of the checklist is a test's, or stands in docs/decisions.md with the reason why none is."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from .checklist import LINES

ROOT = Path(__file__).parents[1]
_COMMENT = re.compile(r"^\s*# checklist: (.+)$")
_ID = re.compile(r"[A-L]\d\d")
_EXEMPTION = re.compile(r"^\| ([A-L]\d\d) \| \S.* \|$", re.MULTILINE)
_LARGEST = {"A": 14, "B": 11, "C": 12, "D": 17, "E": 19, "F": 14, "G": 14, "H": 17, "I": 21, "J": 8, "K": 18, "L": 11}


def covered(source: str) -> dict[str, list[str]]:
    """The tests that name a line, by the line's id. The comment stands above the test and its decorators.

    Raises AssertionError for a comment that is above something else, or that names no id.
    """
    found: dict[str, list[str]] = {}
    waiting: list[str] = []
    for line in source.splitlines():
        if comment := _COMMENT.match(line):
            ids = [part.strip() for part in comment[1].split(",")]
            assert all(_ID.fullmatch(part) for part in ids), line
            waiting += ids
        elif waiting and (function := re.match(r"\s*(?:async )?def (\w+)", line)):
            assert function[1].startswith("test_"), f"{line.strip()} is no test, but names {waiting}"
            for name in waiting:
                found.setdefault(name, []).append(function[1])
            waiting = []
        elif waiting:
            assert re.match(r"\s*(@|#|\)|\]|$)|\s+\S", line), (
                f"{waiting} stand above {line.strip()!r}, not above a test"
            )
    assert not waiting, f"{waiting} stand above no test"
    return found


@cache
def _all_covered() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name, tests in covered(path.read_text(encoding="utf-8")).items():
            found.setdefault(name, []).extend(f"{path.relative_to(ROOT)}::{test}" for test in tests)
    return found


def _decisions() -> str:
    return (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")


def _exempt() -> set[str]:
    return set(_EXEMPTION.findall(_decisions()))


@pytest.mark.parametrize("line", LINES)
def test_the_line_has_a_test_or_a_reason(line: str) -> None:
    assert line in _all_covered() or line in _exempt(), f"{line}: {LINES[line]}"


def test_the_list_is_whole() -> None:
    assert list(LINES) == [f"{part}{n:02}" for part, last in _LARGEST.items() for n in range(1, last + 1)]


def test_nothing_is_named_that_is_not_on_the_list() -> None:
    assert (set(_all_covered()) | _exempt()) - set(LINES) == set()


def test_a_line_with_a_test_needs_no_reason() -> None:
    assert _exempt() & set(_all_covered()) == set()


# checklist: L11
@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("IoU for a hit", "0.5"),
        ("task with mixed labels", "tie"),
        ("automatic split", "seeded"),
        ("automatic split", "two pictures"),
        ("EXIF orientation", "upright"),
        ("manifest with bad lines", "fifth"),
        ("`HasErrors=false`", "no filter"),
        ("`max_results` 0", "empty"),
        ("two lines for one image in an update", "first"),
        ("order of projects and versions", "newest"),
        ("order of entries and labels", "came"),
        ("a name that is taken", "`ResourceInUseException`"),
        ("Start", "STOPPED"),
        ("Stop", "RUNNING"),
        ("labels without test pictures", "not averaged"),
        ("an inference unit", "process"),
        ("quotas", "0 lifts one"),
        ("`KmsKeyId`", "nothing is encrypted"),
        ("pictures", "JPEG and PNG"),
        ("same picture, same answer", "seed"),
    ],
)
def test_what_the_specification_leaves_open_is_decided_in_a_row(question: str, word: str) -> None:
    (answer,) = re.findall(rf"^\| {re.escape(question)} \| (.*) \|$", _decisions(), re.MULTILINE)
    assert word in answer


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("# checklist: A01, B02\ndef test_x() -> None:\n    ...", {"A01": ["test_x"], "B02": ["test_x"]}),
        ('# checklist: A01\n@pytest.mark.parametrize(\n    "x",\n    [1],\n)\ndef test_x(x): ...', {"A01": ["test_x"]}),
        ("# checklist: A01\n# checklist: A02\ndef test_x(): ...", {"A01": ["test_x"], "A02": ["test_x"]}),
        ("class TestX:\n    # checklist: A01\n    def test_y(self): ...", {"A01": ["test_y"]}),
        ("def test_x(): ...", {}),
    ],
)
def test_a_comment_counts_for_the_test_below_it(source: str, found: dict[str, list[str]]) -> None:
    assert covered(source) == found


@pytest.mark.parametrize(
    "source",
    ["# checklist: A01\nX = 1\n", "# checklist: A01\n", "# checklist: all\n", "# checklist: A01\ndef f(): ...\n"],
)
def test_a_comment_above_no_test_does_not_pass(source: str) -> None:
    with pytest.raises(AssertionError):
        covered(source)
