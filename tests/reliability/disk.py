"""A file system of its own, in memory, that can be full, and folders that can only be read."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_ROOM = "1g"


class Disk:
    """A mounted file system. Where it may not be mounted, it is a folder, and tests of full disks are skipped."""

    def __init__(self, root: Path, mounted: bool) -> None:
        self.root = root
        self._mounted = mounted

    @contextmanager
    def full(self) -> Iterator[None]:
        """No byte more than it has now."""
        if not self._mounted:
            pytest.skip("This user may mount no file system, so no disk can be filled up.")
        for _ in range(100):  # others may write meanwhile
            stat = os.statvfs(self.root)
            used = (stat.f_blocks - stat.f_bfree) * stat.f_frsize
            if _mount("-o", f"remount,size={used}", str(self.root)):
                break
        else:
            pytest.fail("The file system cannot be made smaller.")
        try:
            yield
        finally:
            assert _mount("-o", f"remount,size={_ROOM}", str(self.root))


@contextmanager
def disk() -> Iterator[Disk]:
    """A disk that is gone at the end."""
    root = Path(tempfile.mkdtemp(prefix="customlabels-disk-"))
    mounted = _mount("-t", "tmpfs", "-o", f"size={_ROOM},mode=0777", "tmpfs", str(root))
    try:
        yield Disk(root, mounted)
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(root)], check=True)
        root.rmdir() if mounted else subprocess.run(["rm", "-rf", str(root)], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Whoever opens a file of this folder from now on can only read it."""
    if not _mount("--bind", str(folder), str(folder)):
        pytest.skip("This user may mount no file system, so no folder can be made one that is only read.")
    try:
        assert _mount("-o", "remount,ro,bind", str(folder))
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(*arguments: str) -> bool:
    try:
        return subprocess.run(["mount", *arguments], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False
