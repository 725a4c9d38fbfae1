"""Routes on datasets: images, labels, boxes, uploads and sources that the API does not have."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from itertools import islice
from typing import Any

from starlette.responses import Response, StreamingResponse

from customlabels.api.console.answers import attachment
from customlabels.api.console.asks import Ask, Fields
from customlabels.service import dataset_rows, entries
from customlabels.service.arn import names_of_dataset
from customlabels.service.console_bucket import console_bucket
from customlabels.service.errors import InvalidParameterException, ResourceNotFoundException
from customlabels.service.labelling import editing, gallery, labels, sources, thumbnails, uploads
from customlabels.service.service import Service
from customlabels.store.objects import ObjectError, StoreUnavailable

MOST_PIXELS = 2**31 - 1
_INERT = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
}
"""With these a browser shows an upload as an image, or not at all."""


def list_images(ask: Ask) -> dict[str, Any]:
    query = ask.query
    return gallery.list_images(
        ask.service,
        ask.caller,
        query.text("DatasetArn"),
        labels=query.texts("Label"),
        labeled=query.maybe("Labeled"),
        text=query.optional("Text"),
        errors=query.flag("Errors"),
        token=query.optional("NextToken"),
        limit=query.integer("MaxResults", 1, 100, 48),
    )


def find_images(ask: Ask) -> dict[str, Any]:
    arn, refs = ask.body.text("DatasetArn"), ask.body.texts("SourceRefs")
    return {"Images": gallery.find_images(ask.service, ask.caller, arn, refs)}


def show_thumbnail(ask: Ask) -> Response:
    return _picture(ask, thumbnails.thumbnail(ask.service, ask.caller, ask.query.text("SourceRef")))


def show_image(ask: Ask) -> Response:
    return _picture(ask, thumbnails.full_picture(ask.service, ask.caller, ask.query.text("SourceRef")))


def assign_labels(ask: Ask) -> dict[str, Any]:
    body = ask.body
    refs, add, remove = body.texts("SourceRefs"), body.texts("Add"), body.texts("Remove")
    editing.assign_labels(ask.service, ask.caller, body.text("DatasetArn"), refs, add, remove)
    return {}


def draw_boxes(ask: Ask) -> dict[str, Any]:
    images = [_drawn(image) for image in ask.body.objects("Images")]
    editing.draw_boxes(ask.service, ask.caller, ask.body.text("DatasetArn"), images)
    return {}


def remove_images(ask: Ask) -> dict[str, Any]:
    editing.remove_images(ask.service, ask.caller, ask.body.text("DatasetArn"), ask.body.texts("SourceRefs"))
    return {}


def list_labels(ask: Ask) -> dict[str, Any]:
    return {"Labels": labels.list_labels(ask.service, ask.caller, ask.query.text("DatasetArn"))}


def add_labels(ask: Ask) -> dict[str, Any]:
    labels.add_labels(ask.service, ask.caller, ask.body.text("DatasetArn"), ask.body.texts("Names"))
    return {}


def import_labels(ask: Ask) -> dict[str, Any]:
    arn, source = ask.body.text("DatasetArn"), ask.body.text("SourceArn")
    return {"Labels": labels.import_labels(ask.service, ask.caller, arn, source)}


def rename_label(ask: Ask) -> dict[str, Any]:
    body = ask.body
    arn, name, new = body.text("DatasetArn"), body.text("Name"), body.text("NewName")
    labels.rename_label(ask.service, ask.caller, arn, name, new, merge=body.flag("Merge"))
    return {}


def colour_label(ask: Ask) -> dict[str, Any]:
    body = ask.body
    labels.colour_label(ask.service, ask.caller, body.text("DatasetArn"), body.text("Name"), body.optional("Colour"))
    return {}


def delete_label(ask: Ask) -> dict[str, Any]:
    body = ask.body
    labels.delete_label(
        ask.service, ask.caller, body.text("DatasetArn"), body.text("Name"), from_images=body.flag("FromImages")
    )
    return {}


def upload_image(ask: Ask) -> dict[str, Any]:
    assert ask.content is not None
    name, arn, wanted = ask.query.text("Name", longest=4096), ask.query.text("DatasetArn"), ask.query.texts("Label")
    added = uploads.add_image(ask.service, ask.caller, arn, name, ask.content.read(), wanted)
    return {"SourceRef": added.source_ref, "New": added.new, "Note": added.note}


def upload_archive(ask: Ask) -> dict[str, Any]:
    """Keep an archive in the console's bucket, for datasets to be made of it."""
    assert ask.content is not None
    bucket = console_bucket(ask.service, ask.caller.account)
    key = f"{uploads.ARCHIVES}{secrets.token_hex(8)}/{uploads.clean_name(ask.query.text('Name', longest=4096))}"
    ask.caller.require("s3:PutObject", f"arn:aws:s3:::{bucket}/{key}")
    ask.service.objects.put(bucket, key, iter(lambda: ask.content.read(1 << 20), b""))  # type: ignore[union-attr]
    return {"Bucket": bucket, "Name": key}


