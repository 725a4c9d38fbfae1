"""A server in processes of its own that is sent bad things, and what it must keep: its processes, memory and files."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from customlabels.api.console.sign_in import HEADER
from customlabels.service.access import sessions
from customlabels.service.access.keys import administrator_key
from customlabels.service.access.users import ADMINISTRATOR
from customlabels.service.service import open_service
from customlabels.settings import Settings

from .. import tiny
from ..service.rows import add_version, model_folder
from ..torture.running import RunningServer, size

BUCKET = "fuzzed"
MODEL = "tiny"
API = "/console/api/"
MORE_MEMORY = 96 << 20
"""Bytes that the processes together may have more at the end than after the first tenth: they keep caches, too."""
MORE_FILES = 24
_STEADY = ("customlabels.service.worker", "customlabels.engine.unit")
"""Processes that no file and no request may end. A decoder may be ended for what a picture takes."""


@dataclass(frozen=True)
class Usage:
    """What the processes of a server have together, but for decoders, which come and go."""

    memory: int
    files: int
    processes: frozenset[int]


class Watched:
    """A server with a model that runs, a bucket, and a project with a dataset; and clients of all its interfaces."""

    def __init__(self, folder: Path) -> None:
        home = folder / "home"
        service = open_service(Settings(home=home))
        tiny.classifier(model_folder(service, MODEL))
        self.version = add_version(service, MODEL, "RUNNING", model=MODEL, min_units=1)
        service.close()
        self.server = RunningServer(home)
        service = open_service(Settings(home=home))
        token = sessions.make_link(service.database, service.account, ADMINISTRATOR)
        key = administrator_key(service.database, service.account)
        service.close()
        assert key is not None
        self.key = key
        self.s3, self.rekognition = self.server.client("s3"), self.server.client("rekognition")
        self.s3.create_bucket(Bucket=BUCKET)
        self.s3.put_object(Bucket=BUCKET, Key="1.png", Body=tiny.picture(255))
        self.project = self.rekognition.create_project(ProjectName="fuzzed")["ProjectArn"]
        self.console = httpx.Client(base_url=f"http://127.0.0.1:{self.server.port}", headers={HEADER: "1"}, timeout=90)
        assert self.console.post(f"{API}session/link", json={"Token": token}).status_code == 200
        self.dataset = self.rekognition.create_dataset(ProjectArn=self.project, DatasetType="TRAIN")["DatasetArn"]
        self.counts: Counter[str] = Counter()
        self._first: Usage | None = None
        self._await_model()

    def close(self) -> None:
        for client in (self.console, self.s3, self.rekognition):
            client.close()
        assert self.server.stop() == 0

    def note(self, what: str, status: int) -> None:
        """An answer. Raises AssertionError for one that says that the server failed."""
        self.counts[f"{what} {status}"] += 1
        assert status < 500 or status == 501, f"{what} was answered with {status}"

    def look(self, done: int, total: int) -> None:
        """To be called after each file or request. Raises AssertionError where something grows, or has ended."""
        if done >= total // 10 and self._first is None:
            self._first = self.usage()
        if done == total and self._first is not None:
            last = self.usage()
            self.counts["MB at first"], self.counts["MB at last"] = self._first.memory >> 20, last.memory >> 20
            self.counts["files at first"], self.counts["files at last"] = self._first.files, last.files
            assert last.processes == self._first.processes, "A worker or an inference unit has ended."
            assert last.memory < self._first.memory + MORE_MEMORY, self.counts
            assert last.files < self._first.files + MORE_FILES, self.counts
            self.require_silence()

    def usage(self) -> Usage:
        time.sleep(1.0)  # connections that were closed are noticed, and garbage is collected
        steady = [self.server.process, *(part for module in _STEADY for part in self.server.processes(module))]
        memory, files = size(steady)
        return Usage(memory, files, frozenset(process.pid for process in steady))

    def require_silence(self) -> None:
        """No program of the server has met what its author did not expect. Raises AssertionError."""
        for path in sorted((self.server.home / "logs").glob("*.jsonl*")):
            for line in path.read_text(encoding="utf-8").splitlines() if "audit" not in path.name else ():
                assert '"traceback"' not in line, line[:4000]
                assert '"level": "error"' not in line, line[:4000]

    def _await_model(self) -> None:
        deadline = time.monotonic() + 90
        arguments: dict[str, Any] = {"ProjectVersionArn": self.version, "Image": {"Bytes": tiny.picture(255)}}
        while True:
            try:
                assert self.rekognition.detect_custom_labels(**arguments)["CustomLabels"][0]["Name"] == "red"
                return
            except self.rekognition.exceptions.ClientError:
                assert time.monotonic() < deadline
                time.sleep(0.2)
