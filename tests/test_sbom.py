"""The bill of materials names what is installed and what the console is built with, each with its licence."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from . import audit
from .audit import Report, of_npm, of_python
from .packages import USERS, closure
from .sbom import LOCK


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    file = tmp_path_factory.mktemp("bill") / "new" / "sbom.json"
    root = Path(__file__).parents[1]
    subprocess.run([sys.executable, "-W", "error", "-m", "tests.sbom", str(file)], cwd=root, check=True)
    content: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


def test_the_bill_has_every_package_that_users_install(bill: Mapping[str, Any]) -> None:
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == "customlabels"
    there = {item["name"] for item in bill["components"] if item["purl"].startswith("pkg:pypi/")}
    assert there == closure("customlabels", USERS).keys() - {"customlabels"}
    (pillow,) = (item for item in bill["components"] if item["name"] == "pillow")
    assert pillow["version"] == version("pillow")
    assert "pytest" not in there


def test_the_bill_has_what_the_console_is_built_with(bill: Mapping[str, Any]) -> None:
    there = {item["purl"] for item in bill["components"] if item["purl"].startswith("pkg:npm/")}
    react = json.loads(LOCK.read_text(encoding="utf-8"))["packages"]["node_modules/react"]
    assert f"pkg:npm/react@{react['version']}" in there
    assert not any("/vitest@" in purl for purl in there)


def test_every_line_of_the_bill_has_a_licence_and_its_needs(bill: Mapping[str, Any]) -> None:
    assert [item["name"] for item in bill["components"] if not item.get("licenses")] == []
    needs = {item["ref"]: item.get("dependsOn", []) for item in bill["dependencies"]}
    starlette = next(ref for ref in needs if ref.startswith("pkg:pypi/starlette@"))
    assert any(ref.startswith("pkg:pypi/anyio@") for ref in needs[starlette])


def test_the_bill_says_nothing_of_the_moment(bill: Mapping[str, Any], tmp_path: Path) -> None:
    from .sbom import bill as again
    from .sbom import written

    assert json.loads(written(again())) == bill


def test_holes_are_told_and_packages_that_were_not_looked_up_do_not_count() -> None:
    found = {
        "dependencies": [
            {"name": "flask", "version": "0.5", "vulns": [{"id": "PYSEC-2019-179", "fix_versions": ["1.0"]}]},
            {"name": "jinja2", "version": "3.1.6", "vulns": []},
            {"name": "ours", "skip_reason": "not on PyPI"},
        ]
    }
    assert of_python(found) == Report(2, ("flask 0.5: PYSEC-2019-179, mended in 1.0",))
    hole = {"name": "vite", "range": "<5", "severity": "high"}
    told = {
        "vulnerabilities": {"vite": hole, "a": {**hole, "severity": "low"}},
        "metadata": {"dependencies": {"total": 9}},
    }
    assert of_npm(told) == Report(9, ("vite <5 (high)",))
    assert of_npm({"error": {"code": "ENOTFOUND"}}) == Report(0, ())


@pytest.mark.parametrize(
    ("python", "npm", "code", "words"),
    [
        (Report(0, ()), Report(0, ()), 0, "nothing was checked"),
        (Report(9, ()), Report(9, ()), 0, "0 known holes"),
        (Report(9, ("flask",)), Report(0, ()), 1, "flask"),
        (Report(0, ()), Report(9, ("vite",)), 1, "vite"),
    ],
)
def test_the_audit_fails_for_holes_and_not_for_the_lack_of_a_network(
    python: Report,
    npm: Report,
    code: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(audit, "ask_python", lambda _: python)
    monkeypatch.setattr(audit, "ask_npm", lambda: npm)
    assert audit.main() == code
    assert words in capsys.readouterr().out
