"""Models at an S3 endpoint, with copies in the home of each process that needs them.

In the bucket, which users do not see, a model NAME has its files as objects ACCOUNT/NAME/FILE, and their list
ACCOUNT/NAME.json, written last: sizes and SHA-256 digests. Without its list a model is not there; what such a one left
is removed with its version. The copy in the home has its own list beside it, again written last.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property, partial
from pathlib import Path

from sqlalchemy import select

from customlabels.settings import Settings
from customlabels.store.database import Database
from customlabels.store.model_list import Listed, ModelList
from customlabels.store.models import NoSuchModel, copy_folder, is_of, remove, sweep_scratch
from customlabels.store.objects import CHUNK, NoSuchBucket, NoSuchKey
from customlabels.store.objects.endpoint import EndpointObjects
from customlabels.store.objects.files import naming_disk_faults
from customlabels.store.tables import facts

_LIST = ".json"
_PART = ".part"
_AT_ONCE = 1000
_TRIES = 2
"""How often a model is fetched whose bytes are not those of its list: the second time tells damage from a bad line."""


class EndpointModels:
    """Implements `customlabels.store.models.Models`."""

    def __init__(self, settings: Settings, database: Database) -> None:
        """Nothing is asked of the endpoint yet."""
        self._objects = EndpointObjects(settings, database)
        self._bucket = settings.s3_models_bucket
        self._endpoint = settings.s3_endpoint
        self._database = database
        self._root = settings.home / "cache" / "models"
        self._own = settings.models
        self._intact: dict[str, ModelList] = {}

    def new(self, name: str) -> Path:
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self._root / name

    def keep(self, name: str) -> None:
        folder = self._root / name
        self._objects.make_bucket(self._bucket)
        with naming_disk_faults(folder):
            listed = ModelList.of(folder)
            for file in listed.files:
                with (folder / file).open("rb") as stream:
                    self._objects.put(self._bucket, self._key(name, file), iter(partial(stream.read, CHUNK), b""))
            self._objects.put(self._bucket, self._list_key(name), listed.encode())
            self._write_list(name, listed)

    def here(self, name: str) -> Path | None:
        known = self._intact.get(name)
        return self._root / name if known is not None and known.has_sizes(self._root / name) else None

    def folder(self, name: str) -> Path:
        if found := self.here(name):
            return found
        with naming_disk_faults(self._root), self._alone():
            listed = self._copied_list(name)
            if listed is None or not listed.matches(self._root / name):
                listed = self._fetch(name)
            self._intact[name] = listed
        return self._root / name

    def mend(self, name: str) -> bool:
        with naming_disk_faults(self._root), self._alone():
            listed = self._copied_list(name)
            if listed is not None and listed.matches(self._root / name):
                return False
            self._intact[name] = self._fetch(name)
        return True

    def delete(self, stem: str, but: str | None = None) -> None:
        prefix = f"{self._account}/"
        with suppress(NoSuchBucket):
            keys, after = [], ""
            while page := self._objects.list_objects(self._bucket, prefix + stem, after, _AT_ONCE):
                keys += [stored.key for stored in page]
                after = keys[-1]
            names = {key: key.removeprefix(prefix).partition("/")[0].removesuffix(_LIST) for key in keys}
            gone = [key for key in keys if is_of(stem, names[key]) and names[key] != but]
            lists = [key for key in gone if key == self._list_key(names[key])]
            for some in (lists, [key for key in gone if key not in lists]):  # without its list it is no model any more
                self._objects.delete(self._bucket, some)
        with self._alone():
            for path in self._root.glob(f"{stem}*{_LIST}"):
                if is_of(stem, path.stem) and path.stem != but:
                    path.unlink(missing_ok=True)
            remove(self._root, stem, but)

    def sweep(self, known: Collection[str]) -> None:
        with self._alone():
            sweep_scratch(self._root)
            for path in self._root.iterdir():
                if path.is_dir() and not (self._root / f"{path.name}{_LIST}").is_file():
                    shutil.rmtree(path, ignore_errors=True)
                elif path.suffix == _PART:
                    path.unlink()
        self.tidy(known)

    def tidy(self, known: Collection[str]) -> None:
        with self._alone():
            for path in self._root.glob(f"*{_LIST}"):
                if path.stem not in known:
                    path.unlink(missing_ok=True)
                    shutil.rmtree(self._root / path.stem, ignore_errors=True)

    def adopt(self, known: Collection[str]) -> None:
        for name in known:
            if (self._own / name).is_dir():
                with naming_disk_faults(self._root):
                    copy_folder(self._own / name, self._root / name)
                self.keep(name)
                shutil.rmtree(self._own / name, ignore_errors=True)

    @cached_property
    def _account(self) -> str:
        """The first account's id, so that several installations can have one bucket."""
        with self._database.read() as connection:
            return str(connection.execute(select(facts.c.value).where(facts.c.name == "account")).scalar_one())

    def _key(self, name: str, file: str) -> str:
        return f"{self._account}/{name}/{file}"

    def _list_key(self, name: str) -> str:
        return f"{self._account}/{name}{_LIST}"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One at a time fetches into this home or removes from it, of all threads and processes."""
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._root / "lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _fetch(self, name: str) -> ModelList:
        """Bring a model into the home, in place of a copy that is there. Returns its list."""
        try:
            content = self._objects.read(self._bucket, self._list_key(name))
        except (NoSuchKey, NoSuchBucket) as error:
            raise NoSuchModel(f"There is no model {name} in the bucket {self._bucket} of {self._endpoint}.") from error
        listed = ModelList.decode(content)
        if listed is None:
            raise self._damaged(name, "its list cannot be read")
        scratch = Path(tempfile.mkdtemp(prefix="fetch-", dir=self._root))
        try:
            for file, expected in listed.files.items():
                self._fetch_file(name, file, expected, scratch / file)
            (self._root / f"{name}{_LIST}").unlink(missing_ok=True)
            shutil.rmtree(self._root / name, ignore_errors=True)
            os.rename(scratch, self._root / name)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        self._write_list(name, listed)
        return listed

    def _fetch_file(self, name: str, file: str, expected: Listed, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(_TRIES):
            digest = hashlib.sha256()
            try:
                _, chunks = self._objects.open(self._bucket, self._key(name, file))
            except NoSuchKey as error:
                raise NoSuchModel(f"The model {name} lacks its file {file} at {self._endpoint}.") from error
            with path.open("wb") as target:
                for chunk in chunks:
                    digest.update(chunk)
                    target.write(chunk)
            if digest.hexdigest() == expected.sha256:
                return
        raise self._damaged(name, f"{file} is not what its list says")

    def _damaged(self, name: str, what: str) -> NoSuchModel:
        return NoSuchModel(
            f"The model {name} in the bucket {self._bucket} of {self._endpoint} is damaged: {what}. Restore a backup, "
            "or train it again."
        )

    def _copied_list(self, name: str) -> ModelList | None:
        try:
            return ModelList.decode((self._root / f"{name}{_LIST}").read_bytes())
        except OSError:
            return None

    def _write_list(self, name: str, listed: ModelList) -> None:
        scratch = self._root / f"{name}{_PART}"
        scratch.write_bytes(listed.encode())
        os.replace(scratch, self._root / f"{name}{_LIST}")
