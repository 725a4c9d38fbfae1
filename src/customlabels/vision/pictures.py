"""Decoded training pictures: each is decoded once, then kept in memory up to a bound and in a scratch file past it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from typing import IO

import numpy as np

from customlabels.imaging.images import Pixels, decode
from customlabels.vision.parallel import in_chunks

_CHUNK = 16


class Pictures:
    """Upright RGB pictures by index, none longer than `longest_side` pixels.

    `readers` give the encoded bytes. `limit_bytes` bounds what is held in memory. Use as a context manager: the
    scratch file goes with it. `on_progress` is told the fraction done and may raise to stop. Raises ImageError and
    OSError as decoding and reading do.
    """

    def __init__(
        self,
        readers: Sequence[Callable[[], bytes]],
        longest_side: int,
        limit_bytes: int = 256 * 1024 * 1024,
        on_progress: Callable[[float], None] | None = None,
    ) -> None:
        self._longest_side = longest_side
        self._memory: dict[int, Pixels] = {}
        self._places: dict[int, tuple[int, tuple[int, ...]]] = {}
        self._file: IO[bytes] | None = None
        room = limit_bytes
        for chunk in in_chunks(self._decode, readers, _CHUNK):
            for pixels in chunk:
                room -= pixels.nbytes
                if room >= 0:
                    self._memory[len(self)] = pixels
                else:
                    self._places[len(self)] = (self._append(pixels), pixels.shape)
            if on_progress is not None:
                on_progress(len(self) / len(readers))

    def __len__(self) -> int:
        return len(self._memory) + len(self._places)

    def __getitem__(self, index: int) -> Pixels:
        if index in self._memory:
            return self._memory[index]
        offset, shape = self._places[index]
        assert self._file is not None
        return np.memmap(self._file, np.uint8, "r", offset, shape)

    def __enter__(self) -> Pictures:
        return self

    def __exit__(self, *_: object) -> None:
        self._memory.clear()
        self._places.clear()
        if self._file is not None:
            self._file.close()

    def _decode(self, read: Callable[[], bytes]) -> Pixels:
        return decode(read(), longest_side=self._longest_side)

    def _append(self, pixels: Pixels) -> int:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="customlabels-")  # noqa: SIM115 (lives as long as this)
        offset = self._file.tell()
        self._file.write(pixels.tobytes())
        self._file.flush()
        return offset
