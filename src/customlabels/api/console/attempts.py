"""How often somebody may try to sign in: a few times at once, then ever more slowly."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from time import monotonic

from customlabels.service.errors import ServiceError

FREE = 5
"""Failures of one name after which one has to wait."""
FREE_OF_ADDRESS = 30
"""Failures of one address: a class is often behind one."""
FORGOTTEN_SECONDS = 900.0
LONGEST_WAIT = 60.0
_REMEMBERED = 10_000


class TooManyAttempts(ServiceError):
    status = 429


class Attempts:
    """Counts tries by address and by name, so that neither many names nor many addresses help. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def begin(self, address: str, name: str = "") -> float:
        """Seconds until the next try may be made. Where it is 0, this is one: failed, until it has `succeeded`.

        So of many at once no more are made than of one after another.
        """
        at = monotonic()
        with self._lock:
            keys = _keys(address, name)
            wait = max(self._left(key, free, at) for key, free in keys.items())
            if wait > 0:
                return wait
            for key in keys:
                number, last = self._failures.pop(key, (0, at))
                self._failures[key] = (number + 1 if at - last < FORGOTTEN_SECONDS else 1, at)
            while len(self._failures) > _REMEMBERED:
                self._failures.popitem(last=False)
            return 0.0

    def succeeded(self, address: str, name: str = "") -> None:
        """A try was good: the failures of the name are forgotten, of those of the address this one."""
        with self._lock:
            of_address, *of_name = _keys(address, name)
            for key in of_name:
                self._failures.pop(key, None)
            number, last = self._failures.get(of_address, (1, 0.0))
            self._failures[of_address] = (number - 1, last)

    def _left(self, key: str, free: int, at: float) -> float:
        number, last = self._failures.get(key, (0, at))
        if number < free or at - last >= FORGOTTEN_SECONDS:
            return 0.0
        pause = min(LONGEST_WAIT, 2.0 ** min(number - free, 10))
        return float(max(0.0, last + pause - at))


def require_calm(attempts: Attempts, *who: str) -> None:
    """Begin a try of `who` (address, name). Raises TooManyAttempts."""
    if wait := attempts.begin(*who):
        raise TooManyAttempts(f"Too many attempts failed: try again in {math.ceil(wait)} seconds.")


def _keys(address: str, name: str) -> dict[str, int]:
    """What is counted, and how many failures of each are free."""
    return {f"from {address}": FREE_OF_ADDRESS, **({f"as {name}": FREE} if name else {})}
