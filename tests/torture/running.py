"""A server in processes of its own, which can be killed as a power cut would."""

from __future__ import annotations

import json
import os
import random
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import boto3
import psutil
from botocore.config import Config

START_SECONDS, STOP_SECONDS = 600, 120
"""Far more than a start and a stop take, but tests may run on a machine that has other things to do."""
Target = Literal["server", "worker", "unit"]
_COMMAND = (sys.executable, "-m", "customlabels")
_PARTS = {"worker": "customlabels.service.worker", "unit": "customlabels.engine.unit"}


def size(processes: Iterable[psutil.Process]) -> tuple[int, int]:
    """Bytes of memory and open file handles of those of them that have not ended."""
    memory = handles = 0
    for process in processes:
        try:
            memory += process.memory_info().rss
            handles += process.num_fds()
        except psutil.Error:
            continue
    return memory, handles


class RunningServer:
    """`customlabels serve` on a home, with further flags and settings. Its log goes on in one file over all starts."""

    def __init__(self, home: Path, *flags: str, settings: Mapping[str, str] | None = None) -> None:
        """`settings` are further variables of its environment."""
        self.home = home
        self.log = home.with_suffix(".log")
        self._flags = flags
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("CUSTOMLABELS_")}
        self.environment |= {"CUSTOMLABELS_HOME": str(home), "OMP_NUM_THREADS": "1", "CUSTOMLABELS_MAX_TRAININGS": "0"}
        self.environment |= settings or {}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._left: list[psutil.Process] = []
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers. Raises AssertionError where it ends instead."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_COMMAND, *self._arguments()], env=self.environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                code = self._process.wait()
                raise AssertionError(f"The server does not answer (code {code}): {self.log.read_text()[-4000:]}")
            time.sleep(0.05)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self, target: Target = "server") -> Target:
        """kill -9 of the server, or of one of its workers or units if there are any. Returns what was killed."""
        parts = self.processes(_PARTS[target]) if target != "server" else []
        if parts:
            random.choice(parts).kill()
            return target
        self._left += self.process.children(recursive=True)
        self._process.kill()
        self._process.wait()
        return "server"

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    @property
    def process(self) -> psutil.Process:
        """The server's own; the others are its children."""
        return psutil.Process(self._process.pid)

    def orphans(self) -> list[psutil.Process]:
        """Processes of servers that were killed, which still run."""
        return [process for process in self._left if process.is_running() and process.status() != "zombie"]

    def size(self) -> tuple[int, int]:
        """Bytes of memory and open file handles of the server and all its processes."""
        return size((self.process, *self.process.children(recursive=True)))

    def stop(self) -> int:
        """Ask it to end, as a service's supervisor does, and return its exit code."""
        if self.runs:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_SECONDS)
        finally:
            for process in self.orphans():
                process.kill()

    def is_well(self) -> bool:
        """Whether it answers that its database and all its workers are there."""
        try:
            with urllib.request.urlopen(f"{self.endpoint}/health", timeout=5) as answer:
                return bool(json.load(answer)["status"] == "ok")
        except OSError:
            return False

    @cached_property
    def told(self) -> dict[str, str]:
        """What `customlabels env` prints for clients."""
        said = subprocess.run([*_COMMAND, "env"], env=self.environment, capture_output=True, text=True, check=True)
        return dict(shlex.split(line)[1].split("=", 1) for line in said.stdout.splitlines())

    def client(self, service: str) -> Any:
        """A client that tries once, so that it is known what was acknowledged. Threads may share it."""
        told = self.told
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=told["AWS_REGION" if "AWS_REGION" in told else "AWS_DEFAULT_REGION"],
            aws_access_key_id=told["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=told["AWS_SECRET_ACCESS_KEY"],
            config=Config(
                retries={"total_max_attempts": 1},
                connect_timeout=5,
                read_timeout=30,
                max_pool_connections=50,
                s3={"addressing_style": "path"},
            ),
        )

    def _arguments(self) -> list[str]:
        return ["serve", "--port", str(self.port), *self._flags]

    def processes(self, module: str) -> list[psutil.Process]:
        """Its children that run a module."""
        found = []
        for process in self.process.children(recursive=True):
            try:
                if module in process.cmdline():
                    found.append(process)
            except psutil.Error:  # it ended while we looked
                continue
        return found

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.endpoint}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


class RunningWorkers(RunningServer):
    """`customlabels work` on a home."""

    def _arguments(self) -> list[str]:
        return ["work"]

    def _answers(self) -> bool:
        return (self.home / "logs" / "data-0.jsonl").exists()
