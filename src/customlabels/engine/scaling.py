"""How many inference units a model's load asks for."""

from __future__ import annotations

from dataclasses import dataclass, field

HIGH = 0.9
"""Share of the lanes in use above which a unit is added."""
LOW = 0.5
"""Share of the lanes in use, with one unit fewer, below which one is removed."""
UP_SECONDS = 2.0
DOWN_SECONDS = 30.0
"""How long the load must have been high, or low. Adding is cheap and helps at once; removing can wait."""


@dataclass
class Scaler:
    """The number of units, from `least` to `most`, by the load. `lanes` is what one unit works on at a time."""

    least: int
    most: int
    lanes: int
    units: int = field(init=False)
    _high_since: float | None = None
    _low_since: float | None = None

    def __post_init__(self) -> None:
        self.units = self.least

    def observe(self, time: float, requests: float, refused: bool) -> int:
        """The number of units from now on.

        `requests` is the mean number of requests in work or waiting since the last call, `refused` whether some were
        refused; `time` is in seconds of a clock that does not go back.
        """
        high = refused or requests > HIGH * self.lanes * self.units
        low = not refused and requests < LOW * self.lanes * (self.units - 1)
        self._high_since = (time if self._high_since is None else self._high_since) if high else None
        self._low_since = (time if self._low_since is None else self._low_since) if low else None
        if self._high_since is not None and time - self._high_since >= UP_SECONDS and self.units < self.most:
            self.units += 1
            self._high_since = None
        elif self._low_since is not None and time - self._low_since >= DOWN_SECONDS and self.units > self.least:
            self.units -= 1
            self._low_since = None
        return self.units
