"""CRCs against zlib, the check values of the CRC catalogue, and each other."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customlabels.api.s3.crc import CRC32, CRC32C, CRC64NVME, Polynomial

DATA = np.random.default_rng(0).bytes(1_500_000)


@pytest.mark.parametrize(("crc", "check"), [(CRC32, 0xCBF43926), (CRC32C, 0xE3069283), (CRC64NVME, 0xAE8B14860A799888)])
def test_check_values(crc: Polynomial, check: int) -> None:
    assert crc.update(0, b"123456789") == check


@pytest.mark.parametrize("size", [0, 1, 7, 8, 499, 500, 501, 4096, 65_537, 524_287, 524_288, 1_499_999])
def test_all_sizes_are_as_zlib_has_them(size: int) -> None:
    assert CRC32.update(0, DATA[:size]) == zlib.crc32(DATA[:size])


@pytest.mark.parametrize("crc", [CRC32, CRC32C, CRC64NVME])
@given(first=st.integers(0, 600_000), second=st.integers(0, 600_000))
def test_the_crc_of_two_texts_follows_from_those_of_each(crc: Polynomial, first: int, second: int) -> None:
    one, two = DATA[:first], DATA[first : first + second]
    whole = crc.update(0, one + two)
    assert crc.update(crc.update(0, one), two) == whole
    assert crc.combine(crc.update(0, one), crc.update(0, two), len(two)) == whole
