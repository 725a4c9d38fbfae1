"""Times of creation."""

from __future__ import annotations

import pytest

from customlabels.service import clock
from customlabels.service.clock import unique_now
from customlabels.service.service import Service


def test_no_time_is_given_twice_even_if_the_clock_goes_back(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    for time in (1000, 1000, 1000, 990, 2000, 2000, 1990):
        monkeypatch.setattr(clock, "now", lambda time=time: time)
        with service.database.write() as connection:
            given.append(unique_now(connection))
    assert given == [1000, 1001, 1002, 1003, 2000, 2001, 2002]
