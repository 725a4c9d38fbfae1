"""A server in processes of its own, which can be killed as a power cut would."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import boto3
import psutil
from botocore.config import Config

Target = Literal["server", "worker", "unit"]
_COMMAND = (sys.executable, "-m", "customlabels")
_PARTS = {"worker": "customlabels.service.worker", "unit": "customlabels.engine.unit"}


class RunningServer:
    """`customlabels serve` on a home, with further flags and settings. Its log goes on in one file over all starts."""

    def __init__(self, home: Path, *flags: str, **settings: str) -> None:
        self.home = home
        self.log = home.with_suffix(".log")
        self._flags = flags
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("CUSTOMLABELS_")}
        self._environment |= {"CUSTOMLABELS_HOME": str(home), "OMP_NUM_THREADS": "1", "CUSTOMLABELS_MAX_TRAININGS": "0"}
        self._environment |= {f"CUSTOMLABELS_{name.upper()}": value for name, value in settings.items()}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._left: list[psutil.Process] = []
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers. Raises AssertionError where it ends instead."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_COMMAND, *self._arguments()], env=self._environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + 120
        while not self._answers():
            assert self._process.poll() is None, f"The server ended: {self.log.read_text()[-4000:]}"
            assert time.monotonic() < deadline, "The server does not answer."
            time.sleep(0.05)

    def kill(self, target: Target) -> str:
        """kill -9 of the server, or of one of its workers or units if there are any. Returns what was killed."""
        parts = self._parts(_PARTS[target]) if target != "server" else []
        if parts:
            parts[0].kill()
            return f"{target} {parts[0].pid}"
        self._left += psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        self._process.wait()
        return f"server {self._process.pid}"

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
        memory = handles = 0
        root = psutil.Process(self._process.pid)
        for process in (root, *root.children(recursive=True)):
            try:
                memory += process.memory_info().rss
                handles += process.num_fds()
            except psutil.Error:  # it ended while we looked
                continue
        return memory, handles

    def stop(self) -> int:
        """Ask it to end, as a service's supervisor does, and return its exit code."""
        if self.runs:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(30)
        finally:
            for process in self.orphans():
                process.kill()

    def client(self, service: str) -> Any:
        """A client that tries once, so that it is known what was acknowledged. Threads may share it."""
        told = self.told
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
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

    @cached_property
    def told(self) -> dict[str, str]:
        """What `customlabels env` prints."""
        said = subprocess.run([*_COMMAND, "env"], env=self._environment, capture_output=True, text=True, check=True)
        return dict(shlex.split(line)[1].split("=", 1) for line in said.stdout.splitlines())

    def _arguments(self) -> list[str]:
        return ["serve", "--port", str(self.port), *self._flags]

    def _parts(self, module: str) -> list[psutil.Process]:
        found = []
        for process in psutil.Process(self._process.pid).children(recursive=True):
            try:
                if module in process.cmdline():
                    found.append(process)
            except psutil.Error:  # it ended while we looked
                continue
        return found

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


class RunningWorkers(RunningServer):
    """`customlabels work` on a home."""

    def _arguments(self) -> list[str]:
        return ["work"]

    def _answers(self) -> bool:
        return (self.home / "logs" / "training-0.jsonl").exists()
