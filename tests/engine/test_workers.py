"""Worker processes: kept alive, woken, told to leave."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from customlabels.engine.workers import Role, Workers

Start = Callable[..., tuple[Workers, Path, list[str]]]
"""Starts workers; returns them, the file that they write to, and the names of those that were lost."""

# Appends its name, a dot for each time it is woken, and a word when it leaves, to a file.
PROGRAM = """
import os, signal, sys
path = sys.argv[1]
def say(text):
    with open(path, "a") as file:
        file.write(text)
signal.signal(signal.SIGTERM, lambda *_: (say("bye"), os._exit(0)))
say(os.environ["CUSTOMLABELS_WORKER"].rpartition(":")[2] + " ")
while data := os.read(0, 1):
    say(".")
say("end")
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts workers that run PROGRAM; they are stopped at the end."""
    running = []

    def begin(program: str = PROGRAM, number: int = 1) -> tuple[Workers, Path, list[str]]:
        said = tmp_path / "said"
        said.touch()
        lost: list[str] = []
        role = Role("tester", [sys.executable, "-c", program, str(said)], frozenset({"test.kind"}), number)
        workers = Workers([role], os.environ, lost.append, "home")
        workers.start()
        running.append(workers)
        return workers, said, lost

    yield begin
    for workers in running:
        workers.stop()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_worker_is_woken_when_it_starts_and_for_its_kinds(
    start: Start,
) -> None:
    workers, said, _ = start()
    until(lambda: said.read_text() == "tester-0 .")
    workers.wake("other.kind")
    workers.wake("test.kind")
    until(lambda: said.read_text() == "tester-0 ..")
    assert workers.alive() == {"tester-0": True}


def test_a_worker_that_was_killed_is_reported_and_started_again(
    start: Start,
) -> None:
    workers, said, lost = start()
    until(lambda: "." in said.read_text())
    (pid,) = workers.processes()
    os.kill(pid, signal.SIGKILL)
    until(lambda: said.read_text() == "tester-0 .tester-0 .")
    assert [name.rpartition(":")[2] for name in lost] == ["tester-0"]
    assert workers.processes() != [pid]


def test_names_tell_the_home_the_machine_and_the_process_of_the_server(
    start: Start,
) -> None:
    workers, said, lost = start(number=2)
    until(lambda: said.read_text().count(".") == 2)
    workers.stop()
    home, host, pid, _, name = lost[0].split(":")
    assert (home, host, int(pid), name) == ("home", os.uname().nodename, os.getpid(), "tester-0")
    assert len(set(lost)) == 2
    assert "bye" in said.read_text() or "end" in said.read_text()


def test_a_worker_that_ends_at_once_is_not_started_without_pause(
    start: Start,
) -> None:
    workers, said, lost = start(program="import sys; open(sys.argv[1], 'a').write('x'); sys.exit(3)")
    until(lambda: len(lost) >= 3)
    assert len(said.read_text()) <= len(lost) + 1
    assert not all(workers.alive().values())


def test_every_worker_is_ended_though_a_loss_cannot_be_reported(caplog: pytest.LogCaptureFixture) -> None:
    def unreachable(name: str) -> None:
        raise OSError("no database")

    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    workers = Workers([Role("a", command, frozenset(), 2)], os.environ, unreachable, "home")
    workers.start()
    workers.stop()
    assert set(workers.alive().values()) == {False}
    assert caplog.text.count("could not be reported as lost") == 2
