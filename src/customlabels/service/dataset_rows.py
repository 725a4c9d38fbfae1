"""The row of a dataset, for whom it may be, and the states that it can be in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import Connection, Row, select, update

from customlabels.service import tags
from customlabels.service.access.caller import Caller
from customlabels.service.arn import DATASET
from customlabels.service.errors import (
    ResourceInUseException,
    ResourceNotFoundException,
    ResourceNotReadyException,
)
from customlabels.store.database import now
from customlabels.store.tables import datasets, projects

READY = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_FAILED")
"""The states in which a dataset can be listed, changed and learnt from."""

Code = Literal["SUCCESS", "CLIENT_ERROR", "SERVICE_ERROR"]


def find(connection: Connection, caller: Caller, arn: str) -> Row[Any]:
    """The row of a dataset of the caller's account. Raises ResourceNotFoundException."""
    row = None
    if DATASET.fullmatch(arn):
        query = (
            select(datasets)
            .join(projects, projects.c.id == datasets.c.project_id)
            .where(datasets.c.arn == arn, projects.c.account == caller.account)
        )
        row = connection.execute(query).first()
    if row is None:
        raise ResourceNotFoundException(f"There is no dataset {arn}.")
    return row


def open_to_read(connection: Connection, caller: Caller, operation: str, arn: str) -> Row[Any]:
    """The row of a dataset that can be listed.

    Raises AccessDenied, ResourceNotFound, ResourceInUse while it is deleted, ResourceNotReady while it is in work.
    """
    row = permitted(connection, caller, operation, arn)
    if row.status == "DELETE_IN_PROGRESS":
        raise ResourceInUseException(f"The dataset {arn} is being deleted.")
    if row.status not in READY:
        raise ResourceNotReadyException(
            f"The dataset {arn} is {row.status}; it can be listed when it is {either(READY)}."
        )
    return row


def permitted(connection: Connection, caller: Caller, operation: str, arn: str) -> Row[Any]:
    """The row of a dataset that the caller may do this operation with. Raises AccessDenied, ResourceNotFound."""
    caller.require(f"rekognition:{operation}", arn, tags.seen_by(connection, caller, arn))
    return find(connection, caller, arn)


def set_status(connection: Connection, dataset_id: int, status: str, message: str, code: Code = "SUCCESS") -> None:
    """Write down where a dataset is, and that it changed just now."""
    values = {"status": status, "status_message": message, "status_code": code, "updated": now()}
    connection.execute(update(datasets).where(datasets.c.id == dataset_id).values(values))


def either(states: Sequence[str]) -> str:
    """States in words: A, B or C."""
    return f"{', '.join(states[:-1])} or {states[-1]}"
