"""Datasets out of archives: ZIP files of any known format, unpacked, and their images put into a bucket."""

from __future__ import annotations

import io
import lzma
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from customlabels.engine.decoders import Decoders
from customlabels.imaging.images import ImageError
from customlabels.manifest.entry import Dataset, Entry
from customlabels.manifest.formats.groundtruth import sized
from customlabels.manifest.formats.images import is_clutter
from customlabels.manifest.lines import write_line
from customlabels.manifest.opener import S3, Folder, name_below
from customlabels.manifest.problems import DatasetError
from customlabels.manifest.read import read_dataset, recognise
from customlabels.service.errors import ServiceError
from customlabels.service.labelling.thumbnails import keep_thumbnail
from customlabels.service.labelling.uploads import clean_name, fitting
from customlabels.service.service import Service
from customlabels.store.objects import CHUNK, ObjectError, StoreUnavailable

MAX_FILES = 250_000
MAX_UNPACKED = 20 * 1024**3
"""Bytes of all files of an archive."""
MAX_DIRECTORY = 200 * MAX_FILES
"""Bytes of an archive's list of its files, which is read as a whole before the files can be counted."""
MAX_FILE = 512 * 1024**2
"""Bytes of one of them: it is read as a whole."""
_TOLD = 3
"""Images left out that a status message names."""
_BROKEN = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
)
"""What `zipfile` raises for a file that is damaged, or that it cannot read."""


class SourceRefused(Exception):
    """No dataset can be made of that; the text says why."""


def archive_lines(
    service: Service,
    archive: Mapping[str, Any],
    bucket: str,
    folder: str,
    tell: Callable[[str], None],
    left_out: list[str],
) -> Iterator[bytes]:
    """Keep the images of an archive in a bucket's folder, and give the lines of their manifest.

    `left_out` is given words on each image that cannot be used. Raises SourceRefused, StoreUnavailable.
    """
    with tempfile.TemporaryDirectory(prefix="customlabels-archive-") as scratch:
        root = Path(scratch) / "files"
        _unpack(service, archive, Path(scratch) / "archive.zip", root)
        dataset = _read(root)
        entries = _part(dataset, archive.get("Part"))
        left_out += [f"{found.message} {found.detail}".strip() for found in dataset.dropped]
        used: set[str] = set()
        for number, entry in enumerate(entries, 1):
            try:
                name, content, entry = _usable(service.decoders, root, dataset, entry, used)
            except (OSError, ImageError, ServiceError) as error:
                words = str(error).replace(f"{root}/", "")
                known = words.startswith(entry.source_ref[:200])
                left_out.append(words if known else f"{entry.source_ref[:200]}: {words}".replace(f"{root}/", ""))
                continue
            yield line_of(_stored(service, entry, bucket, f"{folder}/{name}", content))
            tell(f"The dataset is being created: {number:,} of {len(entries):,} images.")
        if not used:
            raise SourceRefused(f"The archive has no usable image.{words_on(left_out)}")


def words_on(left_out: Sequence[str]) -> str:
    """What of an archive was left out, for people; empty where nothing was."""
    if not left_out:
        return ""
    told = "; ".join(words[:300] for words in left_out[:_TOLD])
    images = "1 image was" if len(left_out) == 1 else f"{len(left_out):,} images were"
    return f" {images} left out ({told}{'; ...' if len(left_out) > _TOLD else ''})."


def line_of(entry: Entry) -> bytes:
    """The line of a manifest."""
    return f"{write_line(entry)}\n".encode()


