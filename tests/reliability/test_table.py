"""The table of faults in docs/reliability.md names tests that are there, and every fault that has one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "reliability.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`([a-z0-9_/]+\.py)::(\w+)`", PAGE)
ROWS = re.findall(r"^\| (?!fault|---)(.*?) \|.*\| (.*?) \|$", PAGE, re.MULTILINE)


def functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("fault", "test"), ROWS)
def test_every_fault_has_a_test(fault: str, test: str) -> None:
    found = re.fullmatch(r"`([a-z0-9_/]+\.py)::(test_\w+)`", test)
    assert found, f"{fault} names no test"
    assert found[2] in functions(TESTS / found[1])


def test_every_test_of_a_fault_is_named() -> None:
    assert len(ROWS) > 20
    ours = {
        (f"reliability/{file.name}", name)
        for file in Path(__file__).parent.glob("test_*.py")
        if file.name != Path(__file__).name
        for name in functions(file)
        if name.startswith("test_")
    }
    assert ours <= set(NAMED)
