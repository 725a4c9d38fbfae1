"""Silence for a library that warns about what we report as errors, safe to use from several threads at once."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

_lock = threading.Lock()
_state = ExitStack()
_inside = 0


@contextmanager
def quiet() -> Iterator[None]:
    """Warnings are ignored while any thread is inside.

    `warnings.catch_warnings` alone would not do: where two threads overlap, the one that leaves last restores the
    filters that the other had set. Here the first to enter changes them and the last to leave restores them.
    """
    global _inside
    with _lock:
        if _inside == 0:
            _state.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _state.close()
