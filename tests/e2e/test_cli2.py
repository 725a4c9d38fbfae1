"""AWS CLI 2 as Debian has it: so old that it must be told the server by `--endpoint-url`."""

from __future__ import annotations

from pathlib import Path

from . import commands, programs
from .conftest import Served
from .pictures import Pictures


# checklist: A12
def test_the_workshop_by_commands(server: Served, pictures: Pictures, tmp_path: Path) -> None:
    cli = [programs.needed(programs.aws_cli_2(), "AWS CLI 2 (Debian: apt-get install awscli)")]
    options = ["--endpoint-url", server.endpoint, "--cli-binary-format", "raw-in-base64-out"]
    kept = commands.walk([*cli, *options], server, pictures, tmp_path / "cli", "cli2")
    assert '"F1Score"' in kept["summary"]
