"""Changes that people make in the console: labels and boxes of images, new images, images taken out.

Each is one transaction on a dataset that is ready, so what the API lists afterwards has it already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Row, select

from customlabels.manifest.entry import Box, Entry
from customlabels.manifest.frames import box_trouble
from customlabels.manifest.groundtruth import API_RULES
from customlabels.service import counting, entry_rows
from customlabels.service.access.caller import Caller
from customlabels.service.applying import apply
from customlabels.service.counting import Tally
from customlabels.service.dataset_rows import READY, either, permitted, set_status
from customlabels.service.errors import InvalidParameterException, ResourceInUseException
from customlabels.service.importing import ManifestRefused
from customlabels.service.labelling.annotations import read_entry, with_boxes, with_labels
from customlabels.service.service import Service
from customlabels.store.tables import entries

MOST_IMAGES = 1000
"""That one call may change."""
UPDATED = "The dataset was successfully updated."


def assign_labels(
    service: Service,
    caller: Caller,
    dataset_arn: str,
    source_refs: Sequence[str],
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
) -> None:
    """Give images labels and take others from them; boxes stay.

    Raises AccessDenied, InvalidParameter, ResourceInUse, ResourceNotFound.
    """
    with changing(service, caller, dataset_arn) as (connection, dataset):
        changed = []
        for entry in _entries(connection, dataset, source_refs):
            kept = [name for name in entry.labels if name not in remove]
            changed.append(with_labels(entry, [*kept, *add]))
        write(connection, dataset, changed)


def draw_boxes(service: Service, caller: Caller, dataset_arn: str, images: Sequence[Mapping[str, Any]]) -> None:
    """Give images boxes instead of those they have.

    Each of `images` has SourceRef, Width and Height of the upright image, and Boxes, each with Label, Left, Top, Width
    and Height in whole pixels. Raises AccessDenied, InvalidParameter, ResourceInUse, ResourceNotFound.
    """
    with changing(service, caller, dataset_arn) as (connection, dataset):
        _require_once([image["SourceRef"] for image in images])
        there = {entry.source_ref: entry for entry in _entries(connection, dataset, [i["SourceRef"] for i in images])}
        changed = []
        for image in images:
            width, height = image["Width"], image["Height"]
            boxes = [_box(box, width, height) for box in image["Boxes"]]
            most = API_RULES.max_boxes
            if most is not None and len(boxes) > most:
                raise InvalidParameterException(
                    f"{image['SourceRef']} would have {len(boxes)} boxes; at most {most} are allowed."
                )
            changed.append(with_boxes(there[image["SourceRef"]], boxes, width, height))
        write(connection, dataset, changed)


def remove_images(service: Service, caller: Caller, dataset_arn: str, source_refs: Sequence[str]) -> None:
    """Take images out of a dataset; their files stay in the bucket.

    Raises AccessDenied, InvalidParameter, ResourceInUse, ResourceNotFound.
    """
    with changing(service, caller, dataset_arn) as (connection, dataset):
        positions = list(_positions(connection, dataset, source_refs).values())
        removed = counting.tally(connection, dataset.id, positions)
        entry_rows.remove(connection, dataset.id, positions)
        counting.change(connection, dataset.id, Tally(), removed)


@contextmanager
def changing(service: Service, caller: Caller, dataset_arn: str) -> Iterator[tuple[Connection, Row[Any]]]:
    """A transaction on a dataset that is ready; it is UPDATE_COMPLETE unless the block says otherwise.

    Raises AccessDenied, ResourceInUse, ResourceNotFound.
    """
    with service.database.write() as connection:
        dataset = permitted(connection, caller, "UpdateDatasetEntries", dataset_arn)
        if dataset.status not in READY:
            raise ResourceInUseException(
                f"The dataset {dataset_arn} is {dataset.status}; it can be changed when it is {either(READY)}."
            )
        set_status(connection, dataset.id, "UPDATE_COMPLETE", UPDATED)
        yield connection, dataset


def write(connection: Connection, dataset: Row[Any], changed: Sequence[Entry]) -> None:
    """Put entries into a dataset, those of known images in place of the old ones. Raises InvalidParameter."""
    try:
        apply(connection, dataset, changed)
    except ManifestRefused as error:
        raise InvalidParameterException(str(error)) from error


def _entries(connection: Connection, dataset: Row[Any], source_refs: Sequence[str]) -> list[Entry]:
    """The entries of images, in the order of the dataset. Raises InvalidParameter."""
    positions = _positions(connection, dataset, source_refs)
    mine = (entries.c.dataset_id == dataset.id) & entries.c.position.in_(positions.values())
    lines = connection.execute(select(entries.c.line).where(mine).order_by(entries.c.position)).scalars()
    return [read_entry(line) for line in lines]


def _positions(connection: Connection, dataset: Row[Any], source_refs: Sequence[str]) -> Mapping[str, int]:
    if not 0 < len(source_refs) <= MOST_IMAGES:
        raise InvalidParameterException(f"{len(source_refs)} images were named; name 1 to {MOST_IMAGES:,} at a time.")
    positions = entry_rows.positions_of(connection, dataset.id, list(dict.fromkeys(source_refs)))
    for source_ref in source_refs:
        if source_ref not in positions:
            raise InvalidParameterException(f"The dataset has no image {source_ref[:1100]}: load the page again.")
    return positions


def _box(box: Mapping[str, Any], width: int, height: int) -> Box:
    found = Box(box["Label"], box["Left"], box["Top"], box["Width"], box["Height"])
    x0, y0, x1, y1 = found.corners
    if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
        raise InvalidParameterException(
            f"The box of {found.label[:80]!r} from ({x0}, {y0}) to ({x1}, {y1}) is not inside the image of {width} by "
            f"{height} pixels."
        )
    if trouble := box_trouble(found, width, height):
        raise InvalidParameterException(f"A box is too small: {trouble[1]}.")
    return found


def _require_once(source_refs: Sequence[str]) -> None:
    for source_ref, number in Counter(source_refs).items():
        if number > 1:
            raise InvalidParameterException(f"The image {source_ref[:1100]} is named {number} times: name it once.")
