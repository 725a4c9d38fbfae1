"""CRC-32C and CRC-64/NVME, and what all CRCs have: that of two texts in a row follows from those of the two.

A CRC's register changes linearly, so a block is cut into lanes, which numpy runs through side by side, each from an
empty register; then the lanes are joined, pair by pair. The register of "x then n bytes of zero" is a matrix of bits
times that of x; the matrix is kept as a table for each byte of the register.
https://reveng.sourceforge.io/crc-catalogue/ has the parameters; both polynomials here are bit-reversed.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

_Words = npt.NDArray[np.uint64]

_STEP = 8
"""Bytes that a lane takes in at once."""
_LANES = 8192
_LANE_BYTES = 64
_BLOCK = _LANES * _LANE_BYTES
_FEW = 500
"""Bytes that are as well taken one by one."""


class Polynomial:
    """A CRC with all bits set at the start and inverted at the end, lowest bit first."""

    def __init__(self, bits: int, reversed_polynomial: int) -> None:
        self.bits: Final = bits
        self._ones = (1 << bits) - 1
        table = []
        for byte in range(256):
            for _ in range(8):
                byte = byte >> 1 ^ (reversed_polynomial if byte & 1 else 0)
            table.append(byte)
        self._table = table
        # tables[k]: the register after a byte and k bytes of zero
        tables = [np.array(table, np.uint64)]
        for _ in range(_STEP - 1):
            last = tables[-1]
            tables.append(tables[0][last & np.uint64(255)] ^ last >> np.uint64(8))
        self._tables = tables[::-1]

    def update(self, crc: int, data: bytes | memoryview) -> int:
        """The CRC of what had `crc` (0 for nothing) and `data`."""
        register, view = crc ^ self._ones, memoryview(data)
        while len(view) >= _BLOCK:
            register = self._apply(_BLOCK, register) ^ self._block(view[:_BLOCK])
            view = view[_BLOCK:]
        return self._bytes(register, view) ^ self._ones

    def combine(self, first: int, second: int, size: int) -> int:
        """The CRC of two texts in a row; `size` is that of the second in bytes."""
        # That the second began with all bits set cancels out with the inversion at the end of the first.
        while size:
            power = size & -size
            first = self._apply(power, first)
            size -= power
        return first ^ second

    def _bytes(self, register: int, view: memoryview) -> int:
        while len(view) > _FEW:  # fewer lanes, of one step each
            lanes = 1 << (len(view) // _STEP).bit_length() - 1
            size = lanes * _STEP
            register = self._apply(size, register) ^ self._block(view[:size], lanes)
            view = view[size:]
        table = self._table
        for byte in view:
            register = table[(register ^ byte) & 255] ^ register >> 8
        return register

    def _block(self, view: memoryview, lanes: int = _LANES) -> int:
        """The register after a block, from an empty one."""
        words = np.frombuffer(view, "<u8").reshape(lanes, -1).T
        registers = np.zeros(lanes, np.uint64)
        for column in words:
            registers = self._through(self._tables, registers ^ column)
        size = len(view) // lanes
        while len(registers) > 1:
            registers = self._through(self._matrix(size), registers[0::2]) ^ registers[1::2]
            size *= 2
        return int(registers[0])

    def _apply(self, size: int, register: int) -> int:
        """The register after `size` (a power of two) bytes of zero."""
        return int(self._through(self._matrix(size), np.array([register], np.uint64))[0])

    @cache  # noqa: B019 - there are two polynomials, and they stay
    def _matrix(self, size: int) -> list[_Words]:
        if size == 1:
            low = np.arange(256, dtype=np.uint64)
            shifted = [low << np.uint64(8 * (k - 1)) for k in range(1, _STEP)]
            return [np.array(self._table, np.uint64), *shifted]
        half = self._matrix(size // 2)
        return [
            self._through(half, self._through(half, np.arange(256, dtype=np.uint64) << np.uint64(8 * k)))
            for k in range(_STEP)
        ]

    @staticmethod
    def _through(tables: list[_Words], registers: _Words) -> _Words:
        octets = np.ascontiguousarray(registers, "<u8").view(np.uint8).reshape(-1, _STEP)
        result = tables[0][octets[:, 0]]
        for k in range(1, _STEP):
            result ^= tables[k][octets[:, k]]
        return result


CRC32 = Polynomial(32, 0xEDB88320)
CRC32C = Polynomial(32, 0x82F63B78)
CRC64NVME = Polynomial(64, 0x9A6C9329AC4BC9B5)
