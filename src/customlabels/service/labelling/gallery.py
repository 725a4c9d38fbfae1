"""A page of a dataset as a person looks at it: images with their labels, boxes and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from customlabels.manifest.entry import Entry
from customlabels.service.access.caller import Caller
from customlabels.service.entries import list_dataset_entries
from customlabels.service.labelling.annotations import read_entry
from customlabels.service.service import Service


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
