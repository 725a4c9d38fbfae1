"""A Ray cluster on the loopback, for tests, whose nodes can be killed as by a power cut.

Run as a program it holds the cluster: it prints the address, and for the head and for each line on its standard input
the process of a node's raylet.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec

import psutil

from customlabels.engine.ray.cluster import LOOPBACK, QUIET

TRAINING, FEATURES, UNIT = "ray::train_next", "ray::features", "ray::ServeReplica"
"""How the titles of processes begin that train, that make features for a training elsewhere, and that hold a model."""

_SMALL = {"object_store_memory": 80 * 1024 * 1024, "node_ip_address": "127.0.0.1", "include_log_monitor": False}
_HEAD = {"num_cpus": 1, "include_dashboard": False, "no_monitor": True}
_PORTS = ("metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port", "runtime_env_agent_port")
"""Of a node's agents. A raylet that is not told them waits for its agents, and gives up on a machine that is busy."""


class Nodes:
    """The cluster: a head with one core, beside which a server connects, and further nodes with more cores each."""

    def __init__(self, program: subprocess.Popen[str]) -> None:
        self._program = program
        self.address = self._line()
        self.head = psutil.Process(int(self._line()))
        self.further: list[psutil.Process] = []

    @property
    def settings(self) -> dict[str, str]:
        """The variables of a server that is to work on it."""
        return {"CUSTOMLABELS_ENGINE": "ray", "CUSTOMLABELS_RAY_ADDRESS": self.address}

    def add(self) -> psutil.Process:
        """Start one more node, and wait until it is there."""
        assert self._program.stdin is not None
        self._program.stdin.write("\n")
        self._program.stdin.flush()
        self.further.append(psutil.Process(int(self._line())))
        return self.further[-1]

    def kill(self, node: psutil.Process) -> None:
        """End a node with all that it does, without a word to anybody."""
        self.further.remove(node)
        for process in (node, *node.children(recursive=True)):
            process.kill()

    def replicas(self) -> list[psutil.Process]:
        """The processes of inference units, on all nodes."""
        return [process for node in (self.head, *self.further) for process in workers(node, UNIT)]

    def _line(self) -> str:
        assert self._program.stdout is not None
        line = self._program.stdout.readline().strip()
        assert line, f"The cluster ended with {self._program.wait(10)}."
        return line


def workers(node: psutil.Process, name: str) -> list[psutil.Process]:
    """The processes on a node whose title begins with `name`: Ray's titles say what a process does."""
    found = []
    for process in node.children(recursive=True):
        try:
            if " ".join(process.cmdline()).startswith(name):
                found.append(process)
        except psutil.Error:  # it ended while we looked
            continue
    return found


@contextmanager
def nodes(cores: int = 2) -> Iterator[Nodes]:
    """A cluster with a head and one further node with so many cores, as all that are added; gone at the end.

    Without Ray the test is skipped, but never in CI.
    """
    from ...browser import missing  # which the program below cannot import

    if find_spec("ray") is None:
        missing("Ray is not installed; `make test` installs it")
    patient = {"OMP_NUM_THREADS": "1", "RAY_worker_niceness": "0", "RAY_raylet_start_wait_time_s": "120"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CUSTOMLABELS_")}
    program = subprocess.Popen(
        [sys.executable, __file__, str(cores)],
        env=environment | QUIET | LOOPBACK | patient,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdin is not None
    with program:
        try:
            found = Nodes(program)
            found.add()
            yield found
        finally:
            left = psutil.Process(program.pid).children(recursive=True)
            program.stdin.close()
            try:
                program.wait(20)
            except subprocess.TimeoutExpired:
                program.kill()
            for process in left:
                if process.is_running():
                    process.kill()


def main(cores: int) -> None:
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={**_SMALL, **_HEAD, **_free_ports()})
    print(cluster.address)
    print(_raylet(cluster.head_node), flush=True)
    for _ in sys.stdin:
        print(_raylet(cluster.add_node(wait=False, **_SMALL, num_cpus=cores, **_free_ports())), flush=True)
    cluster.shutdown()


def _free_ports() -> dict[str, int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in _PORTS]
        return {name: probe.getsockname()[1] for name, probe in zip(_PORTS, probes, strict=True)}


def _raylet(node: object) -> int:
    (started,) = node.all_processes["raylet"]  # type: ignore[attr-defined]
    return int(started.process.pid)


if __name__ == "__main__":
    main(int(sys.argv[1]))
