"""Small pictures of images, made once and kept in the home: upright JPEGs without metadata."""

from __future__ import annotations

import hashlib
import math
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from customlabels.imaging.images import ImageError, Limits
from customlabels.manifest.opener import S3
from customlabels.service.access.caller import Caller
from customlabels.service.errors import (
    AccessDeniedException,
    InvalidImageFormatException,
    ResourceNotFoundException,
)
from customlabels.service.pictures import MAX_BYTES
from customlabels.service.service import Service
from customlabels.store.objects import ObjectError, ObjectTooLarge, StoreUnavailable

SIDE = 320
"""Pixels of the longer side."""
_QUALITY = 82
_TOUCH_SECONDS = 24 * 60 * 60
"""How often the file of a small picture notes at most that it was shown."""
SHOWN = Limits(bytes=100 * 1024 * 1024, min_side=1, max_side=100_000, max_aspect=math.inf)
"""Of images that are looked at: more than may be learnt from, so that people see what is wrong with them."""


@dataclass(frozen=True)
class Picture:
    """An encoded image; `etag` changes when the image does."""

    content: bytes
    media: str
    etag: str


def thumbnail(service: Service, caller: Caller, source_ref: str) -> Picture:
    """A small picture of an image, from the home where it has been made before.

    Raises AccessDenied, InvalidImageFormat, ResourceNotFound.
    """
    bucket, key = _place(service, caller, source_ref)
    try:
        etag = service.objects.head(bucket, key).etag
        path = _path(service, bucket, key, etag)
        try:
            content = path.read_bytes()
            if path.stat().st_mtime < time.time() - _TOUCH_SECONDS:
                os.utime(path)
        except OSError:
            content = _small(service, service.objects.read(bucket, key, MAX_BYTES))
            _keep(path, content)
    except ObjectError as error:
        raise _told(error, source_ref) from error
    except ImageError as error:
        raise InvalidImageFormatException(f"{source_ref[:1100]}: {error}") from error
    return Picture(content, "image/jpeg", etag)


def full_picture(service: Service, caller: Caller, source_ref: str) -> Picture:
    """An image as it is stored, if it is a JPEG or PNG: anything else is not shown.

    Raises AccessDenied, InvalidImageFormat, ResourceNotFound.
    """
    bucket, key = _place(service, caller, source_ref)
    try:
        etag = service.objects.head(bucket, key).etag
        content = service.objects.read(bucket, key, MAX_BYTES)
    except ObjectError as error:
        raise _told(error, source_ref) from error
    media = media_type(content)
    if media is None:
        raise InvalidImageFormatException(f"{source_ref[:1100]} is not a JPEG or PNG image.")
    return Picture(content, media, etag)


def keep_thumbnail(service: Service, bucket: str, key: str, etag: str, content: bytes) -> None:
    """Make the small picture of an image that was just stored. Raises ImageError."""
    _keep(_path(service, bucket, key, etag), _small(service, content))


def has_thumbnail(service: Service, bucket: str, key: str, etag: str) -> bool:
    return _path(service, bucket, key, etag).is_file()


def media_type(content: bytes) -> str | None:
    """The media type of a JPEG or PNG by its first bytes."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/png" if content.startswith(b"\x89PNG\r\n\x1a\n") else None


def _small(service: Service, content: bytes) -> bytes:
    return service.decoders.small(content, SHOWN, SIDE, _QUALITY)


def _path(service: Service, bucket: str, key: str, etag: str) -> Path:
    name = hashlib.sha256(f"{SIDE}\n{bucket}\n{key}\n{etag}".encode()).hexdigest()
    return service.settings.home / "thumbnails" / name[:2] / f"{name[2:]}.jpg"


def _keep(path: Path, content: bytes) -> None:
    """Write a file that can be made anew at any time: whole or not at all, but not synced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        scratch.write_bytes(content)
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


def _told(problem: ObjectError, source_ref: str) -> Exception:
    match problem:
        case StoreUnavailable():
            return problem
        case ObjectTooLarge():
            return InvalidImageFormatException(str(problem))
        case _:
            return ResourceNotFoundException(f"There is no image {source_ref[:1100]}.")


def _place(service: Service, caller: Caller, source_ref: str) -> tuple[str, str]:
    """Bucket and key of an image that the caller may read. Raises AccessDenied, ResourceNotFound."""
    bucket, _, key = source_ref.removeprefix(S3).partition("/")
    if not source_ref.startswith(S3) or not bucket or not key:
        raise ResourceNotFoundException(f"{source_ref[:1100]!r} is no place of an image: it must be s3://bucket/key.")
    arn = f"arn:aws:s3:::{bucket}/{key}"
    caller.require("s3:GetObject", arn)
    try:
        owner = service.objects.bucket(bucket).account
    except StoreUnavailable:
        raise
    except ObjectError as error:
        raise ResourceNotFoundException(f"There is no bucket {bucket[:80]}.") from error
    if owner != caller.account:
        raise AccessDeniedException(caller.arn, "s3:GetObject", arn)
    return bucket, key
