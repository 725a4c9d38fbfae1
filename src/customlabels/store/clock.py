"""The database's own time, for what several machines must agree on: leases, and who is alive."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class Clock(FunctionElement[int]):
    """Milliseconds since 1970 by the clock of the database's machine, as part of a statement."""

    inherit_cache = True
    type = BigInteger()


@compiles(Clock, "sqlite")
def _sqlite(element: Clock, compiler: Any, **_: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


@compiles(Clock, "postgresql")
def _postgresql(element: Clock, compiler: Any, **_: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
