"""`customlabels objects scan`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from customlabels.cli import main
from customlabels.cli.exits import DATA, FAILED, OK, USAGE


def test_scan_prints_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "buckets/photos").mkdir(parents=True)
    (tmp_path / "buckets/photos/cat.jpg").write_bytes(b"meow")
    assert main(["objects", "scan", "--home", str(tmp_path)]) == OK
    assert capsys.readouterr().out == "photos: 1 adopted, 0 changed, 0 removed, 0 unchanged, 0 skipped (new bucket)\n"

    (tmp_path / "buckets/photos/link").symlink_to(tmp_path)
    assert main(["objects", "scan", "--home", str(tmp_path), "--bucket", "photos", "--json"]) == DATA
    (found,) = json.loads(capsys.readouterr().out)["buckets"]
    assert (found["unchanged"], found["skipped"][0][0]) == (1, "link")


def test_scan_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["objects", "scan", "--home", str(tmp_path)]) == OK
    assert "has no bucket" in capsys.readouterr().out
    assert main(["objects", "scan", "--home", str(tmp_path), "--bucket", "photos"]) == FAILED
    assert "There is no bucket 'photos'." in capsys.readouterr().err


def test_an_endpoint_has_no_folder_to_scan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUSTOMLABELS_S3_ENDPOINT", "http://127.0.0.1:9")
    assert main(["objects", "scan", "--home", str(tmp_path)]) == USAGE
    assert "CUSTOMLABELS_S3_ENDPOINT" in capsys.readouterr().err
