"""Append-only array storage: in memory up to a bound, in a memory-mapped scratch file past it.

It keeps what is computed once and read many times (decoded pictures, cached features), so that memory does not grow
with the number of images.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from types import TracebackType
from typing import IO

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Spool:
    """Rows of one shape and type, appended one after the other and read back by index.

    `limit_bytes` bounds what is held in memory; beyond it all rows live in an unnamed temporary file (in `TMPDIR`),
    which vanishes when the spool is closed or the process ends, however it ends.
    """

    def __init__(self, shape: Sequence[int], dtype: DTypeLike, limit_bytes: int = 256 * 1024 * 1024) -> None:
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype)
        self._row_bytes = int(np.prod(self.shape)) * self.dtype.itemsize
        self._limit_rows = max(1, limit_bytes // max(1, self._row_bytes))
        self._blocks: list[NDArray[np.generic]] = []
        self._rows = 0
        self._file: IO[bytes] | None = None
        self._array: NDArray[np.generic] | None = None

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
        self._array = None
        if self._file is None and self._rows + len(rows) > self._limit_rows:
            self._file = tempfile.TemporaryFile(prefix="customlabels-")  # noqa: SIM115 (lives as long as the spool)
            for block in self._blocks:
                self._file.write(block.tobytes())
            self._blocks.clear()
        if self._file is None:
            self._blocks.append(rows)
        else:
            self._file.write(rows.tobytes())
        self._rows += len(rows)

    def __getitem__(self, index: int | slice | NDArray[np.int64]) -> NDArray[np.generic]:
        """One row or several, as numpy indexes; a copy where `index` is an array."""
        picked: NDArray[np.generic] = self._all()[index]
        return picked

    def close(self) -> None:
        """Give memory and scratch file back."""
        self._array = None
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

    def _all(self) -> NDArray[np.generic]:
        if self._array is None:
            if self._file is not None:
                self._file.flush()
                self._array = np.memmap(self._file, dtype=self.dtype, mode="r", shape=(self._rows, *self.shape))
            elif self._blocks:
                self._array = self._blocks[0] if len(self._blocks) == 1 else np.concatenate(self._blocks)
                self._blocks = [self._array]
            else:
                self._array = np.empty((0, *self.shape), dtype=self.dtype)
        return self._array
