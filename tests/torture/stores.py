"""What a server under torture has beside it: stores of its own, or PostgreSQL and another server of ours as the S3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from .. import postgres
from .running import RunningServer

Kind = Literal["sqlite-folder", "postgresql-s3"]


class Program(Protocol):
    """Something that nobody but the test would start again."""

    def kill(self) -> object: ...

    def start(self) -> object: ...


@dataclass(frozen=True)
class Surroundings:
    """`settings` are the variables that name them to a server; `database` is the URL of its database."""

    database: str
    settings: Mapping[str, str] = field(default_factory=dict)
    programs: Mapping[str, Program] = field(default_factory=dict)


@contextmanager
def stores(kind: Kind, folder: Path, programs: Path | None) -> Iterator[Surroundings]:
    """The stores for a server whose home is `folder`/home. What PostgreSQL has acknowledged is on the disk."""
    if kind == "sqlite-folder":
        yield Surroundings(f"sqlite:///{folder / 'home' / 'customlabels.db'}")
        return
    assert programs is not None
    with postgres.running(programs, durable=True) as server, server.database() as url:
        s3 = RunningServer(folder / "s3")
        try:
            yield Surroundings(url, settings_for(url, s3, s3.port), {"database": server, "s3": s3})
        finally:
            s3.stop()


def settings_for(database: str, s3: RunningServer, port: int) -> dict[str, str]:
    """The variables of a server whose objects are at another one, reached at a port of the loopback."""
    told = s3.told
    return {
        "CUSTOMLABELS_DATABASE_URL": database,
        "CUSTOMLABELS_S3_ENDPOINT": f"http://127.0.0.1:{port}",
        "CUSTOMLABELS_S3_ACCESS_KEY": told["AWS_ACCESS_KEY_ID"],
        "CUSTOMLABELS_S3_SECRET_KEY": told["AWS_SECRET_ACCESS_KEY"],
    }
