"""A home has one process at a time, and an id that stays with it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from customlabels.cli import main
from customlabels.home import HomeInUse, take_home
from customlabels.settings import Settings


def test_a_home_is_had_by_one_and_keeps_its_id(tmp_path: Path) -> None:
    one, other = Settings(home=tmp_path / "one"), Settings(home=tmp_path / "other")
    with ExitStack() as stack:
        id = take_home(one, stack)
        assert take_home(other, stack) != id
        with pytest.raises(HomeInUse, match="choose another --home"), ExitStack() as second:
            take_home(one, second)
    with ExitStack() as stack:
        assert take_home(one, stack) == id
    assert ":" not in id  # it stands before one in the names of workers


def test_workers_of_no_sort_are_no_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("TRAINING", "DATA"):
        monkeypatch.setenv(f"CUSTOMLABELS_{name}_WORKERS", "0")
    assert main(["work", "--home", str(tmp_path / "home")]) == 2
    assert "CUSTOMLABELS_TRAINING_WORKERS and CUSTOMLABELS_DATA_WORKERS are both 0" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()
