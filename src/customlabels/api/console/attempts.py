"""How often somebody may try to sign in: a few times at once, then ever more slowly."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

FREE = 5
"""Failures after which one has to wait."""
FORGOTTEN_SECONDS = 900.0
LONGEST_WAIT = 60.0
_REMEMBERED = 10_000


class Attempts:
    """Counts failures by address and by name, so that neither many names nor many addresses help. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, *keys: str) -> float:
        """Seconds until the next try may be made; 0 for now."""
        at = time.monotonic()
        with self._lock:
            return max((self._left(key, at) for key in keys), default=0.0)

    def failed(self, *keys: str) -> None:
        """A try has failed."""
        at = time.monotonic()
        with self._lock:
            for key in keys:
                number, last = self._failures.pop(key, (0, at))
                self._failures[key] = (number + 1 if at - last < FORGOTTEN_SECONDS else 1, at)
            while len(self._failures) > _REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """Forget the failures of a name."""
        with self._lock:
            self._failures.pop(key, None)

    def _left(self, key: str, at: float) -> float:
        number, last = self._failures.get(key, (0, at))
        if number < FREE:
            return 0.0
        pause = min(LONGEST_WAIT, 2.0 ** (number - FREE))
        return float(max(0.0, last + pause - at))
