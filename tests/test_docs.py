"""The documentation names every command, flag, exit code, setting, format and public name; its links lead somewhere."""

from __future__ import annotations

import argparse
import re
from dataclasses import fields
from pathlib import Path

import pytest

import customlabels
from customlabels.api.rekognition import OPERATIONS
from customlabels.cli.arguments import EFFORTS, parser
from customlabels.cli.exits import MEANINGS
from customlabels.manifest.read import FORMATS
from customlabels.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md"), *ROOT.glob("examples/**/*.md")])


def _page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def _section(page: str, title: str) -> str:
    """From a heading of the second level to the next one."""
    found = re.search(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"no section {title!r}"
    return found[1]


def _flags(command: argparse.ArgumentParser) -> set[str]:
    """The flags of a command, and those of its actions."""
    found = set()
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            found |= {flag for child in action.choices.values() for flag in _flags(child)}
        found |= {flag for flag in action.option_strings if flag not in ("-h", "--help")}
    return found


def _commands() -> dict[str, argparse.ArgumentParser]:
    (action,) = (a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(action.choices)


FLAGS = [(name, flag) for name, command in _commands().items() for flag in sorted(_flags(command))]


@pytest.mark.parametrize(("command", "flag"), FLAGS)
def test_every_flag_is_in_its_commands_section(command: str, flag: str) -> None:
    assert f"| `{flag}" in _section(_page("cli.md"), command)


@pytest.mark.parametrize("command", _commands())
def test_the_sections_name_no_flag_that_is_gone(command: str) -> None:
    named = set(re.findall(r"^\| `(--[a-z0-9-]+)", _section(_page("cli.md"), command), re.MULTILINE))
    assert named == {flag for name, flag in FLAGS if name == command}


def test_every_exit_code_and_effort_is_named() -> None:
    text = _page("cli.md")
    for code in MEANINGS:
        assert f"\n| {code} |" in text
    assert "\\|".join(EFFORTS) in text


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_a_row_and_a_section(name: str) -> None:
    text = _page("formats.md")
    assert f"| `{name}` |" in text
    assert len(_section(text, name).strip()) > 20


def _variables() -> set[str]:
    """Environment variables that the product, its demo, its tests and its Makefile look at."""
    files = [path for folder in ("src", "tests", "examples") for path in (ROOT / folder).rglob("*.py")]
    reads = re.compile(r"environ(?:\.get|\.setdefault)?[\[(]\s*['\"]([A-Z_]+)")
    found = {name for path in files for name in reads.findall(path.read_text(encoding="utf-8"))}
    found |= set(
        re.findall(r"^(?:export )?([A-Z_]+) \?=", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    return found - {"ATTEMPTS", "CUSTOMLABELS_WORKER", "PATH"}  # between a test or the server and its own children


def test_the_search_for_settings_finds_those_we_know() -> None:
    assert {"CUSTOMLABELS_CACHE", "CUSTOMLABELS_EXAMPLES", "OMP_WAIT_POLICY", "PYTHON"} <= _variables()


@pytest.mark.parametrize("name", [f"{PREFIX}{field.name.upper()}" for field in fields(Settings)])
def test_every_setting_of_the_server_is_documented(name: str) -> None:
    assert f"\n| `{name}` |" in _page("settings.md")


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_a_section(name: str) -> None:
    pages = ("projects.md", "datasets.md", "training.md", "serving.md", "sharing.md")
    sections = [re.search(rf"^### {name}$\n\n(.*?)(?=^#|\Z)", _page(page), re.M | re.S) for page in pages]
    (found,) = [section[1] for section in sections if section]
    assert len(found.strip()) > 10


@pytest.mark.parametrize("name", sorted(_variables()))
def test_every_setting_is_documented(name: str) -> None:
    assert f"\n| `{name}` |" in _page("settings.md")


def _threats() -> list[str]:
    """The rows of the tables of threats, without their heads."""
    rows = re.findall(r"^\| (.+) \|$", _section(_page("security.md"), "Threats"), re.MULTILINE)
    return [row for row in rows if row != "threat | what is done | test" and not row.startswith("---")]


@pytest.mark.parametrize("row", _threats(), ids=lambda row: row.partition(" | ")[0])
def test_every_threat_has_tests_that_are_there(row: str) -> None:
    *_, named = row.split(" | ")
    tests = re.findall(r"`([\w/]+\.py)::(\w+)`", named)
    assert len(tests) == len(named.split(", ")) > 0
    for file, name in tests:
        assert re.search(rf"^def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), f"{file}::{name}"


@pytest.mark.parametrize("name", customlabels.__all__)
def test_every_public_name_is_in_the_python_page(name: str) -> None:
    assert re.search(rf"\b{name}\b", _page("python.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_readme_leads_to_every_page_itself_or_by_the_page_on_the_server() -> None:
    text, further = (ROOT / "README.md").read_text(encoding="utf-8"), _page("server.md")
    for page in DOCS.glob("*.md"):
        assert f"(docs/{page.name})" in text or f"({page.name})" in further


def test_the_first_screen_has_the_two_commands() -> None:
    first = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:20]
    assert [line.split("#")[0].strip() for line in first if line.startswith("    make ")] == ["make demo", "make test"]


def test_no_registry_address_is_in_the_tree() -> None:
    hosts = ("pypi" + ".org", "download." + "pytorch.org", "registry." + "npmjs", "pythonhosted" + ".org")
    names = ("pyproject.toml", "constraints.txt", "Makefile", ".ci/run", "README.md")
    for path in [*(ROOT / name for name in names), *PAGES]:
        text = path.read_text(encoding="utf-8")
        assert not any(host in text for host in hosts), path
