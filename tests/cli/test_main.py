"""The command line as a whole: help, exit codes, and how quickly it answers."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from customlabels.cli.arguments import parser
from customlabels.cli.exits import MEANINGS

Run = Callable[..., tuple[int, str, str]]


def test_help_names_the_commands_and_the_exit_codes(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    for word in ("train", "evaluate", "detect", "convert", "inspect", *MEANINGS.values()):
        assert word in out


@pytest.mark.parametrize("arguments", [[], ["fly"], ["detect", "model"], ["convert", "a", "b", "--to", "excel"]])
def test_wrong_usage_exits_with_2(run: Run, arguments: list[str]) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "usage: customlabels" in err


def test_a_reader_that_stops_reading_is_no_error_to_see(classifier: Path, paint: Callable[..., Path]) -> None:
    photos = [str(paint(f"{i}.png", (255, 0, 0))) for i in range(50)]
    command = [sys.executable, "-m", "customlabels", "detect", str(classifier), *photos, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_a_label_that_the_terminal_cannot_show_is_no_reason_to_fail(
    classifier: Path, paint: Callable[..., Path]
) -> None:
    info = classifier / "model.json"
    info.write_text(info.read_text().replace("Red", "\\u732b"))
    done = subprocess.run(
        [sys.executable, "-m", "customlabels", "detect", str(classifier), str(paint("red.png", (255, 0, 0)))],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0
    assert b"? " in done.stdout


def test_every_flag_is_explained() -> None:
    waiting = [parser()]
    while waiting:
        command = waiting.pop()
        for action in command._actions:
            if isinstance(action, argparse._SubParsersAction):
                waiting += action.choices.values()
            assert action.help or action.dest == "command", f"{command.prog} {action.dest}"
