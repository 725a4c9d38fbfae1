"""What the database itself saw: every time that a row was given a state, written down by triggers of the test."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import closing

from sqlalchemy import text

from customlabels.store import Database

_TABLE = "CREATE TABLE torture_states (arn TEXT NOT NULL, status TEXT NOT NULL)"
_ENDS = {"TRAINING_COMPLETED", "TRAINING_FAILED"}
_WORK = {"UPDATE_IN_PROGRESS"}
_DONE = {"UPDATE_COMPLETE", "UPDATE_FAILED"}


class History:
    """The states that versions and datasets were given, in a database of either kind."""

    def __init__(self, url: str) -> None:
        self._url = url

    def begin(self) -> None:
        """Have the database write down, from now on, each state that a statement sets, be it the same again."""
        with closing(Database(self._url)) as database, database.write() as connection:
            connection.execute(text(_TABLE))
            insert = "INSERT INTO torture_states (arn, status) VALUES (NEW.arn, NEW.status);"
            if not database.is_sqlite:
                connection.execute(
                    text(
                        f"CREATE FUNCTION torture_note() RETURNS trigger LANGUAGE plpgsql AS "
                        f"$$ BEGIN {insert} RETURN NULL; END $$"
                    )
                )
            for table in ("versions", "datasets"):
                event = f"CREATE TRIGGER torture_{table} AFTER UPDATE OF status ON {table}"
                done = f"BEGIN {insert} END" if database.is_sqlite else "EXECUTE FUNCTION torture_note()"
                connection.exec_driver_sql(f"{event} FOR EACH ROW WHEN (NEW.arn IS NOT NULL) {done}")

    def jobs(self) -> list[str]:
        """The work that is left, in words."""
        with closing(Database(self._url)) as database, database.read() as connection:
            rows = connection.execute(text("SELECT kind, subject, attempts FROM jobs"))
            return [f"job {kind} of {subject}, attempt {attempts}" for kind, subject, attempts in rows]

    def check(self) -> None:
        """Of a settled server: no training has ended twice, and no update of a dataset was applied twice."""
        states: dict[str, Counter[str]] = defaultdict(Counter)
        with closing(Database(self._url)) as database, database.read() as connection:
            for arn, status in connection.execute(text("SELECT arn, status FROM torture_states")):
                states[arn][status] += 1
        for arn, counts in states.items():
            assert sum(counts[status] for status in _ENDS) <= 1, f"{arn} ended more than once: {dict(counts)}"
            begun, done = (sum(counts[status] for status in group) for group in (_WORK, _DONE))
            assert begun == done, f"{arn} was changed {done} times, and was to be {begun} times: {dict(counts)}"
