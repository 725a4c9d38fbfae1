"""Models that run in real unit processes: killed, stuck, asleep, under load, stopped."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from customlabels.engine import scaling
from customlabels.engine.fleet import Fleet
from customlabels.engine.lanes import CapacityExceeded
from customlabels.engine.process import UnitLost
from customlabels.engine.units import NotRunning, Wanted
from customlabels.engine.wire import Question
from customlabels.vision.model import Model

from .. import tiny
from .conftest import Until

MakeFleet = Callable[..., Fleet]


@pytest.fixture
def make_fleet() -> Iterator[MakeFleet]:
    """make_fleet(queue, idle_seconds, request_seconds) makes a fleet that is closed after the test."""
    made: list[Fleet] = []

    def make(queue: int = 8, idle_seconds: float = 0, request_seconds: float = 20) -> Fleet:
        made.append(Fleet(queue, idle_seconds, request_seconds))
        return made[-1]

    yield make
    for fleet in made:
        fleet.close()


def confidences(fleet: Fleet, name: str, image: bytes) -> dict[str, float]:
    found = json.loads(fleet.ask(name, Question(image, 0.0)).content)
    return {item["Name"]: item["Confidence"] for item in found}


def pids(fleet: Fleet, name: str) -> list[int]:
    return [unit.pid for unit in fleet._models[name]._serving]


# checklist: I10, I11
def test_each_model_gives_its_own_answers(
    make_fleet: MakeFleet, classifier: Path, detector: Path, until: Until
) -> None:
    fleet = make_fleet()
    fleet.run({"classifier": Wanted(classifier, 1, 1), "detector": Wanted(detector, 1, 1)})
    image = tiny.picture(255, 51, 0)
    for name, folder in (("classifier", classifier), ("detector", detector)):
        found = json.loads(fleet.ask(name, Question(image)).content)
        assert found == [item.to_dict() for item in Model.load(folder).detect(image)]
    until(lambda: all(counts.in_service == 1 for counts in fleet.counts().values()))
    fleet.run({"detector": Wanted(detector, 1, 1)})
    until(lambda: fleet.present() == {"detector"})
    with pytest.raises(NotRunning):
        fleet.ask("classifier", Question(image))
    assert json.loads(fleet.ask("detector", Question(image, 100.0)).content)
    assert json.loads(fleet.ask("detector", Question(tiny.picture(0), None)).content) == []


def test_units_that_are_killed_under_load_give_errors_or_right_answers_and_come_back(
    make_fleet: MakeFleet, classifier: Path, until: Until
) -> None:
    fleet = make_fleet(queue=16)
    fleet.run({"model": Wanted(classifier, 2, 2)})
    until(lambda: fleet.counts()["model"].in_service == 2)
    stop = threading.Event()

    def ask(red: int) -> tuple[int, int]:
        right = lost = 0
        while not stop.is_set():
            try:
                found = confidences(fleet, "model", tiny.picture(red))
            except UnitLost:
                lost += 1
            else:
                assert found["red"] == pytest.approx(100 * red / 255)
                right += 1
        return right, lost

    with ThreadPoolExecutor(6) as pool:
        asking = [pool.submit(ask, 40 * i) for i in range(6)]
        killed: set[int] = set()
        try:
            for _ in range(3):
                until(lambda: set(pids(fleet, "model")) - killed)
                victim = next(iter(set(pids(fleet, "model")) - killed))
                os.kill(victim, signal.SIGKILL)
                killed.add(victim)
                until(lambda victim=victim: victim not in pids(fleet, "model"))  # type: ignore[misc]
            until(lambda: fleet.counts()["model"].in_service == 2)
        finally:
            stop.set()
        results = [future.result() for future in asking]
    assert all(right for right, _ in results)
    assert sum(lost for _, lost in results) <= 3 * 2  # one for each lane of a killed unit


def test_a_stuck_unit_is_ended_after_the_time_limit_and_replaced(
    make_fleet: MakeFleet, classifier: Path, until: Until
) -> None:
    fleet = make_fleet(request_seconds=0.3)
    fleet.run({"model": Wanted(classifier, 1, 1)})
    until(lambda: fleet.counts()["model"].in_service == 1)
    os.kill(pids(fleet, "model")[0], signal.SIGSTOP)
    with pytest.raises(UnitLost, match=r"did not answer within 0\.3 seconds"):
        fleet.ask("model", Question(tiny.picture(255)))
    until(lambda: fleet.counts()["model"].in_service == 1)
    assert confidences(fleet, "model", tiny.picture(255))["red"] == 100


# checklist: L09
def test_a_model_that_idles_has_no_process_and_answers_its_next_call(
    make_fleet: MakeFleet, classifier: Path, until: Until
) -> None:
    fleet = make_fleet(idle_seconds=0.2)
    fleet.run({"model": Wanted(classifier, 1, 1)})
    for red in (51, 255):
        assert confidences(fleet, "model", tiny.picture(red))["red"] == pytest.approx(100 * red / 255)
        process = pids(fleet, "model")[0]
        until(lambda: fleet.counts()["model"].in_service == 0)
        assert fleet.counts()["model"].desired == 0
        until(lambda process=process: _ended(process))  # type: ignore[misc]


# checklist: I20
def test_load_beyond_the_capacity_is_refused_and_units_are_added(
    make_fleet: MakeFleet, classifier: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scaling, "UP_SECONDS", 0.0)
    monkeypatch.setattr(scaling, "DOWN_SECONDS", 0.0)
    fleet = make_fleet(queue=2)
    fleet.run({"model": Wanted(classifier, 1, 2)})
    until(lambda: fleet.counts()["model"].in_service == 1)
    process = pids(fleet, "model")[0]
    os.kill(process, signal.SIGSTOP)  # a unit that takes its time
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(confidences, fleet, "model", tiny.picture(51)) for _ in range(8)]
        until(lambda: sum(future.done() for future in asked) >= 4)
        until(lambda: fleet.counts()["model"].in_service == 2)
        assert confidences(fleet, "model", tiny.picture(255))["red"] == 100
        os.kill(process, signal.SIGCONT)
        errors = [future.exception() for future in asked]
    refused = [error for error in errors if error is not None]
    assert len(refused) >= 4
    assert all(isinstance(error, CapacityExceeded) for error in refused)
    until(lambda: fleet.counts()["model"].desired == fleet.counts()["model"].in_service == 1)


def test_a_model_that_cannot_be_loaded_fails_with_its_reason_and_leaves_others_alone(
    make_fleet: MakeFleet, classifier: Path, tmp_path: Path, until: Until
) -> None:
    fleet = make_fleet()
    fleet.run({"good": Wanted(classifier, 1, 1), "bad": Wanted(tmp_path / "nowhere", 1, 1)})
    until(fleet.failures)
    assert list(fleet.failures()) == ["bad"]
    assert "nowhere is not a model" in fleet.failures()["bad"]
    with pytest.raises(UnitLost, match="nowhere"):
        fleet.ask("bad", Question(tiny.picture(255)))
    assert confidences(fleet, "good", tiny.picture(255))["red"] == 100


def test_a_model_can_be_stopped_while_it_starts(make_fleet: MakeFleet, classifier: Path, until: Until) -> None:
    fleet = make_fleet()
    fleet.run({"model": Wanted(classifier, 2, 2)})
    fleet.run({})
    until(lambda: not fleet.present())


def test_a_closed_fleet_has_no_processes(classifier: Path, until: Until) -> None:
    fleet = Fleet(8, 0)
    fleet.run({"model": Wanted(classifier, 1, 1)})
    until(lambda: fleet.counts()["model"].in_service == 1 and fleet._spare is not None)
    processes = [*pids(fleet, "model"), fleet._spare.pid if fleet._spare else 0]
    fleet.close()
    assert all(_ended(process) for process in processes)


def _ended(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False