class _Listed(io.BufferedReader):
    """An archive of which no more is read at once than the list of its files may have. Raises SourceRefused."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_DIRECTORY:
            raise SourceRefused(f"The archive lists more than {MAX_FILES:,} files: divide it.")
        return super().read(size)


def _unpack(service: Service, archive: Mapping[str, Any], file: Path, root: Path) -> None:
    """Write an archive's files below a folder, nothing anywhere else. Raises SourceRefused."""
    try:
        root.mkdir()
        _, chunks = service.objects.open(archive["Bucket"], archive["Name"])
        with file.open("wb") as target:
            target.writelines(chunks)
        with _Listed(io.FileIO(file)) as source, zipfile.ZipFile(source) as opened:
            members = [info for info in opened.infolist() if not info.is_dir()]
            if len(members) > MAX_FILES:
                raise SourceRefused(f"The archive has {len(members):,} files; at most {MAX_FILES:,} are allowed.")
            left = MAX_UNPACKED
            for info in members:
                name = name_below(info.filename)
                if name is None or stat.S_ISLNK(info.external_attr >> 16):
                    raise SourceRefused(f"The archive has the file {info.filename[:200]!r}, which leads outside of it.")
                place = root / name
                place.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(info) as member, place.open("wb") as target:
                    while chunk := member.read(min(CHUNK, left + 1)):
                        left -= len(chunk)
                        if target.tell() + len(chunk) > MAX_FILE:
                            raise SourceRefused(
                                f"The file {info.filename[:200]!r} of the archive has more than "
                                f"{MAX_FILE // 1024**2} MB: leave it out, or make it smaller."
                            )
                        if left < 0:
                            raise SourceRefused(
                                f"The files of the archive have more than {MAX_UNPACKED // 1024**3} GB: divide it."
                            )
                        target.write(chunk)
    except StoreUnavailable:
        raise
    except ObjectError as error:
        raise SourceRefused(str(error)) from error
    except _BROKEN as error:
        raise SourceRefused(
            f"The archive cannot be read ({error}): it must be a ZIP file without a password."
        ) from error
    except OSError as error:
        shutil.rmtree(root, ignore_errors=True)
        raise SourceRefused(f"The archive cannot be unpacked: {error.strerror or error}.") from error
    file.unlink()


def _read(root: Path) -> Dataset:
    """The dataset in an archive, also where all of it is in one folder. Raises SourceRefused."""
    top = root
    while (inner := _only_folder(top)) is not None:
        if not _is_annotated(inner) and (_is_annotated(top) or not any(_folders(inner))):
            break  # in folders, the name of the last one is the images' label
        top = inner
    try:
        return read_dataset(top)
    except DatasetError as error:
        words = str(error).replace(f"{root}/", "").replace(str(root), "The archive")
        raise SourceRefused(f"The archive has no dataset of a known format: {words}") from error


def _is_annotated(folder: Path) -> bool:
    """Whether it has a format that says more than folders do."""
    try:
        return recognise(folder) != "folders"
    except DatasetError:
        return False


def _only_folder(folder: Path) -> Path | None:
    """The folder that is all that there is in another one."""
    there = [path for path in folder.iterdir() if not is_clutter(path.name)]
    return there[0] if len(there) == 1 and there[0].is_dir() else None


def _folders(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.is_dir() and not is_clutter(path.name))


def _part(dataset: Dataset, part: str | None) -> list[Entry]:
    if part is None or not dataset.split:
        if part == "test":
            raise SourceRefused("The archive does not say which images are for testing: make a single dataset of it.")
        found = list(dataset.entries)
    else:
        found = [entry for entry in dataset.entries if dataset.split.get(entry.source_ref, "train") == part]
    if not found:
        words = "; ".join(f"{p.message} {p.detail}".strip() for p in dataset.dropped[:3])
        raise SourceRefused(f"The archive has no usable image{' for that part' if part else ''}. {words}".strip())
    return found


def _usable(decoders: Decoders, root: Path, dataset: Dataset, entry: Entry, used: set[str]) -> tuple[str, bytes, Entry]:
    """A name that is free, the bytes of the image, and its entry. Raises OSError, ImageError, ServiceError.

    A manifest can name any file of this machine; those outside of the archive are not there.
    """
    if isinstance(dataset.open, Folder) and not entry.source_ref.startswith(S3):
        place = (dataset.open.root / entry.source_ref).resolve()
        if not place.is_relative_to(root.resolve()):
            raise FileNotFoundError("the file is not in the archive")
    entry = sized(entry, dataset)
    content = dataset.open(entry.source_ref)
    if entry.boxes is None:
        content, _ = fitting(decoders, entry.source_ref, content)
    else:
        decoders.header(content, None)  # what measures too much would have its boxes elsewhere if it were made smaller
    path = Path(entry.source_ref)
    name, number = clean_name(path.name), 2
    while name in used:
        name, number = clean_name(f"{path.stem[:150]} ({number}){path.suffix[:16]}"), number + 1
    used.add(name)
    return name, content, entry


def _stored(service: Service, entry: Entry, bucket: str, key: str, content: bytes) -> Entry:
    """The entry once its image is in the bucket."""
    stored = service.objects.put(bucket, key, content, {"content-type": "application/octet-stream"})
    with suppress(OSError, ImageError):  # what is wrong with it is said when it is shown, and when it is learnt from
        keep_thumbnail(service, bucket, key, stored.etag, content)
    return replace(entry, source_ref=f"{S3}{bucket}/{key}")
