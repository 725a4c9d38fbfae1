"""Silence ends when the last one leaves, whatever the order."""

from __future__ import annotations

import threading
import warnings

import pytest

from customlabels.imaging.quiet import quiet


def test_inside_nothing_warns_and_outside_the_filters_are_back() -> None:
    before = list(warnings.filters)
    with quiet():
        warnings.warn("unheard", UserWarning, stacklevel=1)
    assert warnings.filters == before


def test_overlapping_threads_leave_the_filters_as_they_were() -> None:
    before = list(warnings.filters)
    second_is_in, first_is_out = threading.Event(), threading.Event()

    def second() -> None:
        with quiet():
            second_is_in.set()
            first_is_out.wait(5)

    thread = threading.Thread(target=second)
    with quiet():
        thread.start()
        second_is_in.wait(5)
    warnings.warn("still unheard: the other is inside", UserWarning, stacklevel=1)
    first_is_out.set()
    thread.join()
    assert warnings.filters == before


def test_an_error_inside_ends_the_silence() -> None:
    before = list(warnings.filters)
    with pytest.raises(OSError, match="broken"), quiet():
        raise OSError("broken")
    assert warnings.filters == before
