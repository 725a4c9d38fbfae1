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
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from customlabels.store import Database

_SUPERUSER = "postgres"
_TEMPLATE = "migrated"
# ICU's English order differs from that of bytes: a query that leans on the database's own collation is found out.
_INIT = ("--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US", "--auth=trust", "--no-sync")
_START = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "shared_buffers": "32MB",
    "max_connections": "200",
}


def binaries() -> Path | None:
    """The folder of `initdb` and `postgres`, if they are installed (PostgreSQL 15 or newer)."""
    found = [Path(path).parent for path in [shutil.which("initdb")] if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: -int(folder.parent.name))
    return next((f for f in found if (f / "initdb").exists() and (f / "postgres").exists()), None)


class PostgresServer:
    """A running server. `database()` makes a fresh database with our tables."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)

    def url(self, database: str) -> str:
        return f"postgresql+pg8000://{_SUPERUSER}@/{database}?unix_sock={self._folder / '.s.PGSQL.5432'}"

    def run(self, statement: str) -> None:
        """Run a statement that no transaction may contain."""
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    @contextmanager
    def database(self, template: str = _TEMPLATE) -> Iterator[str]:
        """The URL of a new database, dropped at the end; `template0` for one without tables."""
        name = f"test_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def prepare(self) -> None:
        """Make the database that the others are copies of."""
        self.run(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
        database = Database(self.url(_TEMPLATE))
        database.migrate()
        database.close()


@contextmanager
def running(programs: Path) -> Iterator[PostgresServer]:
    """Start a server with these programs; it and all its data are gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="customlabels-postgres-"))
    user = "nobody" if os.geteuid() == 0 else None  # the server refuses to run as root
    if user:
        shutil.chown(folder, user)
    try:
        data = folder / "data"
        made = subprocess.run(
            [programs / "initdb", *_INIT, f"--username={_SUPERUSER}", "--pgdata", data],
            capture_output=True,
            text=True,
            user=user,
            cwd="/",
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr}")
        options = [f"-c{name}={value}" for name, value in _START.items()]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, "-k", folder, *options], stderr=log, user=user, cwd="/"
            )
        try:
            running = PostgresServer(folder)
            _wait(running, server, folder / "log")
            running.prepare()
            yield running
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nobody needs the data any more
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(running: PostgresServer, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if server.poll() is not None:
            break
        try:
            return running.run("SELECT 1")
        except DBAPIError:
            time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text()}")
