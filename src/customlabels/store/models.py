"""Folders of trained models by name: in the home, or at the S3 endpoint that has the objects.

A model is there as a whole or not at all, and never changes: whoever trains or copies one gives it a name that no other
has. Its folder holds what `customlabels.vision.folder` says.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from sqlalchemy import select

from customlabels.settings import Settings
from customlabels.store.database import Database
from customlabels.store.objects.files import naming_disk_faults, sync_folder
from customlabels.store.tables import versions

SCRATCH = ("customlabels-*", "copy-*", "fetch-*")
"""Folders that are not yet a model: what trainings, copies and fetches that were killed leave."""


class NoSuchModel(Exception):
    """There is no model of this name."""


class Models(Protocol):
    """Every method may raise store.objects.StoreUnavailable. Any number of processes may work with one place."""

    def new(self, name: str) -> Path:
        """Where a new model's folder is to be put, in one rename, into a folder that is there.

        Nobody looks at it before it is kept.
        """

    def keep(self, name: str) -> None:
        """Make a model whose folder is where `new` said durable, for all processes. It may be kept twice."""

    def here(self, name: str) -> Path | None:
        """The folder of a model where it takes no time: None where it must be fetched, or looked at, first."""

    def folder(self, name: str) -> Path:
        """A folder of this machine with all files of a model, fetched if need be. Raises NoSuchModel."""

    def mend(self, name: str) -> bool:
        """Whether the folder was damaged, and is not any more. Raises NoSuchModel."""

    def delete(self, stem: str, but: str | None = None) -> None:
        """Remove the models named `stem`, or `stem` and a hyphen and more, except `but`."""

    def adopt(self, known: Collection[str]) -> None:
        """Take over models that lie in the home's own folder: of a backup, or from before there was an endpoint."""

    def sweep(self, known: Collection[str]) -> None:
        """Before anybody works in this home: remove what those who were killed left in it. `known`: all models."""

    def tidy(self, known: Collection[str]) -> None:
        """Remove copies of models that are not known any more, from this home."""


class FolderModels:
    """Implements `Models` with a folder in the home."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def new(self, name: str) -> Path:
        return self._root / name

    def keep(self, name: str) -> None:
        with naming_disk_faults(self._root):
            folder = self._root / name
            for path in [*(path for path in folder.rglob("*") if path.is_file()), folder, self._root]:
                sync_folder(path)

    def here(self, name: str) -> Path | None:
        return self._root / name

    def folder(self, name: str) -> Path:
        """Whether it is there, its reader finds out."""
        return self._root / name

    def mend(self, name: str) -> bool:
        return False

    def delete(self, stem: str, but: str | None = None) -> None:
        remove(self._root, stem, but)

    def adopt(self, known: Collection[str]) -> None:
        """They are where they belong."""

    def sweep(self, known: Collection[str]) -> None:
        sweep_scratch(self._root)

    def tidy(self, known: Collection[str]) -> None:
        """There are no copies."""


def open_models(settings: Settings, database: Database) -> Models:
    """The folder of models in the home, or the S3 endpoint where the settings name one. Nothing is asked of it yet."""
    if settings.s3_endpoint:
        from customlabels.store.endpoint_models import EndpointModels

        return EndpointModels(settings, database)
    return FolderModels(settings.models)


def known_models(database: Database) -> set[str]:
    """The models that versions name."""
    with database.read() as connection:
        return set(connection.execute(select(versions.c.model).where(versions.c.model.is_not(None))).scalars())


def is_of(stem: str, name: str) -> bool:
    """Whether a model has this name, or one that begins with it and a hyphen."""
    return name == stem or name.startswith(f"{stem}-")


def remove(root: Path, stem: str, but: str | None) -> None:
    """Remove the folders of models as `Models.delete` says."""
    for folder in root.glob(f"{stem}*"):
        if folder.is_dir() and folder.name != but and is_of(stem, folder.name):
            shutil.rmtree(folder, ignore_errors=True)


def sweep_scratch(root: Path) -> None:
    """Remove folders that are not yet a model."""
    for pattern in SCRATCH:
        for folder in root.glob(pattern):
            shutil.rmtree(folder, ignore_errors=True)


def copy_folder(source: Path, target: Path) -> None:
    """A copy of a model's folder that is there as a whole or not at all. Raises OSError."""
    scratch = target.with_name(f"copy-{target.name}")
    for folder in (scratch, target):
        shutil.rmtree(folder, ignore_errors=True)
    scratch.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copytree(source, scratch)
    os.rename(scratch, target)