def create_dataset(ask: Ask) -> dict[str, Any]:
    """Make a dataset of a bucket's folder or of an archive."""
    body, source = ask.body, ask.body.object("Source")
    kind = body.text("DatasetType")
    if kind not in ("TRAIN", "TEST"):
        raise InvalidParameterException(f"DatasetType is {kind[:40]!r}; it must be TRAIN or TEST.")
    given: dict[str, Any] = {}
    if "Folder" in source.values:
        folder = source.object("Folder")
        given["Folder"] = {
            "Bucket": folder.text("Bucket"),
            "Prefix": folder.text("Prefix", ""),
            "LabelsFromFolders": folder.flag("LabelsFromFolders"),
        }
    if "Archive" in source.values:
        archive = source.object("Archive")
        part = archive.optional("Part")
        if part not in (None, "train", "test"):
            raise InvalidParameterException(f"Part is {part!r}; it must be train or test.")
        given["Archive"] = {"Bucket": archive.text("Bucket"), "Name": archive.text("Name"), "Part": part}
    arn = sources.create_from(ask.service, ask.caller, body.text("ProjectArn"), kind, given)
    return {"DatasetArn": arn}


def download_manifest(ask: Ask) -> Response:
    """The entries of a dataset as they are now, as a Ground Truth manifest to be saved."""
    arn = ask.query.text("DatasetArn")
    with ask.service.database.read() as connection:
        dataset = dataset_rows.open_to_read(connection, ask.caller, "ListDatasetEntries", arn)
    project, type, _ = names_of_dataset(arn)
    headers = attachment(f"{project}-{type}.manifest")
    return StreamingResponse(_manifest(ask.service, dataset.id), 200, headers, "application/octet-stream")


def list_folders(ask: Ask) -> dict[str, Any]:
    """The account's buckets, or what is right in a folder of one."""
    bucket, prefix = ask.query.optional("Bucket"), ask.query.text("Prefix", "")
    if bucket is None:
        ask.caller.require("s3:ListAllMyBuckets", "*")
        return {"Buckets": [found.name for found in ask.service.objects.buckets(ask.caller.account)]}
    ask.caller.require("s3:ListBucket", f"arn:aws:s3:::{bucket}")
    try:
        if ask.service.objects.bucket(bucket).account != ask.caller.account:
            raise ResourceNotFoundException(f"There is no bucket {bucket[:80]!r} of yours.")
        found = ask.service.objects.list_folders(bucket, prefix, "/", "", 1000)
    except StoreUnavailable:
        raise
    except ObjectError as error:
        raise ResourceNotFoundException(str(error)) from error
    return {
        "Folders": [item for item in found if isinstance(item, str)],
        "Objects": [{"Key": item.key, "Size": item.size} for item in found if not isinstance(item, str)],
    }


def _manifest(service: Service, dataset_id: int) -> Iterator[str]:
    """Some lines at a time: a slow reader keeps no transaction open."""
    after = 0
    while True:
        with service.database.read() as connection:
            some = list(islice(entries.lines(connection, dataset_id, after), entries.READ_AT_ONCE))
        if not some:
            return
        yield "".join(f"{line}\n" for _, line in some)
        after = some[-1][0]


def _drawn(image: Fields) -> dict[str, Any]:
    width, height = (image.integer(name, 1, MOST_PIXELS) for name in ("Width", "Height"))
    boxes = [
        {
            "Label": box.text("Label", longest=256),
            "Left": box.integer("Left", 0, width),
            "Top": box.integer("Top", 0, height),
            "Width": box.integer("Width", 1, width),
            "Height": box.integer("Height", 1, height),
        }
        for box in image.objects("Boxes")
    ]
    return {"SourceRef": image.text("SourceRef"), "Width": width, "Height": height, "Boxes": boxes}


def _picture(ask: Ask, picture: thumbnails.Picture) -> Response:
    headers = {**_INERT, "etag": f'"{picture.etag}"', "cache-control": "private, max-age=300"}
    if ask.headers.get("if-none-match") == headers["etag"]:
        return Response(b"", 304, headers)
    return Response(picture.content, 200, headers, picture.media)
