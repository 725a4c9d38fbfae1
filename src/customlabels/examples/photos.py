"""Photos that this project does not ship: it has their labels and checksums, and finds the pictures.

`data/NAME/` holds `SHA256SUMS`, `train.manifest` and `test.manifest` of a set. A set without checksums is no set.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from customlabels.examples.download import fetch
from customlabels.vision.weights import cache_folder


@dataclass(frozen=True)
class PhotoSet:
    """Photos in `path` of a public GitHub repository at a commit, and the folder of ours that says what they show."""

    name: str
    repository: str
    commit: str
    path: str

    @property
    def data(self) -> Path:
        """The folder with `SHA256SUMS`, `train.manifest` and `test.manifest`."""
        return Path(__file__).parent / "data" / self.name

    @property
    def url(self) -> str:
        """Where the photos are downloaded from: `CUSTOMLABELS_EXAMPLES_URL`, else the public repository."""
        default = f"https://raw.githubusercontent.com/{self.repository}/{self.commit}/{self.path}"
        return os.environ.get("CUSTOMLABELS_EXAMPLES_URL", default).rstrip("/")


PUPPIES = PhotoSet(
    "puppies",
    "jacobcantwell/aws-educate",
    "0879f0656280e6deb52788086e09503b636d45e6",
    "static/images/puppies/optimized",
)
SETS = {PUPPIES.name: PUPPIES}


@dataclass(frozen=True)
class Photos:
    """A folder that holds `images/NAME` for every name in the checksums, and `source`, words that say where it is."""

    folder: Path
    source: str


class PhotosMissing(OSError):
    """The photos are neither here nor to be had."""


def checksums(file: Path) -> dict[str, str]:
    """Name to SHA-256 from a file as `sha256sum` writes it. Raises OSError, and ValueError for another format."""
    found = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        digest, separator, name = line.partition("  ")
        if not separator or len(digest) != 64 or Path(name).name != name:
            raise ValueError(f"{file}: not a line of sha256sum: {line!r}")
        found[name] = digest
    return found


def find_photos(
    photos: PhotoSet,
    expected: dict[str, str],
    on_progress: Callable[[int, int], None] | None = None,
    cache: Path | None = None,
) -> Photos:
    """The photos, each one checked by its SHA-256: from your folder, from the cache, or downloaded into the cache.

    Your folder is the one that `CUSTOMLABELS_EXAMPLES` names: it holds `NAME/images/PHOTO`, NAME being the set's.
    `on_progress` is told how many of how many photos are here; `cache` is the models' cache unless it is named.
    Raises PhotosMissing, with the reason of each place.
    """
    reasons = []
    if configured := os.environ.get("CUSTOMLABELS_EXAMPLES"):
        folder = Path(configured) / photos.name
        if reason := _wrong(folder, expected):
            reasons.append(reason)
        else:
            return Photos(folder, f"{folder} (CUSTOMLABELS_EXAMPLES)")
    folder = (cache or cache_folder()) / "examples" / photos.name
    if _wrong(folder, expected) is None:
        return Photos(folder, f"{folder} (the cache)")
    try:
        _download(folder, photos.url, expected, on_progress)
    except OSError as error:
        reasons.append(str(error))
        raise PhotosMissing("; ".join(reasons)) from error
    return Photos(folder, f"github.com/{photos.repository} at {photos.commit[:7]}, kept in {folder}")


def _download(folder: Path, url: str, expected: dict[str, str], on_progress: Callable[[int, int], None] | None) -> None:
    for i, (name, digest) in enumerate(expected.items()):
        path = folder / "images" / name
        if _digest(path) != digest:
            fetch(f"{url}/{name}", path, digest)
        if on_progress is not None:
            on_progress(i + 1, len(expected))


def _wrong(folder: Path, expected: dict[str, str]) -> str | None:
    """Why the folder is not the set; None where it is."""
    for name, digest in expected.items():
        path = folder / "images" / name
        found = _digest(path)
        if found is None:
            return f"{path} is missing"
        if found != digest:
            return f"{path} has SHA-256 {found}, expected {digest}"
    return None


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
