"""Running a network without torch: OpenVINO where it is installed, ONNX Runtime elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Network = Callable[[Array], tuple[Array, ...]]
"""From images uint8 (B, H, W, 3) to the network's outputs, in order; any number of threads may call it at once."""
Stream = Callable[[Iterable[Array]], Iterator[tuple[Array, ...]]]
"""The outputs for each batch, in order, several batches in flight where the runtime can; for one thread."""

_first_use = Lock()


class RuntimeMissing(RuntimeError):
    """Neither OpenVINO nor ONNX Runtime is installed."""


def open_network(source: Path | bytes, threads: int | None = None, name: str = "network") -> Network:
    """A network ready to run, from a folder with `NAME.xml` or `NAME.onnx`, or from the bytes of an ONNX model.

    `threads` bounds the cores that it uses (all by default). Raises RuntimeMissing, and OSError where no network is.
    """
    return _openvino(source, threads, name) or _onnxruntime(source, threads, name)


def preload() -> None:
    """Import the runtime now, so that a process that waits for its model has done so. Missing, it is no error yet."""
    if _import_openvino() is None:
        with suppress(ImportError):
            import onnxruntime  # noqa: F401


def _import_openvino() -> Any | None:
    """The module, ready for several threads; None where it is not installed."""
    try:
        import openvino
    except ImportError:
        return None
    # The first array that a tensor gives ties the bindings to NumPy. Of two threads that do so at once (2026.4), one
    # has given up Python's lock, the other holds it and waits for the first: both for ever, and all of the process.
    with _first_use:
        _ = openvino.Tensor(np.zeros(1, np.uint8)).data
    return openvino


def _openvino(source: Path | bytes, threads: int | None, name: str) -> Network | None:
    openvino = _import_openvino()
    if openvino is None:
        return None
    core = openvino.Core()
    model = core.read_model(source if isinstance(source, bytes) else _file(source, f"{name}.xml", f"{name}.onnx"))
    compiled = core.compile_model(model, "CPU", _openvino_settings(threads))
    idle: SimpleQueue[Any] = SimpleQueue()  # a request serves one thread at a time

    def run(images: Array) -> tuple[Array, ...]:
        try:
            request = idle.get_nowait()
        except Empty:
            request = compiled.create_infer_request()
        try:
            results = request.infer({0: images})
            return tuple(np.array(results[output]) for output in compiled.outputs)
        finally:
            idle.put(request)

    return run


def _openvino_settings(threads: int | None) -> dict[str, Any]:
    # f32: the evaluation's thresholds must mean the same on every machine, and bf16 moves them.
    settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    return settings | ({"INFERENCE_NUM_THREADS": threads} if threads else {})


def _onnxruntime(source: Path | bytes, threads: int | None, name: str = "network") -> Network:
    try:
        import onnxruntime
    except ImportError as error:
        raise RuntimeMissing("No runtime is installed: pip install openvino (or onnxruntime).") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    model = source if isinstance(source, bytes) else str(_file(source, f"{name}.onnx"))
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def run(images: Array) -> tuple[Array, ...]:
        return tuple(session.run(None, {"image": images}))

    return run


def _file(folder: Path, *names: str) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"{folder} holds no network: expected {' or '.join(names)}.")


def open_stream(model: bytes, threads: int | None = None) -> Stream:
    """An ONNX model ready to run on many batches; `threads` bounds the cores that it uses (all by default)."""
    openvino = _import_openvino()
    if openvino is None:
        return partial(map, _onnxruntime(model, threads))
    core = openvino.Core()
    settings = _openvino_settings(threads) | {"PERFORMANCE_HINT": "THROUGHPUT"}
    compiled = core.compile_model(core.read_model(model), "CPU", settings)
    width = min(os.cpu_count() or 1, max(1, int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))))

    def run(batches: Iterable[Array]) -> Iterator[tuple[Array, ...]]:
        requests = [compiled.create_infer_request() for _ in range(width)]
        waiting: list[int] = []
        for i, batch in enumerate(batches):
            if len(waiting) == width:
                yield _collect(compiled, requests[waiting.pop(0)])
            requests[i % width].start_async({0: batch})
            waiting.append(i % width)
        for index in waiting:
            yield _collect(compiled, requests[index])

    return run


def _collect(compiled: Any, request: Any) -> tuple[Array, ...]:
    request.wait()
    return tuple(np.array(request.get_tensor(output).data) for output in compiled.outputs)
