"""A script that asks what the samples of AWS's developer guide ask, with boto3 as `pip install` leaves it."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import botocore
import pytest

from .conftest import Served
from .pictures import Pictures

PROGRAM = Path(__file__).parent / "guide.py"
WAITERS = Path("rekognition") / "2016-06-27" / "waiters-2.json"


@pytest.fixture
def quick_waiters(tmp_path: Path) -> Path:
    """A folder for AWS_DATA_PATH: the SDK's own waiters, with a second between polls where AWS has 30 or 120."""
    shipped = Path(botocore.__file__).parent / "data" / WAITERS
    packed = shipped.with_suffix(".json.gz")
    waiters = json.loads(gzip.decompress(packed.read_bytes()) if packed.exists() else shipped.read_text())
    for waiter in waiters["waiters"].values():
        waiter["delay"] = 1
    (tmp_path / "data" / WAITERS).parent.mkdir(parents=True)
    (tmp_path / "data" / WAITERS).write_text(json.dumps(waiters))
    return tmp_path / "data"


# checklist: I21, H06, B04, B05, C07, F10
def test_the_samples_calls_find_all_that_they_read(
    server: Served, bucket: str, pictures: Pictures, quick_waiters: Path, tmp_path: Path
) -> None:
    updates = tmp_path / "updates.jsonl"
    updates.write_text(pictures.manifest(bucket, boxed=False).splitlines()[0].replace("00.png", "again.png") + "\n")
    done = subprocess.run(
        [sys.executable, str(PROGRAM), bucket, pictures.keys[0], str(updates)],
        env=server.environment | {"AWS_DATA_PATH": str(quick_waiters)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)
    arn, status = read["empty"]
    assert re.fullmatch(r"arn:aws:rekognition:us-east-1:\d{12}:project/guide/\d{13}", arn)
    assert status == "CREATED"
    assert {dataset[1] for dataset in read["project"][2:]} == {"TRAIN", "TEST"}
    assert all(dataset[5] == "SUCCESS" and dataset[4] for dataset in read["project"][2:])
    assert read["datasets"][-3:] == [5, 5, 2]
    assert read["entries"] == [5, 0]
    assert read["trained"]["Status"] == "TRAINING_COMPLETED"
    assert read["trained"]["Output"] == f"s3://{bucket}/guide/output"
    assert read["trained"]["Summary"] == [bucket, "guide/output/EvaluationResultSummary-guide-v1.json"]
    assert read["trained"]["Minutes"] > 0
    assert "MinInferenceUnits" not in read["trained"]
    assert read["running"] == {
        **read["trained"],
        "Status": "RUNNING",
        "StatusMessage": read["running"]["StatusMessage"],
        "MinInferenceUnits": 1,
    }
    assert set(read["confusion"]) == {"disc", "cross"}
    for row in read["confusion"].values():
        assert sum(row.values()) == pytest.approx(1)
    ((name, confidence, pixels),) = read["labels"]
    assert (name, pixels) == ("disc", None)
    assert 60 <= confidence <= 100
