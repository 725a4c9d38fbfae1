"""kill -9 of whatever a server is made of, at random points: what was acknowledged is there afterwards, once."""

from __future__ import annotations

import itertools
import random
import statistics
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from .cluster import on_a_cluster
from .history import History
from .ledger import Observer, State
from .operations import BUCKET, MAIN, Operations, image
from .running import RunningServer
from .stores import Kind, Surroundings, stores

pytestmark = pytest.mark.torture

OUTAGES = ("database", "s3")
"""Of what a server may say that it cannot do anything for now."""
ON_A_CLUSTER = 0.4
"""Of the rounds, since a node takes its time to start."""
MOST_DELAY = 4.0
LONGEST_OUTAGE = 2.0
PATIENCE_SECONDS = 180


class Torture:
    """One server with what is beside it, and a client that knows what it was told."""

    def __init__(self, server: RunningServer, beside: Surroundings, seed: int) -> None:
        self._server = server
        self._programs = beside.programs
        units = () if "unit node" in beside.programs else ("unit",)
        self._targets = itertools.cycle([*beside.programs, "server", "worker", *units])
        self._chance = random.Random(seed)
        self._rekognition = server.client("rekognition")
        self._s3 = server.client("s3")
        self._operations = Operations(self._rekognition, self._s3, self._chance)
        self._operations.prepare()
        history = History(beside.database)
        history.begin()
        self._observer = Observer(self._rekognition, self._s3, BUCKET, history, MAIN)
        self._state = State()
        self._answers: dict[str, Any] = {}
        self._trained: set[str] = set()
        self._arns: dict[str, str] = {}
        self.counts: Counter[str] = Counter()
        self.recoveries: dict[str, list[float]] = defaultdict(list)
        """Seconds from the kill of a thing, or from the end of a store's outage, until calls succeed, by the thing."""
        self.history: list[str] = []

    def round(self) -> None:
        """Some operations, a kill among them, and a look at what there is then."""
        self.history = []
        target = next(target for target in self._targets if target != "unit node" or self._trained)
        delay, outage = self._chance.uniform(0, MOST_DELAY), self._chance.uniform(0, LONGEST_OUTAGE)
        killer = threading.Timer(delay, self._kill, (target, outage))
        killer.start()
        unknown = None
        try:
            while killer.is_alive() and unknown is None:
                unknown = self._operate(target)
        finally:
            killer.join()
        observed = self._observer.state()
        if unknown is None or observed != unknown:
            assert observed == self._state
        self._state = observed
        self._look_at_models()
        self._await_no_orphans()

    def acknowledged(self) -> int:
        """How many operations have succeeded, each of which was looked for afterwards."""
        return sum(count for what, count in self.counts.items() if ":" not in what and what != "answers")

    def report(self) -> str:
        """What was done, and how soon things were well again."""
        kills = sum(map(len, self.recoveries.values()))
        lines = [
            f"{kills} kills, {self.acknowledged()} acknowledged operations, each of them there, once",
            ", ".join(f"{n} {what}" for what, n in sorted(self.counts.items())),
        ]
        for what, seconds in sorted(self.recoveries.items()):
            middle, longest = statistics.median(seconds), max(seconds)
            words = f"calls succeed after {middle:.2f} s (median), {longest:.2f} s (most)"
            lines.append(f"{len(seconds)} kills of {what}: {words}")
        return "\n".join(lines)

    def _kill(self, target: str, outage: float) -> None:
        """Kill something, start again what nobody else would, and wait until calls succeed."""
        program = self._programs.get(target)
        began = time.monotonic()
        if program is not None:
            program.kill()
            self._note(f"killed {target}")
            time.sleep(outage)
            began = time.monotonic()
            program.start()
        else:
            target = self._server.kill(target)  # type: ignore[arg-type]
            self._note(f"killed {target}")
            if not self._server.runs:
                self._server.start()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._works(target):
            assert time.monotonic() < deadline, f"No call succeeds after the kill of {target}."
            time.sleep(0.02)
        self.recoveries[target].append(time.monotonic() - began)
        self._note("calls succeed again")

    def _works(self, target: str) -> bool:
        """Whether what a thing was needed for succeeds."""
        try:
            self._rekognition.describe_projects(MaxResults=1)
            self._s3.head_object(Bucket=BUCKET, Key="i/0.png")
            if target in ("unit", "unit node"):
                for arn in [
                    self._arns[name] for name, status in [*self._state.versions.items()] if status == "RUNNING"
                ]:
                    self._rekognition.detect_custom_labels(ProjectVersionArn=arn, Image={"Bytes": image(0)[2]})
        except ClientError as error:
            return bool(error.response["ResponseMetadata"]["HTTPStatusCode"] < 500)
        except BotoCoreError:
            return False
        return target != "worker" or self._server.is_well()

    def _operate(self, target: str) -> State | None:
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
                assert target in OUTAGES, "Only an outage of a store is a reason for that."
                self.counts[f"{kind}: unavailable"] += 1
                return after
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
            self._arns.setdefault(name, self._operations.version_arn(name))
            if status in ("TRAINING_COMPLETED", "STOPPED"):
                self._trained.add(name)
            elif status == "RUNNING":
                answer = self._ask(name)
                assert answer == self._answers.setdefault(name, answer), f"{name} answers otherwise than before"
                self.counts["answers"] += 1

    def _ask(self, name: str) -> Any:
        """What a running model says of a picture. It may take a moment until a killed unit is replaced."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self._rekognition.detect_custom_labels(
                    ProjectVersionArn=self._arns[name], Image={"Bytes": image(0)[2]}, MinConfidence=0
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


@pytest.fixture(params=["sqlite-folder", "postgresql-s3", "postgresql-s3-ray"])
def beside(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Surroundings]:
    """What a server has that is not there yet."""
    kind: Kind = "sqlite-folder" if request.param == "sqlite-folder" else "postgresql-s3"
    programs = request.getfixturevalue("postgresql_programs") if kind == "postgresql-s3" else None
    with ExitStack() as stack:
        made = stack.enter_context(stores(kind, tmp_path, programs))
        yield stack.enter_context(on_a_cluster(made)) if request.param.endswith("ray") else made


@pytest.fixture
def server(tmp_path: Path, beside: Surroundings) -> Iterator[RunningServer]:
    running = RunningServer(tmp_path / "home", settings=beside.settings)
    yield running
    assert running.stop() == 0


# checklist: L07
def test_what_was_acknowledged_survives_kills(
    server: RunningServer, beside: Surroundings, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds: int = request.config.getoption("--torture-rounds")
    if "unit node" in beside.programs:
        rounds = max(2, round(ON_A_CLUSTER * rounds))
    seed: int = request.config.getoption("--torture-seed")
    torture = Torture(server, beside, seed)
    for number in range(1, rounds + 1):
        try:
            torture.round()
        except BaseException as error:
            error.add_note(f"In round {number} of seed {seed}:\n" + "\n".join(torture.history))
            error.add_note(f"Until then: {torture.report()}")
            error.add_note("The server's log ends with:\n" + server.log.read_text()[-6000:])
            raise
    with capsys.disabled():
        print(f"\nseed {seed}: {torture.report()}")
