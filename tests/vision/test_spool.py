"""A spool gives back what it was given, wherever it keeps it."""

from __future__ import annotations

import numpy as np
import psutil
import pytest

from customlabels.vision.spool import Spool


@pytest.mark.parametrize(("limit", "on_disk"), [(1 << 20, False), (600, True), (1, True)])
def test_rows_come_back_by_index_slice_and_array(limit: int, on_disk: bool) -> None:
    rows = np.random.default_rng(0).normal(size=(50, 3, 2)).astype(np.float32)
    with Spool((3, 2), np.float32, limit) as spool:
        for first in range(0, 50, 7):
            spool.append(rows[first : first + 7])
            np.testing.assert_array_equal(spool[first], rows[first])
        assert spool.on_disk is on_disk
        assert len(spool) == 50
        np.testing.assert_array_equal(spool[10:20], rows[10:20])
        np.testing.assert_array_equal(spool[np.array([49, 0, 7])], rows[[49, 0, 7]])


def test_rows_are_stored_in_the_type_of_the_spool() -> None:
    with Spool((2,), np.float16) as spool:
        spool.append(np.array([[1.0, 2.0]]))
        assert spool[0].dtype == np.float16


def test_a_row_of_another_shape_is_refused() -> None:
    with Spool((2,), np.float32) as spool, pytest.raises(ValueError, match=r"rows of shape \(3,\) do not fit"):
        spool.append(np.zeros((1, 3)))


def test_an_empty_spool_has_no_rows() -> None:
    with Spool((2, 2), np.uint8) as spool:
        assert spool[:].shape == (0, 2, 2)


def test_rows_on_disk_are_not_held_in_memory() -> None:
    with Spool((1 << 18,), np.uint8, limit_bytes=1 << 20) as spool:
        for value in range(200):  # 50 MB
            spool.append(np.full((1, 1 << 18), value, np.uint8))
        before = psutil.Process().memory_info().rss
        assert [int(spool[i][0]) for i in range(200)] == list(range(200))
        assert psutil.Process().memory_info().rss - before < 20 * 2**20
