"""Datasets out of a bucket's folder or out of an archive: first a manifest is written, then it is imported."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import insert

from customlabels.manifest.formats.images import is_clutter, is_image_name
from customlabels.manifest.opener import S3
from customlabels.service import datasets as verbs
from customlabels.service.access.caller import Caller
from customlabels.service.arn import dataset_arn, names_of_dataset
from customlabels.service.clock import unique_now
from customlabels.service.console_bucket import console_bucket
from customlabels.service.datasets import require_readable
from customlabels.service.errors import InvalidParameterException, InvalidS3ObjectException, ServiceError
from customlabels.service.labelling.annotations import new_entry
from customlabels.service.labelling.archives import SourceRefused, archive_lines, line_of, words_on
from customlabels.service.labelling.uploads import folder_of
from customlabels.service.service import Service
from customlabels.store.objects import ObjectError, StoreUnavailable
from customlabels.store.tables import datasets

_TELL_SECONDS = 1.0


def create_from(
    service: Service, caller: Caller, project_arn: str, dataset_type: str, source: Mapping[str, Any]
) -> str:
    """Make a dataset from a source that the API has not; the work is done in the background. Returns its ARN.

    `source` has Folder (Bucket, Prefix, LabelsFromFolders) or Archive (Bucket, Name, and perhaps Part: train or test).
    Raises AccessDenied, InvalidParameter, InvalidS3Object, ResourceAlreadyExists, ResourceInUse, ResourceNotFound.
    """
    if ("Folder" in source) == ("Archive" in source):
        raise InvalidParameterException("The source must have either Folder or Archive.")
    if "Archive" in source:
        require_readable(service, caller, source["Archive"])
    else:
        _require_listable(service, caller, source["Folder"])
    with service.database.write() as connection:
        project = verbs.project_for(connection, caller, project_arn, dataset_type, None)
        created = unique_now(connection)
        arn = dataset_arn(project_arn, dataset_type, created)
        row = {
            "arn": arn,
            "project_id": project.id,
            "type": dataset_type,
            "created": created,
            "updated": created,
            "status": "CREATE_IN_PROGRESS",
            "status_message": "The dataset is being created.",
            "status_code": "SUCCESS",
        }
        connection.execute(insert(datasets), row)
        service.queue.add(connection, "dataset.create", arn, {"source": dict(source), "account": caller.account})
    return arn


def write_manifest(
    service: Service, arn: str, payload: Mapping[str, Any], tell: Callable[[str], None]
) -> dict[str, str]:
    """Bring in what a source has, and write its manifest. Returns Bucket and Name of it, and LeftOut, words on that.

    `tell` is given words on how far it is. Raises SourceRefused, StoreUnavailable.
    """
    bucket = console_bucket(service, payload["account"])
    project, type, created = names_of_dataset(arn)
    source = payload["source"]
    telling, left_out = _seldom(tell), list[str]()
    if "Folder" in source:
        lines = _folder_lines(service, source["Folder"], telling)
    else:
        lines = archive_lines(service, source["Archive"], bucket, folder_of(arn), telling, left_out)
    key = f"datasets/{project}_{created}_{type}/manifests/output/output.manifest"
    try:
        service.objects.put(bucket, key, lines, {"content-type": "application/jsonl"})
    except StoreUnavailable:
        raise
    except ObjectError as error:
        raise SourceRefused(str(error)) from error
    return {"Bucket": bucket, "Name": key, "LeftOut": words_on(left_out)}


def folder_label(prefix: str, key: str) -> str | None:
    """The label that a key's folder gives: the first one below the prefix; None for an image right in it."""
    first, slash, _ = key.removeprefix(prefix).partition("/")
    return first if slash and first else None


def _folder_lines(service: Service, folder: Mapping[str, Any], tell: Callable[[str], None]) -> Iterator[bytes]:
    bucket, prefix = folder["Bucket"], folder["Prefix"]
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    number, after = 0, ""
    while page := service.objects.list_objects(bucket, prefix, after, 1000):
        for stored in page:
            name = stored.key.rpartition("/")[2]
            if not is_image_name(name) or is_clutter(name) or not stored.size:
                continue
            label = folder_label(prefix, stored.key) if folder.get("LabelsFromFolders") else None
            try:
                entry = new_entry(f"{S3}{bucket}/{stored.key}", (label,) if label else ())
            except ServiceError as error:
                raise SourceRefused(f"{stored.key[:200]}: {error}") from error
            yield line_of(entry)
            number += 1
        after = page[-1].key
        tell(f"The dataset is being created: {number:,} images found.")
    if not number:
        raise SourceRefused(f"There is no JPEG or PNG image in s3://{bucket}/{prefix}.")


def _require_listable(service: Service, caller: Caller, folder: Mapping[str, Any]) -> None:
    bucket = str(folder.get("Bucket", ""))
    words = f"The bucket {bucket[:80]!r} is not there, or not yours to list."
    if not caller.may("s3:ListBucket", f"arn:aws:s3:::{bucket}"):
        raise InvalidS3ObjectException(words)
    try:
        if service.objects.bucket(bucket).account != caller.account:
            raise InvalidS3ObjectException(words)
        first = service.objects.list_objects(bucket, str(folder.get("Prefix", "")), "", 1)
    except StoreUnavailable:
        raise
    except ObjectError as error:
        raise InvalidS3ObjectException(words) from error
    if not first:
        raise InvalidS3ObjectException(f"There is nothing in s3://{bucket}/{folder.get('Prefix', '')}.")


def _seldom(tell: Callable[[str], None]) -> Callable[[str], None]:
    last = 0.0

    def telling(words: str) -> None:
        nonlocal last
        at = time.monotonic()
        if at - last >= _TELL_SECONDS:
            last = at
            tell(words)

    return telling
