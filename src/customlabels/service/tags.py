"""Tags of projects, datasets and model versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from customlabels.service.access.caller import Caller
from customlabels.service.errors import (
    InvalidParameterException,
    ResourceNotFoundException,
    ServiceQuotaExceededException,
)
from customlabels.service.service import Service
from customlabels.store.tables import datasets, projects, versions
from customlabels.store.tables import tags as table

MAX_TAGS = 200
RESERVED = "aws:"


def tag_resource(service: Service, caller: Caller, *, resource_arn: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """Add tags, in place of those of the same keys.

    Raises AccessDenied, InvalidParameter, ResourceNotFound, ServiceQuotaExceeded.
    """
    with service.database.write() as connection:
        known = seen_by(connection, caller, resource_arn)
        caller.require("rekognition:TagResource", resource_arn, known, tags)
        _find(connection, caller, resource_arn)
        if len({*known, *tags}) > MAX_TAGS:
            raise ServiceQuotaExceededException(
                f"{resource_arn} would have {len({*known, *tags})} tags; at most {MAX_TAGS} are allowed."
            )
        put(connection, resource_arn, tags)
    return {}


def untag_resource(service: Service, caller: Caller, *, resource_arn: str, tag_keys: Sequence[str]) -> dict[str, Any]:
    """Remove tags; keys that are not there are no error. Raises ResourceNotFound, AccessDenied."""
    with service.database.write() as connection:
        known = seen_by(connection, caller, resource_arn)
        caller.require("rekognition:UntagResource", resource_arn, known, dict.fromkeys(tag_keys, ""))
        _find(connection, caller, resource_arn)
        connection.execute(delete(table).where(table.c.arn == resource_arn, table.c.key.in_(tag_keys)))
    return {}


def list_tags_for_resource(service: Service, caller: Caller, *, resource_arn: str) -> dict[str, Any]:
    """All tags. Raises ResourceNotFound, AccessDenied."""
    with service.database.read() as connection:
        known = seen_by(connection, caller, resource_arn)
        caller.require("rekognition:ListTagsForResource", resource_arn, known)
        _find(connection, caller, resource_arn)
    return {"Tags": known}


def of(connection: Connection, arn: str) -> dict[str, str]:
    """The tags of a resource, by key."""
    rows = connection.execute(select(table.c.key, table.c.value).where(table.c.arn == arn).order_by(table.c.key))
    return {row.key: row.value for row in rows}


def seen_by(connection: Connection, caller: Caller, arn: str) -> dict[str, str]:
    """The tags of a resource as the conditions of a caller's policies see them: of another account's, none.

    Else whether access is denied would tell of tags that the caller may not know.
    """
    return of(connection, arn) if arn.split(":")[4:5] == [caller.account] else {}


def put(connection: Connection, arn: str, tags: Mapping[str, str] | None) -> None:
    """Set tags of a resource, in place of those of the same keys. Raises InvalidParameter."""
    if tags:
        reserved = [key for key in tags if key.startswith(RESERVED)]
        if reserved:
            raise InvalidParameterException(f"The tag key {reserved[0]} begins with {RESERVED}, which is reserved.")
        connection.execute(delete(table).where(table.c.arn == arn, table.c.key.in_(list(tags))))
        connection.execute(insert(table), [{"arn": arn, "key": k, "value": v} for k, v in tags.items()])


def remove_all(connection: Connection, arn: str) -> None:
    """Remove the tags of a resource that goes."""
    connection.execute(delete(table).where(table.c.arn == arn))


def _find(connection: Connection, caller: Caller, arn: str) -> None:
    owned = (
        select(projects.c.id).where(projects.c.arn == arn, projects.c.account == caller.account),
        select(versions.c.id).where(versions.c.arn == arn, versions.c.account == caller.account),
        select(datasets.c.id)
        .join(projects, projects.c.id == datasets.c.project_id)
        .where(datasets.c.arn == arn, projects.c.account == caller.account),
    )
    if not any(connection.execute(query).first() for query in owned):
        raise ResourceNotFoundException(f"There is no resource {arn}.")
