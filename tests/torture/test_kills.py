"""kill -9 of the server, its workers and its units at random points: what was acknowledged is there afterwards."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from .ledger import Observer, State
from .operations import BUCKET, MAIN, Operations, image
from .running import RunningServer, Target

pytestmark = pytest.mark.torture

TARGETS: tuple[Target, ...] = ("server", "server", "worker", "unit")
MOST_DELAY = 4.0
PATIENCE_SECONDS = 60


class Torture:
    """One home, and a client that knows what it was told."""

    def __init__(self, server: RunningServer, seed: int) -> None:
        self._server = server
        self._chance = random.Random(seed)
        self._rekognition = server.client("rekognition")
        s3 = server.client("s3")
        self._operations = Operations(self._rekognition, s3, self._chance)
        self._operations.prepare()
        self._observer = Observer(self._rekognition, s3, BUCKET, server.home, MAIN)
        self._state = State()
        self._answers: dict[str, Any] = {}
        self._trained: set[str] = set()
        self.counts: Counter[str] = Counter()
        self.history: list[str] = []

    def round(self) -> None:
        """Some operations, a kill among them, and a look at what there is then."""
        self.history = []
        target = self._chance.choice(TARGETS)
        killer = threading.Timer(self._chance.uniform(0, MOST_DELAY), lambda: self._note(self._server.kill(target)))
        killer.start()
        unknown = None
        try:
            while killer.is_alive() and unknown is None:
                unknown = self._operate()
        finally:
            killer.join()
        if not self._server.runs:
            self._server.start()
        observed = self._observer.state()
        if unknown is None or observed != unknown:
            assert observed == self._state
        self._state = observed
        self._look_at_models()
        self._await_no_orphans()

    def _operate(self) -> State | None:
        """Do something. Where the answer did not come, returns what the state is if it was done all the same."""
        operation = self._operations.next(self._state, self._trained)
        after = self._state.copy()
        operation.effect(after)
        kind = " ".join(operation.name.split()[:2]) if "create" in operation.name else operation.name.split()[0]
        try:
            operation.call()
        except ClientError as error:
            answer = error.response
            self._note(f"{operation.name}: refused: {answer['Error']['Code']}")
            if answer["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise
            self.counts[f"{kind}: refused"] += 1
            time.sleep(0.05)
            return None
        except BotoCoreError as error:
            self._note(f"{operation.name}: {type(error).__name__}")
            self.counts[f"{kind}: no answer"] += 1
            return after
        self._note(operation.name)
        self.counts[kind] += 1
        self._state = after
        return None

    def _look_at_models(self) -> None:
        for name, status in self._observer.statuses().items():
            if status in ("TRAINING_COMPLETED", "STOPPED"):
                self._trained.add(name)
            elif status == "RUNNING":
                answer = self._ask(name)
                assert answer == self._answers.setdefault(name, answer), f"{name} answers otherwise than before"
                self.counts["answers"] += 1

    def _ask(self, name: str) -> Any:
        """What a running model says of a picture. It may take a moment until a killed unit is replaced."""
        arn = self._operations.version_arn(name)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self._rekognition.detect_custom_labels(
                    ProjectVersionArn=arn, Image={"Bytes": image(0)[2]}, MinConfidence=0
                )["CustomLabels"]
            except ClientError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def _await_no_orphans(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while orphans := self._server.orphans():
            assert time.monotonic() < deadline, [process.cmdline() for process in orphans]
            time.sleep(0.2)

    def _note(self, text: str) -> None:
        self.history.append(text)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    running = RunningServer(tmp_path / "home")
    yield running
    assert running.stop() == 0


# checklist: L07
def test_what_was_acknowledged_survives_kills(
    server: RunningServer, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds: int = request.config.getoption("--torture-rounds")
    seed: int = request.config.getoption("--torture-seed")
    torture = Torture(server, seed)
    for number in range(1, rounds + 1):
        try:
            torture.round()
        except BaseException as error:
            error.add_note(f"In round {number} of seed {seed}:\n" + "\n".join(torture.history))
            error.add_note("The server's log ends with:\n" + server.log.read_text()[-6000:])
            raise
    with capsys.disabled():
        print(
            f"\n{rounds} kills, seed {seed}: " + ", ".join(f"{n} {what}" for what, n in sorted(torture.counts.items()))
        )
