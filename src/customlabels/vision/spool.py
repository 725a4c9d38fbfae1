"""Append-only array storage: in memory up to a bound, in a scratch file past it.

It keeps what is computed once and read many times (cached features), so that memory does not grow with the number of
images.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from types import TracebackType
from typing import IO

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Spool:
    """Rows of one shape and type, appended one after the other and read back by index.

    `limit_bytes` bounds what is held in memory; beyond it all rows live in an unnamed temporary file (in `TMPDIR`),
    which vanishes when the spool is closed or the process ends, however it ends. It is read, not mapped: the pages of a
    map would count as the process's memory. For one thread.
    """

    def __init__(self, shape: Sequence[int], dtype: DTypeLike, limit_bytes: int = 256 * 1024 * 1024) -> None:
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype)
        self._row_bytes = int(np.prod(self.shape)) * self.dtype.itemsize
        self._limit_rows = max(1, limit_bytes // max(1, self._row_bytes))
        self._blocks: list[NDArray[np.generic]] = []
        self._rows = 0
        self._file: IO[bytes] | None = None

    def __len__(self) -> int:
        return self._rows

    @property
    def on_disk(self) -> bool:
        return self._file is not None

    def append(self, rows: NDArray[np.generic]) -> None:
        """Add rows, (N, *shape). Raises ValueError for another shape, OSError where the disk is full."""
        if rows.shape[1:] != self.shape:
            raise ValueError(f"rows of shape {rows.shape[1:]} do not fit a spool of {self.shape}")
        rows = np.ascontiguousarray(rows, dtype=self.dtype)
        if self._file is None and self._rows + len(rows) > self._limit_rows:
            self._file = tempfile.TemporaryFile(prefix="customlabels-")  # noqa: SIM115 (lives as long as the spool)
            for block in self._blocks:
                self._file.write(block.tobytes())
            self._blocks.clear()
        if self._file is None:
            self._blocks.append(rows)
        else:
            self._file.seek(0, os.SEEK_END)
            self._file.write(rows.tobytes())
        self._rows += len(rows)

    def __getitem__(self, index: int | slice | NDArray[np.int64]) -> NDArray[np.generic]:
        """One row or several, as numpy indexes; a copy where `index` is an array, or rows are on disk."""
        if self._file is None:
            held: NDArray[np.generic] = self._held()[index]
            return held
        wanted = np.arange(self._rows)[index]
        read = self._read(self._file, np.atleast_1d(wanted))
        return read if wanted.ndim else read[0]

    def close(self) -> None:
        """Give memory and scratch file back."""
        self._blocks.clear()
        self._rows = 0
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _held(self) -> NDArray[np.generic]:
        """All rows, where they are in memory."""
        if not self._blocks:
            return np.empty((0, *self.shape), dtype=self.dtype)
        if len(self._blocks) > 1:
            self._blocks = [np.concatenate(self._blocks)]
        return self._blocks[0]

    def _read(self, file: IO[bytes], rows: NDArray[np.int64]) -> NDArray[np.generic]:
        """Rows from the file, neighbours in one go."""
        found = np.empty((len(rows), *self.shape), dtype=self.dtype)
        ends = [*(np.flatnonzero(np.diff(rows) != 1) + 1).tolist(), len(rows)]
        first = 0
        for end in ends if len(rows) else ():
            file.seek(int(rows[first]) * self._row_bytes)
            found[first:end] = np.frombuffer(file.read((end - first) * self._row_bytes), dtype=self.dtype).reshape(
                -1, *self.shape
            )
            first = end
        return found
