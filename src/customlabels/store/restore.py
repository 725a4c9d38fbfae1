"""Makes a home of a backup, elsewhere or after a loss. See `backup` for what the file holds."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tarfile
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from sqlalchemy import select

from customlabels.settings import Settings
from customlabels.store import rows
from customlabels.store.backup import DATABASE, FORMAT, BackupError, Summary
from customlabels.store.database import Database
from customlabels.store.models import known_models, open_models
from customlabels.store.objects import CHUNK, object_rows
from customlabels.store.objects.bucket_folder import BucketFolder
from customlabels.store.objects.object_rows import ObjectRow
from customlabels.store.tables import buckets, objects, versions

_OBJECT = re.compile(r"objects/([a-z0-9][a-z0-9.-]+)/([0-9a-zA-Z_.-]+)")
_MODEL = re.compile(r"models/[^/\\:]+(/[^/\\:]+)*")
_ALL = 2**62
_MD5 = re.compile(r"[0-9a-f]{32}")


def restore(settings: Settings, file: Path) -> Summary:
    """Make the home that `settings` name, which must not be there yet, of a backup.

    The rows go into the database that the settings name, which must be empty. Where anything is wrong with the backup,
    nothing is made. Raises BackupError, rows.DatabaseNotEmpty, migrations.DatabaseTooNew, DatabaseUnavailable, OSError,
    and StoreUnavailable where models go to an S3 endpoint.
    """
    home = settings.home
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise BackupError(f"{home} is not empty. Name a folder that is not there yet with --home.")
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{home.name}-", dir=home.parent) as scratch:
        new = Path(scratch) / "home"
        new.mkdir(mode=0o700)
        manifest = _unpack(file, new)
        _check(new, manifest, file)
        _check_endpoint(settings, manifest, file)
        with closing(Database(f"sqlite:///{new / DATABASE}")) as database:
            database.migrate()
            summary = _settle(database, new)
            open_models(replace(settings, home=new), database).adopt(known_models(database))
        own = Settings(home=home).database
        if settings.database != own:
            with closing(Database(settings.database)) as target:
                rows.load(new / DATABASE, target)
            (new / DATABASE).unlink()
        if hasattr(os, "sync"):
            os.sync()
        if home.exists():
            home.rmdir()
        os.rename(new, home)
    return summary


def _unpack(file: Path, new: Path) -> dict[str, Any]:
    """Put the archive's files below a new home and return its manifest."""
    manifest: dict[str, Any] = {}
    try:
        with tarfile.open(file, "r|") as tar:
            for entry in tar:
                content = tar.extractfile(entry) if entry.isreg() else None
                if content is None:
                    raise BackupError(f"{file} is no backup of ours: {entry.name} is not a file.")
                if entry.name in ("format.json", "manifest.json"):
                    manifest = json.load(content)
                    _require_format(file, manifest)
                else:
                    _extract(content, new / _place(file, entry.name))
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise BackupError(f"{file} is damaged, or no backup of ours: {error}.") from error
    return manifest


def _place(file: Path, name: str) -> Path:
    """Where a file of the archive goes, below the home."""
    if name == DATABASE:
        return Path(DATABASE)
    if found := _OBJECT.fullmatch(name):
        return BucketFolder(Path("buckets") / found[1]).content(found[2])
    if _MODEL.fullmatch(name) and not {".", ".."} & set(name.split("/")):
        return Path(name)
    raise BackupError(f"{file} is no backup of ours: it holds {name!r}.")


def _extract(content: IO[bytes], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("xb") as target:
        shutil.copyfileobj(content, target, CHUNK)


def _require_format(file: Path, manifest: dict[str, Any]) -> None:
    if manifest.get("format") != FORMAT:
        raise BackupError(
            f"{file} has the format {manifest.get('format')!r}, and this version reads {FORMAT}. Update customlabels."
        )


def _check(new: Path, manifest: dict[str, Any], file: Path) -> None:
    if "database" not in manifest or not (new / DATABASE).is_file():
        raise BackupError(f"{file} is cut short: it has no manifest at its end. Take an older backup.")
    with (new / DATABASE).open("rb") as saved:
        if hashlib.file_digest(saved, "sha256").hexdigest() != manifest["database"]:
            raise BackupError(f"{file} is damaged: its database is not what was saved. Take another backup.")


def _check_endpoint(settings: Settings, manifest: dict[str, Any], file: Path) -> None:
    endpoint = manifest["s3_endpoint"]
    if endpoint and not settings.s3_endpoint:
        raise BackupError(
            f"{file} has no objects: they are at {endpoint}. Name the place with CUSTOMLABELS_S3_ENDPOINT."
        )
    if settings.s3_endpoint and not endpoint:
        raise BackupError(
            f"{file} has objects, which go into folders. Restore it without CUSTOMLABELS_S3_ENDPOINT, then copy them."
        )


def _settle(database: Database, home: Path) -> Summary:
    """Bring every file to its place, see that it is what its row says, and drop those that no row names."""
    summary = Summary()
    folders = {path.name: BucketFolder(path) for path in (home / "buckets").glob("*")}
    with database.read() as connection:
        names = set(connection.execute(select(buckets.c.name)).scalars())
        for name in names:
            folders.setdefault(name, BucketFolder(home / "buckets" / name)).new.mkdir(parents=True, exist_ok=True)
            for row in object_rows.scan(connection, name, b"", b"", _ALL):
                if _take(folders[name], row):
                    summary.objects += 1
                    summary.bytes += row.stored.size
                else:
                    summary.missing.append(f"s3://{name}/{row.stored.key}")
        kept = {tuple(row) for row in connection.execute(select(objects.c.bucket, objects.c.content))}
        models = {model: arn for arn, model in connection.execute(select(versions.c.arn, versions.c.model)) if model}
    for name, folder in folders.items():
        if name not in names:
            shutil.rmtree(folder.root)
            continue
        for path in folder.new.iterdir():
            if (name, path.name) not in kept:
                path.unlink()
    for path in (home / "models").glob("*"):
        if path.name not in models:
            shutil.rmtree(path)
    summary.missing += [arn for model, arn in models.items() if not (home / "models" / model).is_dir()]
    summary.models = len(models) - sum(":project/" in name for name in summary.missing)
    return summary


def _take(folder: BucketFolder, row: ObjectRow) -> bool:
    """Whether an object's content is there, as its row describes it; it is at its place then, where that can be."""
    path = folder.content(row.content)
    if not path.is_file() or path.stat().st_size != row.stored.size:
        return False
    if _MD5.fullmatch(row.stored.etag):
        with path.open("rb") as file:
            if hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() != row.stored.etag:
                return False
    folder.settle(row)
    return True
