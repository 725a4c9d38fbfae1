"""AWS's SDK for JavaScript, unmodified, on Node.js."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from . import programs
from .conftest import Served
from .pictures import Pictures


# checklist: A08, A13
def test_the_workshop_in_javascript(server: Served, pictures: Pictures, tmp_path: Path) -> None:
    node = programs.needed(programs.node(), f"Node.js {programs.OLDEST_NODE} or newer")
    programs.needed(programs.sdk(), "AWS's SDK for JavaScript")
    manifest = tmp_path / "labels.manifest"
    manifest.write_text(pictures.manifest("e2e-js", boxed=False))
    done = subprocess.run(
        [node, str(programs.JS / "workshop.mjs"), "js", str(pictures.folder), str(manifest)],
        env=server.environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "all as expected\n"


def test_the_lock_file_pins_by_hash_and_names_no_registry() -> None:
    packages = json.loads((programs.JS / "package-lock.json").read_text())["packages"]
    installed = {path: package for path, package in packages.items() if path}
    assert "node_modules/@aws-sdk/client-rekognition" in installed
    assert all(package["integrity"] and "resolved" not in package for package in installed.values())
