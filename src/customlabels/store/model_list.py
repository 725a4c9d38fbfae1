"""What a model's folder holds, so that a copy of it can be told from a part of it, or from damage."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

FORMAT = 1


@dataclass(frozen=True)
class Listed:
    """A file's size in bytes and its digest, in hexadecimal."""

    size: int
    sha256: str


@dataclass(frozen=True)
class ModelList:
    """The files of a folder, by their paths within it."""

    files: Mapping[str, Listed]

    @classmethod
    def of(cls, folder: Path) -> ModelList:
        """Raises OSError."""
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        return cls({path.relative_to(folder).as_posix(): _listed(path) for path in paths})

    @classmethod
    def decode(cls, content: bytes) -> ModelList | None:
        """What `encode` gave; None where it is nothing that this version can read, or leads out of the folder."""
        try:
            known = json.loads(content)
            files = {file: Listed(int(of["size"]), str(of["sha256"])) for file, of in known["files"].items()}
            paths = [PurePosixPath(file) for file in files]
        except (ValueError, TypeError, KeyError, AttributeError):
            return None
        inside = all(not path.is_absolute() and ".." not in path.parts for path in paths)
        return cls(files) if files and inside and known.get("format") == FORMAT else None

    def encode(self) -> bytes:
        """As JSON."""
        return json.dumps({"format": FORMAT, "files": {file: asdict(of) for file, of in self.files.items()}}).encode()

    def has_sizes(self, folder: Path) -> bool:
        """Whether a folder has files of these sizes: a quick look."""
        try:
            return all((folder / file).stat().st_size == of.size for file, of in self.files.items())
        except OSError:
            return False

    def matches(self, folder: Path) -> bool:
        """Whether a folder has these very bytes."""
        try:
            return self.has_sizes(folder) and all(_listed(folder / file) == of for file, of in self.files.items())
        except OSError:
            return False


def _listed(path: Path) -> Listed:
    with path.open("rb") as stream:
        return Listed(os.fstat(stream.fileno()).st_size, hashlib.file_digest(stream, "sha256").hexdigest())
