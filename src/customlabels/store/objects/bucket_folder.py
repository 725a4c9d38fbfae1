"""The files of one bucket: new content, parts, and files at their places.

photos/cat.jpg                      the object photos/cat.jpg
.customlabels/keys/3f/3f8a...       an object whose key is no path
.customlabels/new/9c0d...           new content
.customlabels/parts/UPLOAD.7.51...  the 7th part of a multipart upload
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from customlabels.store.objects import CHUNK, StoreUnavailable
from customlabels.store.objects.files import (
    make_folders,
    new_name,
    open_to_read,
    remove_empty_folders,
    set_modified,
    sync_folder,
)
from customlabels.store.objects.names import RESERVED
from customlabels.store.objects.object_rows import ObjectRow

GRAVE = ".deleted-"
"""What the name of the folder of a deleted bucket begins with, until it is gone."""


@dataclass(frozen=True)
class BucketFolder:
    """A bucket's folder. It knows no rows of its own: who calls sees to it that a row and its file agree."""

    root: Path

    @property
    def new(self) -> Path:
        return self.root / RESERVED / "new"

    @property
    def parts(self) -> Path:
        return self.root / RESERVED / "parts"

    def content(self, name: str) -> Path:
        return self.new / name

    def at_place(self, row: ObjectRow) -> Path:
        return self.root / row.path

    def prepare(self, row: ObjectRow) -> None:
        """Make the folders of an object's place, as far as that can be."""
        with contextlib.suppress(OSError):
            make_folders(self.at_place(row).parent)

    def settle(self, row: ObjectRow) -> bool:
        """Move an object's content to its place, over what is there. False where that cannot be: it stays then."""
        try:
            target = self.at_place(row)
            make_folders(target.parent)
            os.replace(self.content(row.content), target)
        except OSError:  # a person's file or folder is in the way, the path is too long, a reader holds it (Windows)
            return False
        return True

    def sync_place(self, row: ObjectRow) -> None:
        """Make it durable that a file is at its place, where it still is."""
        with contextlib.suppress(FileNotFoundError):
            sync_folder(self.at_place(row).parent)

    def unsettle(self, row: ObjectRow) -> None:
        """Move an object's file away from its place, so that it is gone when its row is. Raises OSError."""
        content, place = self.content(row.content), self.at_place(row)
        if not content.exists() and place.is_file() and not place.is_symlink():
            make_folders(content.parent)
            os.rename(place, content)

    def remove(self, row: ObjectRow) -> None:
        """Remove the file of an object that has no row any more, and the folders that are empty without it."""
        self.content(row.content).unlink(missing_ok=True)
        remove_empty_folders(self.at_place(row).parent, self.root)

    def touch(self, row: ObjectRow, modified: int) -> None:
        """Give an object's file a time of its last change (milliseconds since 1970)."""
        for path in (self.content(row.content), self.at_place(row)):
            with contextlib.suppress(OSError):  # a scan will find a file that has another time and read it again
                return set_modified(path, modified)

    def open_new(self, row: ObjectRow) -> int | None:
        """A descriptor of an object's content where it is not at its place yet."""
        return open_to_read(self.content(row.content))

    def open_at_place(self, row: ObjectRow) -> int | None:
        """A descriptor of the file at an object's place; None where there is none of the object's size."""
        descriptor = open_to_read(self.at_place(row))
        if descriptor is None:
            return None
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) and found.st_size == row.stored.size:
            return descriptor
        os.close(descriptor)
        return None

    def read_part(self, name: str) -> Iterator[bytes]:
        """Raises FileNotFoundError."""
        with (self.parts / name).open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def leftovers(self, folder: Path, age: float) -> Iterator[Path]:
        """The files of `new` or `parts` that nobody has written to for `age` seconds."""
        before = time.time() - age
        try:
            entries = list(os.scandir(folder))
        except FileNotFoundError:
            return
        for entry in entries:
            try:
                old = entry.stat(follow_symlinks=False).st_mtime < before
            except FileNotFoundError:
                continue
            if old:
                yield Path(entry.path)

    def holds(self, row: ObjectRow) -> bool:
        """Whether an object has a file."""
        return self.content(row.content).is_file() or self.at_place(row).is_file()

    def ordinary_files(self) -> Iterator[Path]:
        """All files but our own, as paths below the root, without following links. A link is given, too."""
        for folder, folders, files in os.walk(self.root, onerror=_refuse):
            here = Path(folder)
            if here == self.root and RESERVED in folders:
                folders.remove(RESERVED)
            folders.sort()
            links = [name for name in folders if (here / name).is_symlink()]
            for name in sorted([*files, *links]):
                yield (here / name).relative_to(self.root)


def unused_name(root: Path) -> Path:
    """Where a bucket's folder goes to be deleted. No bucket has such a name."""
    return root / f"{GRAVE}{new_name()}"


def _refuse(error: OSError) -> None:
    raise StoreUnavailable(f"{error.filename} cannot be read: {error.strerror}.") from error
