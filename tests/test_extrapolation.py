"""What `benchmarks/extrapolation.py` makes of figures that anybody can follow in the head."""

from __future__ import annotations

import dataclasses
import importlib
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def sums(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("extrapolation")


@pytest.fixture
def costs(sums: ModuleType) -> Any:
    """Calls that cost a server 10 ms and the database 2; a picture 100 ms of a unit; an image 1 ms of a worker."""
    call, nothing = sums.Spent(10.0, 0.0, 0.0, 2.0, 0.0), sums.Spent(0.0, 0.0, 0.0, 0.0, 0.0)
    calls = {
        "lists": call,
        "pages": call,
        "writes": call,
        "pictures": call._replace(units=100.0),
        "entries": nothing._replace(workers=1.0),
    }
    return sums.Costs(
        calls,
        rest=nothing,
        neighbour=nothing,
        write_turn=5.0,
        entry_turn=0.5,
        unit_megabytes=128.0,
        entry_bytes=1000.0,
    )


def test_calls_cost_what_each_costs(sums: ModuleType, costs: Any) -> None:
    found = sums.needs(costs, sums.Load(10, 10, 10, 10, 100, models=16, images=1e6))
    assert found.cores == pytest.approx((0.4, 1.0, 0.1, 0.08, 0.0))
    assert (found.servers, found.workers) == (1, 1)
    assert found.gigabytes == pytest.approx(2.0)
    assert found.database_gigabytes == pytest.approx(1.0)
    # ten writes, a quarter of a server's sign of life and the renewal of a lease, 5 ms each; 100 images, 0.5 ms each
    assert found.turn == pytest.approx((11.25 * 5 + 100 * 0.5) / 1000)


def test_a_server_is_one_process_that_is_busy_for_seven_tenths_of_its_time(sums: ModuleType, costs: Any) -> None:
    load = sums.Load(69, 0, 0, 0, 0, models=1, images=1)
    assert sums.needs(costs, load).servers == 1
    assert sums.needs(costs, dataclasses.replace(load, lists=71)).servers == 2


def test_servers_that_hear_of_each_other_may_never_be_enough(sums: ModuleType, costs: Any) -> None:
    loud = dataclasses.replace(costs, neighbour=sums.Spent(10.0, 0.0, 0.0, 1.0, 0.0))
    found = sums.needs(loud, sums.Load(100, 0, 0, 0, 0, models=1, images=1))
    assert found.servers == 2
    assert found.cores.server == pytest.approx(1.0 + 2 * 0.010)
    many = sums.Load(10_000, 0, 0, 0, 0, models=1, images=1)
    assert sums.needs(loud, many) is None
    assert sums.needs(loud.silent(), many).servers == 143


@pytest.mark.parametrize(
    ("ends", "times"),
    [
        ("one server", 5.0),  # 14 calls a second and 10 ms of each, of 700
        ("writers' turn", 68.0),  # 10 ms, and 5 of a fifth of a server's signs of life; 5 for the worker; of 700
        ("memory", 51.0),  # ten models of 128 MB, of 64 GB
        ("one database's cores", 800.0),  # 14 calls a second and 2 ms of each, of 22.4 seconds
        ("tell each other", math.inf),
    ],
)
def test_each_limit_is_where_its_sum_says(sums: ModuleType, costs: Any, ends: str, times: float) -> None:
    found = next(last for what, last in sums.limits(costs).items() if ends in what)
    assert found == pytest.approx(times, rel=0.02)


def test_the_turn_is_within_its_limit_just_below_it_and_not_beyond(sums: ModuleType, costs: Any) -> None:
    last = next(times for what, times in sums.limits(costs).items() if "turn" in what)
    assert sums.needs(costs, sums.ONE.times(0.95 * last)).turn <= sums.USABLE
    assert sums.needs(costs, sums.ONE.times(1.05 * last)).turn > sums.USABLE
