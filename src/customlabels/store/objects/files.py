"""Files that are whole and durable, or not there."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from customlabels.store.objects import CHUNK, StoreUnavailable

_REASONS = {
    errno.ENOSPC: "the disk is full; make room",
    errno.EDQUOT: "the user's quota of the disk is used up; make room",
    errno.EROFS: "the disk may only be read; mount it for writing",
    errno.EACCES: "the server's user may not write there; give it the right",
    errno.EPERM: "the server's user may not write there; give it the right",
    errno.EMFILE: "the server has too many open files; raise its limit (ulimit -n)",
    errno.ENFILE: "the system has too many open files",
    errno.EIO: "the disk answers with errors; see the system's log",
}


@dataclass(frozen=True)
class Written:
    """A new file and what its content is."""

    path: Path
    size: int
    md5: str


@contextmanager
def naming_disk_faults(folder: Path) -> Iterator[None]:
    """Errors of the file system, as StoreUnavailable."""
    try:
        yield
    except OSError as error:
        reason = disk_fault(error) or str(error)
        raise StoreUnavailable(f"The store of objects in {folder} cannot be used: {reason}.") from error


def disk_fault(error: OSError) -> str | None:
    """What is wrong with a disk or the rights to it, and what to do; None for an error of another kind."""
    return _REASONS.get(error.errno or 0)


def new_name() -> str:
    """A name that no other file has, ever."""
    return secrets.token_hex(12)


def write_file(path: Path, content: Iterable[bytes]) -> Written:
    """Write a new file, durably. After an exception it is gone. Raises StoreUnavailable, and what `content` does."""
    digest, size = hashlib.md5(usedforsecurity=False), 0
    with naming_disk_faults(path.parent):
        descriptor = _create(path)
    try:
        try:
            for chunk in content:
                digest.update(chunk)
                size += len(chunk)
                with naming_disk_faults(path.parent):
                    _write(descriptor, chunk)
            with naming_disk_faults(path.parent):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        with naming_disk_faults(path.parent):
            sync_folder(path.parent)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Written(path, size, digest.hexdigest())


def set_modified(path: Path, modified: int) -> None:
    """Give a file a time of its last change (milliseconds since 1970). Raises OSError."""
    os.utime(path, ns=(modified * 1_000_000, modified * 1_000_000))


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable. Windows has no such call, and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folders(folder: Path) -> None:
    """Make a folder and those above it, durably. Raises OSError."""
    if folder.is_dir():
        return
    make_folders(folder.parent)
    folder.mkdir(exist_ok=True, mode=0o700)
    sync_folder(folder.parent)


def remove_empty_folders(folder: Path, root: Path) -> None:
    """Remove a folder and those above it up to `root` (which stays), as far as they are empty."""
    while folder != root:
        try:
            folder.rmdir()
        except OSError:  # not empty, or gone
            return
        folder = folder.parent


class Chunks:
    """The bytes start..end of an open file, which is closed at the end, by `close`, and when this is forgotten."""

    def __init__(self, descriptor: int, start: int, end: int) -> None:
        self._descriptor, self._position, self._end = descriptor, start, end

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._descriptor < 0 or self._position >= self._end:
            self.close()
            raise StopIteration
        os.lseek(self._descriptor, self._position, os.SEEK_SET)
        chunk = os.read(self._descriptor, min(CHUNK, self._end - self._position))
        if not chunk:
            self.close()
            raise StoreUnavailable("A file was cut short while it was read.")
        self._position += len(chunk)
        return chunk

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        with contextlib.suppress(OSError):
            self.close()


def open_to_read(path: Path) -> int | None:
    """A descriptor of a regular file; None where there is none. Raises OSError for other reasons."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ENXIO):
            return None
        raise
    return descriptor


def _create(path: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        make_folders(path.parent)
        return os.open(path, flags, 0o600)


def _write(descriptor: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[os.write(descriptor, view) :]
