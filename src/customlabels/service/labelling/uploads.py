"""Images from a person's computer: checked, stored in the bucket of the dataset's images, added to the dataset."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import select

from customlabels.engine.decoders import Decoders
from customlabels.imaging.images import ImageError, Limits
from customlabels.manifest.opener import S3
from customlabels.service import entry_rows
from customlabels.service.access.caller import Caller
from customlabels.service.arn import names_of_dataset
from customlabels.service.console_bucket import console_bucket
from customlabels.service.dataset_rows import permitted
from customlabels.service.errors import (
    ImageTooLargeException,
    InvalidImageFormatException,
    InvalidParameterException,
)
from customlabels.service.importing import bucket_of
from customlabels.service.labelling.annotations import check_name, new_entry
from customlabels.service.labelling.editing import changing, write
from customlabels.service.labelling.thumbnails import SHOWN, SIDE, keep_thumbnail
from customlabels.service.service import Service
from customlabels.store.objects import MAX_KEY_BYTES, NoSuchBucket, NoSuchKey, PreconditionFailed
from customlabels.store.tables import entries

MAX_UPLOAD_BYTES = 100 * 1024 * 1024
"""Of a file before it is made smaller."""
ARCHIVES = "uploads/"
"""Where in the console's bucket uploaded archives lie, until the datasets are made of them."""
_QUALITY = 95
_UNWANTED = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True)
class Added:
    """What became of a file: `new` unless the dataset had this image already, `note` where it was changed."""

    source_ref: str
    new: bool
    note: str = ""


def add_image(
    service: Service, caller: Caller, dataset_arn: str, name: str, content: bytes, labels: Sequence[str] = ()
) -> Added:
    """Store an image and add it to a dataset, unless it is there: so an upload that broke off can be sent again.

    One that measures more than the limit is made smaller. Raises AccessDenied, ImageTooLarge, InvalidImageFormat,
    InvalidParameter, ResourceInUse, ResourceNotFound.
    """
    for label in labels:
        check_name(label)
    content, note = fitting(service.decoders, name, content)
    with service.database.read() as connection:
        dataset = permitted(connection, caller, "UpdateDatasetEntries", dataset_arn)
        one = select(entries.c.source_ref).where(entries.c.dataset_id == dataset.id).limit(1)
        first = connection.execute(one).scalar()
    bucket = _own(service, caller, bucket_of(first)) if first else console_bucket(service, caller.account)
    key = _store(service, caller, bucket, folder_of(dataset_arn), name, content)
    source_ref = f"{S3}{bucket}/{key}"
    with changing(service, caller, dataset_arn) as (connection, row):
        if entry_rows.positions_of(connection, row.id, [source_ref]):
            return Added(source_ref, False, note)
        write(connection, row, [new_entry(source_ref, labels)])
    return Added(source_ref, True, note)


def folder_of(dataset_arn: str) -> str:
    """Where in the console's bucket the images of a dataset go, without a slash at the end."""
    project, type, created = names_of_dataset(dataset_arn)
    return f"assets/{project}_{created}_{'training' if type == 'train' else 'test'}_dataset"


def fitting(decoders: Decoders, name: str, content: bytes) -> tuple[bytes, str]:
    """An image that a dataset may have, made smaller where it must be, and words on that; all of it can be decoded.

    Raises ImageTooLarge, InvalidImageFormat, and InvalidParameter for one that is too small or too narrow.
    """
    limits, longest = Limits(), 0
    try:
        header = decoders.header(content, None)
        longest = max(header.width, header.height)
        if longest <= limits.max_side and len(content) <= limits.bytes:
            decoders.small(content, limits, SIDE, _QUALITY)
            return content, ""
        side = min(longest, limits.max_side)
        smaller = decoders.small(content, SHOWN, side, _QUALITY)
        decoders.header(smaller, limits)
    except ImageError as error:
        words = f"{name[:200]}: {error}"
        if error.reason == "format":
            raise InvalidImageFormatException(words) from error
        if error.reason == "dimension" and longest <= limits.max_side:
            raise InvalidParameterException(words) from error
        raise ImageTooLargeException(words) from error
    return smaller, f"It was made smaller, to {side} pixels on its long side."


def clean_name(name: str) -> str:
    """A file's name as it may stand in a key: without folders and control characters, not too long."""
    cleaned = _UNWANTED.sub("_", name.replace("\\", "/").rpartition("/")[2]).strip()
    if not cleaned.strip("."):
        cleaned = "image"
    path = PurePosixPath(cleaned)
    suffix = path.suffix[:16]
    stem = cleaned.removesuffix(path.suffix) if path.suffix else cleaned
    while len((stem + suffix).encode()) > 200:
        stem = stem[:-1]
    return (stem or "image") + suffix


def _own(service: Service, caller: Caller, bucket: str) -> str:
    """The bucket of a dataset's images, which need not be there, nor the caller's. Raises InvalidParameter."""
    try:
        owner = service.objects.bucket(bucket).account
    except NoSuchBucket:
        owner = None
    if owner != caller.account:
        raise InvalidParameterException(
            f"The images of the dataset are in the bucket {bucket}, which is not there or not yours: none can be added."
        )
    return bucket


def _store(service: Service, caller: Caller, bucket: str, folder: str, name: str, content: bytes) -> str:
    """Put an image under its name, or another one where a different image has that. Returns the key."""
    cleaned = clean_name(name)
    stem, dot, suffix = cleaned.rpartition(".")
    if not dot:
        stem, suffix = cleaned, ""
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    number = 1
    while True:
        numbered = cleaned if number == 1 else f"{stem} ({number}){dot}{suffix}"
        key = f"{folder}/{numbered}"
        assert len(key.encode()) <= MAX_KEY_BYTES
        try:
            stored: Any = service.objects.head(bucket, key)
        except NoSuchKey:
            caller.require("s3:PutObject", f"arn:aws:s3:::{bucket}/{key}")
            try:
                stored = service.objects.put(
                    bucket, key, content, {"content-type": "application/octet-stream"}, replacing=""
                )
            except PreconditionFailed:  # somebody else has just stored an image of that name
                continue
            keep_thumbnail(service, bucket, key, stored.etag, content)
            return key
        if stored.etag == digest:
            return key
        number += 1
