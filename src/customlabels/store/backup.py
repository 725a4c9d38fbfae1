"""A copy of a home in one file, made while the server runs.

The file is a tar archive: format.json, objects/BUCKET/CONTENT, models/NAME/..., customlabels.db, manifest.json. The
database is a SQLite file whatever the home's own database is, so a backup also moves a home from SQLite to PostgreSQL
or back. Objects of an S3 endpoint are not in it: they stay where they are; models are, wherever they lie. It holds the
secret access keys: only its owner may read it. Logs, and multipart uploads that are under way, are left out.

What it holds is of one moment. The rows are saved, then the files they name are added. Where a file was replaced or
deleted meanwhile, the rows are saved anew and what they name is added, the last time while no other may write. An
archive may hold files that no row names any more; `restore` drops them.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from sqlalchemy import select

from customlabels.settings import Settings
from customlabels.store import rows
from customlabels.store.database import Database, now
from customlabels.store.models import NoSuchModel, open_models
from customlabels.store.objects import ObjectError
from customlabels.store.objects.contents import Contents
from customlabels.store.tables import objects, versions

FORMAT = 1
DATABASE = "customlabels.db"
_ROUNDS = 3


class BackupError(Exception):
    """A backup cannot be made or restored; the text names the file and the remedy."""


@dataclass
class Summary:
    """What a backup holds. `missing` names objects and models whose files were gone while their rows were there."""

    objects: int = 0
    bytes: int = 0
    models: int = 0
    missing: list[str] = field(default_factory=list)


def backup(settings: Settings, file: Path) -> Summary:
    """Write a backup of a home to a new file. Raises BackupError, DatabaseUnavailable, StoreUnavailable, OSError."""
    if settings.database.startswith("sqlite:") and not _sqlite_file(settings).is_file():
        raise BackupError(f"{settings.home} is not the home of a server: it has no database. See --home.")
    if file.exists():
        raise BackupError(f"{file} is there already. Remove it, or name another file.")
    with (
        closing(Database(settings.database)) as database,
        tempfile.TemporaryDirectory(prefix=".backup-", dir=file.absolute().parent) as scratch,
        _new_file(file) as stream,
        tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        database.migrate()
        archive = _Archive(settings, database, tar)
        archive.add_json("format.json", {"format": FORMAT})
        saved = Path(scratch) / DATABASE
        for _ in range(_ROUNDS):
            if not archive.add(saved):
                break
        else:
            with database.write() as connection:
                if not database.is_sqlite:  # it holds up writers for as long as the last files take
                    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
                archive.summary.missing = archive.add(saved)
        rows.forget_passing(saved)
        archive.finish(saved)
    return archive.summary


class _Archive:
    def __init__(self, settings: Settings, database: Database, tar: tarfile.TarFile) -> None:
        self._settings = settings
        self._database = database
        self._contents = None if settings.s3_endpoint else Contents(settings.buckets, database)
        self._models = open_models(settings, database)
        self._tar = tar
        self._added: set[tuple[str, str]] = set()
        self.summary = Summary()

    def add(self, saved: Path) -> list[str]:
        """Save the rows and add the files that they name and that are not there yet. Returns those that were gone."""
        for leftover in saved.parent.glob(f"{saved.name}*"):
            leftover.unlink()
        rows.save(self._database, saved)
        with closing(Database(f"sqlite:///{saved}")) as database, database.read() as connection:
            gone = []
            wanted = select(objects.c.bucket, objects.c.key, objects.c.content)
            for bucket, key, content in connection.execute(wanted) if self._contents else ():
                if not self._has("objects", content) and not self._add_object(bucket, bytes(key).decode(), content):
                    gone.append(f"s3://{bucket}/{bytes(key).decode()}")
            for arn, model in connection.execute(select(versions.c.arn, versions.c.model)):
                if model and not self._has("models", model) and not self._add_model(model):
                    gone.append(arn)
        return gone

    def finish(self, saved: Path) -> None:
        with saved.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._tar.add(saved, DATABASE, filter=_plain)
        summary = self.summary
        counts = {"objects": summary.objects, "bytes": summary.bytes, "models": summary.models}
        about = {"format": FORMAT, "made": now(), "database": digest, "s3_endpoint": self._settings.s3_endpoint}
        self.add_json("manifest.json", about | counts)

    def add_json(self, name: str, content: dict[str, Any]) -> None:
        encoded = json.dumps(content).encode()
        self._tar.addfile(_entry(name, len(encoded)), io.BytesIO(encoded))

    def _has(self, kind: str, name: str) -> bool:
        return (kind, name) in self._added

    def _add_object(self, bucket: str, key: str, content: str) -> bool:
        assert self._contents is not None
        try:
            row, descriptor = self._contents.open(bucket, key)
        except ObjectError:
            return False
        with os.fdopen(descriptor, "rb") as file:
            if row.content != content:
                return False
            self._tar.addfile(_entry(f"objects/{bucket}/{content}", row.stored.size), file)
        self._added.add(("objects", content))
        self.summary.objects += 1
        self.summary.bytes += row.stored.size
        return True

    def _add_model(self, model: str) -> bool:
        try:
            folder = self._models.folder(model)
            files = sorted(path for path in folder.rglob("*") if path.is_file())
            for path in files:
                self._tar.add(path, f"models/{model}/{path.relative_to(folder).as_posix()}", filter=_plain)
        except (NoSuchModel, FileNotFoundError):
            return False
        if not files:
            return False
        self._added.add(("models", model))
        self.summary.models += 1
        return True


def _sqlite_file(settings: Settings) -> Path:
    return Path(settings.database.removeprefix("sqlite:///"))


@contextmanager
def _new_file(file: Path) -> Iterator[IO[bytes]]:
    """A file that has its name only when it is whole and durable."""
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.rename(part, file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, now() // 1000
    return entry


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the names and numbers of this system's users."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry
