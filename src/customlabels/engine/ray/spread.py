"""Features of many pictures, made all over a cluster: for a training that is a task of it.

The training goes on making features itself, and what others cannot make, or not in time, is its own work again: so it
needs no core but those that it has, and nothing is lost with a node.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import ray
from ray.exceptions import RayError

from customlabels.engine.sharing import shared
from customlabels.vision.extraction import Extraction, Outputs, extract_here, numbered
from customlabels.vision.samples import Sample

log = logging.getLogger(__name__)
CHUNK = 16
"""Pictures that a task makes the features of: about a second of work."""
MOST_HANDS = 64
"""Tasks at a time, as the results of twice as many wait in memory for their turn: some 2 MB each."""
LOOK_SECONDS = 0.2
"""How soon a task is ended that nobody needs any more."""
TASK = "features"

Extractor = Callable[[Extraction, Sequence[tuple[int, str]], int], list[Outputs]]
"""Makes the features of pictures with these numbers and source-refs, with so many cores; it can be pickled."""


class Spread:
    """As `vision.extraction.extract_here`; `least` pictures and more are spread over the nodes of the cluster.

    Tasks ask for as many cores as the training has, so that neither keeps the other out, and run on other nodes than
    the training's, which has all cores of its own in use.
    """

    def __init__(self, extractor: Extractor, least: int) -> None:
        self._extractor = extractor
        self._least = least

    def __call__(self, extraction: Extraction, samples: Sequence[Sample]) -> Iterator[Outputs]:
        context = ray.get_runtime_context()
        here, cores = context.get_node_id(), int(context.get_assigned_resources().get("CPU", 1))
        hands = _room(here, cores)
        if len(samples) < self._least or not hands:
            yield from extract_here(extraction, samples)
            return
        given = ray.put((self._extractor, extraction))
        task = ray.remote(_extract).options(
            name=TASK, num_cpus=cores, max_retries=0, label_selector={"ray.io/node-id": f"!{here}"}
        )

        def elsewhere(part: range, wanted: Callable[[], bool]) -> list[Outputs] | None:
            return _result(task.remote(given, [(i, samples[i].source_ref) for i in part], cores), wanted)

        extract, pictures = extraction.open(), numbered(samples)
        parts = [range(first, min(first + CHUNK, len(samples))) for first in range(0, len(samples), CHUNK)]
        yield from shared(parts, lambda part: extract(pictures[part.start : part.stop]), elsewhere, hands)


def _extract(given: tuple[Extractor, Extraction], refs: Sequence[tuple[int, str]], threads: int) -> list[Outputs]:
    extractor, extraction = given
    return extractor(extraction, refs, threads)


def _room(here: str, cores: int) -> int:
    """How many tasks of so many cores the other nodes have room for, when they do nothing else."""
    others = [node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"] and node["NodeID"] != here]
    return min(MOST_HANDS, sum(int(has // cores) for has in others))


def _result(task: Any, wanted: Callable[[], bool]) -> list[Outputs] | None:
    """What a task gives; None where it fails, or is ended, since nobody wants that any more.

    Not for the main thread of a task: while that waits, Ray gives its cores to others.
    """
    while wanted():
        done, _ = ray.wait([task], timeout=LOOK_SECONDS)
        if done:
            try:
                made: list[Outputs] = ray.get(task)
                # What Ray gives lies in its store, for as long as it is used.
                return [tuple(values.copy() for values in outputs) for outputs in made]
            except RayError as error:
                log.warning("features could not be made on another node: %s", error)
                return None
    ray.cancel(task, force=True)
    return None
