"""Progress: nothing for short work, a plain line now and then into a file, a bar on a terminal."""

from __future__ import annotations

import io
import sys

import pytest

from customlabels.cli.display import Display
from customlabels.vision.progress import Progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds since the start; tests move them on."""
    now = [100.0]
    monkeypatch.setattr("customlabels.cli.display.monotonic", lambda: now[0])
    return now


def test_short_work_shows_nothing(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with Display() as display:
        for i in range(9):
            clock[0] += 0.1
            display.step("reading", i / 9)
    assert capsys.readouterr() == ("", "")


def test_a_line_for_each_phase_and_every_ten_seconds(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with Display() as display:
        for second in range(1, 31):
            clock[0] += 1
            phase = "reading" if second < 5 else "training"
            display.show(Progress(phase, second / 30, 30.0 - second, None if second < 5 else 1 / second))
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "  3% reading, 29 s left",
        " 17% training, loss 0.200, 25 s left",
        " 50% training, loss 0.067, 15 s left",
        " 83% training, loss 0.040, 5 s left",
    ]


def test_a_terminal_gets_a_bar(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with Display() as display:
        clock[0] += 2
        display.step("training", 0.5, 12.0)
    assert "training" in terminal.getvalue()
    assert "12 s left" in terminal.getvalue()
    assert "\x1b[" in terminal.getvalue()
