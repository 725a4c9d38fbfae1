"""How many units a load asks for. Each step is (seconds, requests at a time, refused, units from then on)."""

from __future__ import annotations

import pytest

from customlabels.engine.scaling import DOWN_SECONDS, UP_SECONDS, Scaler

Step = tuple[float, float, bool, int]

BUSY: list[Step] = [(0, 2, False, 1), (UP_SECONDS - 0.1, 2, False, 1), (UP_SECONDS, 2, False, 2)]
CASES: dict[str, list[Step]] = {
    "one request at a time needs one unit": [(t, 1.0, False, 1) for t in range(100)],
    "a load that lasts adds a unit": BUSY,
    "a peak does not": [(0, 9, False, 1), (1, 0, False, 1), (2, 9, False, 1), (3, 0, False, 1)],
    "a refused request counts as load": [(0, 0.1, True, 1), (UP_SECONDS, 0.1, True, 2)],
    "no more units than allowed": [(t, 100, False, 1 if t < 2 else 2 if t < 5 else 3) for t in range(20)],
    "a load between the limits keeps the units": [*BUSY, *((10.0 + t, 1.5, False, 2) for t in range(100))],
    "an hour of quiet removes them": [
        *BUSY,
        (10, 0.2, False, 2),
        (10 + DOWN_SECONDS - 1, 0.2, False, 2),
        (10 + DOWN_SECONDS, 0.2, False, 1),
        (3600, 0, False, 1),
    ],
    "a short quiet does not": [*BUSY, (10, 0, False, 2), (30, 2, False, 2), (31, 0, False, 2), (50, 0, False, 2)],
}


@pytest.mark.parametrize("steps", CASES.values(), ids=CASES)
def test_units_follow_the_load(steps: list[Step]) -> None:
    scaler = Scaler(least=1, most=3, lanes=2)
    for time, requests, refused, units in steps:
        assert scaler.observe(time, requests, refused) == units, f"after {time} s"


def test_it_starts_with_the_least() -> None:
    assert Scaler(least=2, most=5, lanes=2).units == 2
