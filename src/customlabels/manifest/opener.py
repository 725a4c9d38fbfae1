"""Images on disk: from the source-ref of an entry to the bytes, and names that stay below their folder."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

S3 = "s3://"
_S3_URI = re.compile(r"s3://[A-Za-z0-9._-]{3,255}/(.+)", re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def is_s3(source_ref: str) -> bool:
    """Whether it is a whole s3://bucket/key."""
    return _S3_URI.fullmatch(source_ref) is not None


def is_path(source_ref: str) -> bool:
    """Whether it can be the name of a file: not empty, no NUL, and not an address such as https://..."""
    return bool(source_ref.strip()) and "\0" not in source_ref and _SCHEME.match(source_ref) is None


def name_below(name: str) -> str | None:
    """A file name as it stands in an annotation file, as a relative path with `/`; None where it leads outside.

    Absolute names, drive letters, `..` and NUL are refused; `\\` counts as `/`.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    parts = path.parts
    if not parts or path.is_absolute() or ".." in parts or "\0" in name or ":" in parts[0]:
        return None
    return str(path)


def is_file(path: Path) -> bool:
    """Whether there is such a file; other than `Path.is_file` also for names that no file can have."""
    return os.path.isfile(path)


@dataclass(frozen=True)
class Folder:
    """Opens the images of a dataset that lies in a folder.

    A path is taken from `root` (an absolute one as it is); s3://bucket/key is looked for as root/bucket/key, then as
    root/key.
    """

    root: Path

    def __call__(self, source_ref: str) -> bytes:
        """The bytes of the image. Raises OSError where there is no such file."""
        return self.path(source_ref).read_bytes()

    def path(self, source_ref: str) -> Path:
        """Where the image lies. Raises FileNotFoundError."""
        candidates = self._candidates(source_ref)
        for path in candidates:
            if is_file(path):
                return path
        places = " or ".join(str(path) for path in candidates)
        raise FileNotFoundError(f"{source_ref}: no such file" + (f" (looked for {places})" if places else ""))

    def _candidates(self, source_ref: str) -> list[Path]:
        if not source_ref.startswith(S3):
            return [self.root / source_ref] if is_path(source_ref) else []
        names = (
            name_below(name) for name in (source_ref.removeprefix(S3), source_ref.removeprefix(S3).partition("/")[2])
        )
        return [self.root / name for name in names if name]
