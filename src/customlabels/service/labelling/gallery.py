"""A page of a dataset as a person looks at it: images with their labels, boxes and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from customlabels.manifest.entry import Entry
from customlabels.service import entry_rows
from customlabels.service.access.caller import Caller
from customlabels.service.dataset_rows import open_to_read
from customlabels.service.entries import list_dataset_entries
from customlabels.service.errors import InvalidParameterException
from customlabels.service.labelling.annotations import read_entry
from customlabels.service.service import Service
from customlabels.store.tables import entries

MOST_FOUND = 500
"""Images that are looked up at a time."""


def list_images(
    service: Service,
    caller: Caller,
    dataset_arn: str,
    *,
    labels: Sequence[str] = (),
    labeled: bool | None = None,
    text: str | None = None,
    errors: bool = False,
    token: str | None = None,
    limit: int = 48,
) -> dict[str, Any]:
    """What ListDatasetEntries lists, read: Images, and NextToken where there are more.

    Raises as `list_dataset_entries`.
    """
    listed = list_dataset_entries(
        service,
        caller,
        dataset_arn=dataset_arn,
        contains_labels=labels or None,
        labeled=labeled,
        source_ref_contains=text or None,
        has_errors=errors or None,
        next_token=token,
        max_results=limit,
    )
    images = [_shown(read_entry(line)) for line in listed["DatasetEntries"]]
    return {"Images": images, **({"NextToken": listed["NextToken"]} if "NextToken" in listed else {})}


def find_images(service: Service, caller: Caller, dataset_arn: str, source_refs: Sequence[str]) -> list[dict[str, Any]]:
    """Those of the images that the dataset has, in the order in which they were named.

    Raises AccessDenied, InvalidParameter for too many, ResourceInUse, ResourceNotFound, ResourceNotReady.
    """
    if len(source_refs) > MOST_FOUND:
        raise InvalidParameterException(f"{len(source_refs)} images were named; name up to {MOST_FOUND} at a time.")
    with service.database.read() as connection:
        dataset = open_to_read(connection, caller, "ListDatasetEntries", dataset_arn)
        places = entry_rows.positions_of(connection, dataset.id, source_refs)
        mine = (entries.c.dataset_id == dataset.id) & entries.c.position.in_(places.values())
        lines = {row.source_ref: row.line for row in connection.execute(select(entries).where(mine))}
    return [_shown(read_entry(lines[ref])) for ref in dict.fromkeys(source_refs) if ref in lines]


def _shown(entry: Entry) -> dict[str, Any]:
    return {
        "SourceRef": entry.source_ref,
        "Labels": list(entry.labels),
        "Boxes": [
            {"Label": box.label, "Left": box.left, "Top": box.top, "Width": box.width, "Height": box.height}
            for box in entry.boxes or ()
        ],
        "Width": entry.width,
        "Height": entry.height,
        "Labeled": entry.is_labeled,
        "Errors": [
            {"Code": found.code, "Message": f"{found.message} {found.detail}".strip()}
            for found in entry.problems
            if not found.is_warning
        ],
    }
