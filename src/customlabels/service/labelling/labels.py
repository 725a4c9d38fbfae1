"""The labels of a dataset as people keep them: added before any image has them, renamed everywhere, coloured."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from customlabels.manifest.content import MAX_LABELS
from customlabels.service import counting
from customlabels.service.access.caller import Caller
from customlabels.service.dataset_rows import open_to_read, set_status
from customlabels.service.errors import InvalidParameterException, ResourceAlreadyExistsException
from customlabels.service.labelling.annotations import check_name
from customlabels.service.labelling.editing import changing
from customlabels.service.service import Service
from customlabels.store.tables import dataset_labels

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def list_labels(service: Service, caller: Caller, dataset_arn: str) -> list[dict[str, Any]]:
    """All labels with their numbers of images and colours, as ListDatasetLabels orders them.

    Raises AccessDenied, ResourceInUse, ResourceNotFound, ResourceNotReady.
    """
    with service.database.read() as connection:
        dataset = open_to_read(connection, caller, "ListDatasetLabels", dataset_arn)
        mine = dataset_labels.c.dataset_id == dataset.id
        rows = connection.execute(select(dataset_labels).where(mine).order_by(dataset_labels.c.id)).all()
    return [
        {"Name": row.name, "Images": row.entries, "BoxedImages": row.boxed_entries, "Colour": row.colour}
        for row in rows
    ]


def add_labels(service: Service, caller: Caller, dataset_arn: str, names: Sequence[str]) -> None:
    """Add labels that stay even while no image has them; those that are there already are kept from now on.

    Raises AccessDenied, InvalidParameter, ResourceInUse, ResourceNotFound.
    """
    for name in names:
        check_name(name)
    with changing(service, caller, dataset_arn) as (connection, dataset):
        ids = counting.label_ids(connection, dataset.id)
        counting.declare(connection, dataset.id, names, ids)
        if len(ids) > MAX_LABELS:
            raise InvalidParameterException(
                f"The dataset would have {len(ids)} labels; at most {MAX_LABELS} are allowed."
            )
        mine = (dataset_labels.c.dataset_id == dataset.id) & dataset_labels.c.name.in_(names)
        connection.execute(update(dataset_labels).where(mine).values(kept=True))


def import_labels(service: Service, caller: Caller, dataset_arn: str, source_arn: str) -> int:
    """Add the labels of another dataset, with their colours; returns their number.

    Raises AccessDenied, InvalidParameter, ResourceInUse, ResourceNotFound, ResourceNotReady.
    """
    found = list_labels(service, caller, source_arn)
    if not found:
        raise InvalidParameterException(f"The dataset {source_arn} has no labels.")
    add_labels(service, caller, dataset_arn, [label["Name"] for label in found])
    for label in found:
        if label["Colour"]:
            colour_label(service, caller, dataset_arn, label["Name"], label["Colour"])
    return len(found)


def colour_label(service: Service, caller: Caller, dataset_arn: str, name: str, colour: str | None) -> None:
    """Show a label in a colour, #rrggbb; None: in the one that it has by itself.

    Raises AccessDenied, InvalidParameter, ResourceInUse, ResourceNotFound.
    """
    if colour is not None and _COLOUR.fullmatch(colour) is None:
        raise InvalidParameterException(f"The colour is {colour[:40]!r}; it must be like #1a2b3c.")
    with changing(service, caller, dataset_arn) as (connection, dataset):
        row = _find(connection, dataset, name)
        connection.execute(update(dataset_labels).where(dataset_labels.c.id == row.id).values(colour=colour))


def rename_label(
    service: Service, caller: Caller, dataset_arn: str, name: str, new_name: str, merge: bool = False
) -> None:
    """Give a label another name in all images, in the background where images have it.

    `merge` allows the name of a label that is there: images then have that one. Raises AccessDenied, InvalidParameter,
    ResourceAlreadyExists, ResourceInUse, ResourceNotFound.
    """
    check_name(new_name)
    with changing(service, caller, dataset_arn) as (connection, dataset):
        row = _find(connection, dataset, name)
        if new_name == name:
            return
        mine = dataset_labels.c.dataset_id == dataset.id
        taken = connection.execute(
            select(dataset_labels.c.id).where(mine, dataset_labels.c.name == new_name)
        ).scalar_one_or_none()
        if taken is not None and not merge:
            raise ResourceAlreadyExistsException(f"There is a label {new_name!r} already: choose another name.")
        if row.declared_entries <= 0 and row.entries <= 0:
            if taken is None:
                change = update(dataset_labels).where(dataset_labels.c.id == row.id).values(name=new_name)
                connection.execute(change)
            else:
                connection.execute(delete(dataset_labels).where(dataset_labels.c.id == row.id))
            return
        if taken is None:  # takes the old one's place in the order as far as colours go
            values = {"dataset_id": dataset.id, "name": new_name, "kept": True, "colour": row.colour}
            connection.execute(insert(dataset_labels), values)
        _relabel(service, connection, dataset, name, new_name)


def delete_label(service: Service, caller: Caller, dataset_arn: str, name: str, from_images: bool = False) -> None:
    """Delete a label; `from_images` takes it and its boxes from all images, in the background.

    Raises AccessDenied, InvalidParameter where images have it, ResourceInUse, ResourceNotFound.
    """
    with changing(service, caller, dataset_arn) as (connection, dataset):
        row = _find(connection, dataset, name)
        if row.declared_entries <= 0 and row.entries <= 0:
            connection.execute(delete(dataset_labels).where(dataset_labels.c.id == row.id))
            return
        if not from_images:
            number = max(row.entries, row.declared_entries)
            raise InvalidParameterException(
                f"{number:,} {'image has' if number == 1 else 'images have'} the label {name!r}: take it from them "
                "first, or delete it from the images, too."
            )
        _relabel(service, connection, dataset, name, None)


def _relabel(service: Service, connection: Connection, dataset: Row[Any], name: str, new_name: str | None) -> None:
    service.queue.add(connection, "dataset.relabel", dataset.arn, {"name": name, "new_name": new_name})
    set_status(connection, dataset.id, "UPDATE_IN_PROGRESS", "The dataset is being updated.")


def _find(connection: Connection, dataset: Row[Any], name: str) -> Row[Any]:
    mine = (dataset_labels.c.dataset_id == dataset.id) & (dataset_labels.c.name == name)
    row = connection.execute(select(dataset_labels).where(mine)).first()
    if row is None:
        known = select(func.count()).select_from(dataset_labels).where(dataset_labels.c.dataset_id == dataset.id)
        number = connection.execute(known).scalar_one()
        raise InvalidParameterException(f"The dataset has {number} labels, but none is named {name[:80]!r}.")
    return row
