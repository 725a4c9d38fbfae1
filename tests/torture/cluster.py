"""A Ray cluster under torture, whose nodes are killed just when they are at work."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..engine.ray.nodes import TRAINING, UNIT, Nodes, nodes, workers
from .stores import Surroundings

PATIENCE_SECONDS = 600
LONGEST_WORK = 3.0
"""A node is killed up to so many seconds after it was found at work."""
_CORES = 4
"""Of the node beside the head: two for a training, which the head has no room for, and one for each running model."""


@dataclass(frozen=True)
class WorkingNode:
    """The node beside the head, at a moment at which it has a process whose title begins with `title`."""

    cluster: Nodes
    title: str

    def kill(self) -> None:
        """Once it has such a process. Raises AssertionError where it gets none."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (self._at_work(0.05) and self._at_work(random.uniform(0, LONGEST_WORK))):
            assert time.monotonic() < deadline, f"The node has no process {self.title}."
        self.cluster.kill(self.cluster.further[0])

    def start(self) -> None:
        self.cluster.add()

    def _at_work(self, after: float) -> bool:
        time.sleep(after)
        return bool(workers(self.cluster.further[0], self.title))


@contextmanager
def on_a_cluster(stores: Surroundings) -> Iterator[Surroundings]:
    """These stores, and a cluster of two nodes to work on."""
    with nodes(_CORES) as cluster:
        killed = {"training node": WorkingNode(cluster, TRAINING), "unit node": WorkingNode(cluster, UNIT)}
        yield Surroundings(stores.database, {**stores.settings, **cluster.settings}, {**killed, **stores.programs})
