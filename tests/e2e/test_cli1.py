"""AWS CLI 1, unmodified, told where the server is by what `customlabels env` prints."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import boto3

from . import commands
from .conftest import Served
from .pictures import Pictures

OPERATIONS = 23


# checklist: A12, B11, J08
def test_the_workshop_by_commands(server: Served, pictures: Pictures, tmp_path: Path) -> None:
    kept = commands.walk([sys.executable, "-m", "awscli"], server, pictures, tmp_path / "cli", "cli1")
    summary = json.loads(kept["summary"])
    assert summary["EvaluationDetails"]["Labels"] == ["disc", "cross"]


def test_the_table_has_every_operation_of_custom_labels() -> None:
    model = boto3.Session("x", "y", region_name="us-east-1").client("rekognition").meta.service_model
    named = {step.command.split()[1] for step in commands.STEPS if step.command.startswith("rekognition ")} - {"wait"}
    ours = {name for name in named if "".join(part.title() for part in name.split("-")) in model.operation_names}
    assert len(ours) == len(named) == OPERATIONS
