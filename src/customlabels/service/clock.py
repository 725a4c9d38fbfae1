"""The times at which resources are made: their ARNs end with them, and so must never be the same."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from customlabels.store.database import now
from customlabels.store.tables import facts

_LAST = "last_created"


def unique_now(connection: Connection) -> int:
    """Milliseconds since 1970, later than any that was given before, however soon, and though the clock be set back.

    So a resource that is made again under the name of one that was deleted has another ARN. `connection` writes.
    """
    mine = facts.c.name == _LAST
    last = connection.execute(select(facts.c.value).where(mine)).scalar()
    time = max(now(), int(last or 0) + 1)
    if last is None:
        connection.execute(insert(facts), {"name": _LAST, "value": str(time)})
    else:
        connection.execute(update(facts).where(mine).values(value=str(time)))
    return time
