"""A PostgreSQL server for a test session: the system's binaries, a data folder of its own, a socket in that folder."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from customlabels.store import Database
from customlabels.store.tables import metadata

_SUPERUSER = "postgres"
_TEMPLATE = "migrated"
# ICU's English order differs from that of bytes: a query that leans on the database's own collation is found out.
_INIT = ("--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US", "--auth=trust", "--no-sync")
_START = {
    "listen_addresses": "",
    "autovacuum": "off",
    "shared_buffers": "32MB",
    "max_connections": "200",
}
_FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""For a server that nobody kills: commits that it has acknowledged are lost with it."""
_FORM = text(
    "SELECT c.relname, c.relkind, c.relfilenode, a.attname, a.atttypid, a.xmin::text"
    " FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace"
    " ORDER BY c.oid, a.attnum"
)
"""What tables, indexes and columns there are, and whether any of them has been changed."""
_ALONE = text("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = :name AND pid <> :own")
_RESTART = text("SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'")
_MUCH = 2000
"""Rows that would leave tables so large that the next test finds them slow."""


def binaries() -> Path | None:
    """The folder of `initdb` and `postgres`, if they are installed (PostgreSQL 15 or newer)."""
    found = [Path(path).parent for path in [shutil.which("initdb")] if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: -int(folder.parent.name))
    return next((f for f in found if (f / "initdb").exists() and (f / "postgres").exists()), None)


class PostgresServer:
    """A server with its data in a folder. `database()` makes a fresh database with our tables."""

    def __init__(self, folder: Path, data: Path, programs: Path, durable: bool = False) -> None:
        self.folder = folder
        self._numbers = itertools.count(1)
        self._fresh: list[str] = []
        options = [f"-c{name}={value}" for name, value in (_START if durable else _START | _FAST).items()]
        self._command: list[str | Path] = [programs / "postgres", "-D", data, "-k", folder, *options]

    def start(self) -> None:
        """Start it, which recovers what a kill has cut short, and wait until it answers. Raises RuntimeError."""
        log = self.folder / "log"
        for _ in range(600):
            with log.open("ab") as stream:
                self._process = subprocess.Popen(self._command, stderr=stream, user=user(), cwd="/")
            while self._process.poll() is None:
                try:
                    return self.run("SELECT 1")
                except DBAPIError:
                    time.sleep(0.05)
            time.sleep(0.05)  # the last children of a server that was killed have not ended yet
        raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-4000:]}")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server and to all that it has started, which kill -9 does not reach by itself."""
        postmaster = psutil.Process(self._process.pid)
        for process in (postmaster, *postmaster.children()):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def kill(self) -> None:
        """kill -9 of the postmaster, whose children notice that it is gone."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End at once: nobody needs the data any more."""
        if self._process.poll() is None:
            self.signal(signal.SIGCONT)
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()

    def url(self, database: str) -> str:
        return f"postgresql+pg8000://{_SUPERUSER}@/{database}?unix_sock={self.folder / '.s.PGSQL.5432'}"

    def run(self, statement: str) -> None:
        """Run a statement that no transaction may contain."""
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    @contextmanager
    def database(self, template: str = _TEMPLATE) -> Iterator[str]:
        """The URL of a fresh database, gone at the end; `template0` for one without tables."""
        if template == _TEMPLATE and self._fresh:
            name = self._fresh.pop()
        else:
            name = f"test_{next(self._numbers)}"
            self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            if template == _TEMPLATE and self._emptied(name):
                self._fresh.append(name)
            else:
                self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def prepare(self) -> None:
        """Make the database that the others are copies of."""
        self.run(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
        database = Database(self.url(_TEMPLATE))
        database.migrate()
        database.close()
        engine = create_engine(self.url(_TEMPLATE))
        with engine.connect() as connection:
            self._form = connection.execute(_FORM).all()
        engine.dispose()

    def _emptied(self, name: str) -> bool:
        """Make a database as it was when it was copied, which takes a fraction of a copy's time.

        False where it must be dropped: its tables are others now, or have held much.
        """
        engine = create_engine(self.url(name))
        try:
            with engine.begin() as connection:
                own = connection.execute(text("SELECT pg_backend_pid()")).scalar()
                connection.execute(_ALONE, {"name": name, "own": own})
                if connection.execute(_FORM).all() != self._form:
                    return False
                rows = sum(connection.execute(table.delete()).rowcount for table in reversed(metadata.sorted_tables))
                connection.execute(_RESTART)
                return rows < _MUCH
        except DBAPIError:
            return False
        finally:
            engine.dispose()


@contextmanager
def running(programs: Path, durable: bool = False, data: Path | None = None) -> Iterator[PostgresServer]:
    """Start a server with these programs; it and all its data are gone at the end.

    A `durable` one loses no commit when it is killed. The tables are in the folder `data`, which is not there yet.
    """
    folder = Path(tempfile.mkdtemp(prefix="customlabels-postgres-"))
    data = data or folder / "data"
    if owner := user():
        shutil.chown(folder, owner)
    try:
        made = subprocess.run(
            [programs / "initdb", *_INIT, f"--username={_SUPERUSER}", "--pgdata", data, "--waldir", folder / "wal"],
            capture_output=True,
            text=True,
            user=owner,
            cwd="/",
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr}")
        server = PostgresServer(folder, data, programs, durable)
        server.start()
        try:
            server.prepare()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def user() -> str | None:
    """Who the server runs as, if not as we do: it refuses to be root."""
    return "nobody" if os.geteuid() == 0 else None
