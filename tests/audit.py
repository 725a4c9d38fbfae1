"""Known holes of the packages that come with this project: `python -m tests.audit` asks PyPI, else OSV, and npm.

Returns 1 where there are some. Where none of them can be asked, it says so and returns 0: a check that needs a network
must not fail for the lack of one.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .packages import USERS, closure

ROOT = Path(__file__).parents[1]
SERVICES = ("pypi", "osv")


@dataclass(frozen=True)
class Report:
    """Of how many packages something was known, and their holes, in words."""

    asked: int
    holes: tuple[str, ...]


def of_python(found: dict[str, Any]) -> Report:
    """From what pip-audit writes."""
    asked = [package for package in found["dependencies"] if "skip_reason" not in package]
    holes = (
        f"{package['name']} {package['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'none'}"
        for package in asked
        for hole in package["vulns"]
    )
    return Report(len(asked), tuple(holes))


def of_npm(found: dict[str, Any]) -> Report:
    """From what `npm audit` writes; where it could not ask, it tells of no packages."""
    counts = found.get("metadata", {}).get("dependencies", {})
    bad = [hole for hole in found.get("vulnerabilities", {}).values() if hole["severity"] in ("high", "critical")]
    return Report(counts.get("total", 0), tuple(f"{hole['name']} {hole['range']} ({hole['severity']})" for hole in bad))


def ask_python(service: str) -> Report:
    packages = closure("customlabels", USERS)
    versions = "".join(
        f"{name}=={found.version}\n" for name, found in sorted(packages.items()) if name != "customlabels"
    )
    with tempfile.TemporaryDirectory() as folder:
        wanted, answer = Path(folder) / "wanted.txt", Path(folder) / "answer.json"
        wanted.write_text(versions, encoding="utf-8")
        command = [sys.executable, "-m", "pip_audit", "--service", service, "--requirement", str(wanted), "--no-deps"]
        command += ["--disable-pip", "--progress-spinner", "off", "--timeout", "8", "--format", "json"]
        subprocess.run([*command, "--output", str(answer)], capture_output=True, check=False)
        return of_python(json.loads(answer.read_text(encoding="utf-8"))) if answer.is_file() else Report(0, ())


def ask_npm() -> Report:
    spec = importlib.util.spec_from_file_location("build", ROOT / "web" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    try:
        command, environment = build.npm()
    except build.NoNode:
        return Report(0, ())
    told = subprocess.run(
        [*command, "audit", "--package-lock-only", "--omit=dev", "--json", "--fetch-retries=0", "--fetch-timeout=8000"],
        cwd=ROOT / "web",
        env=environment,
        capture_output=True,
        check=False,
    )
    try:
        return of_npm(json.loads(told.stdout))
    except ValueError:
        return Report(0, ())


def main() -> int:
    reports = {"Python": Report(0, ()), "npm": ask_npm()}
    for service in SERVICES:
        if not reports["Python"].asked:
            reports["Python"] = ask_python(service)
    for kind, report in reports.items():
        if report.asked:
            print(f"{kind}: {report.asked} packages, {len(report.holes)} known holes.", *report.holes, sep="\n  ")
        else:
            print(f"{kind}: no list of known holes can be reached from here, so nothing was checked.")
    return int(any(report.holes for report in reports.values()))


if __name__ == "__main__":
    sys.exit(main())
