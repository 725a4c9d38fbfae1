"""Project policies: which principals may copy model versions out of a project.

PutProjectPolicy, ListProjectPolicies, DeleteProjectPolicy.
"""

from __future__ import annotations

import secrets
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, func, select

from customlabels.service import errors, project_policy, projects, tags
from customlabels.service.access.caller import Caller
from customlabels.service.service import Service
from customlabels.store.database import now
from customlabels.store.tables import project_policies as table

MAX_POLICIES = 5
"""Of a project."""


def put_project_policy(
    service: Service,
    caller: Caller,
    *,
    project_arn: str,
    policy_name: str,
    policy_document: str,
    policy_revision_id: str | None = None,
) -> dict[str, Any]:
    """Attach a policy to a project, or replace the revision of it that the caller knows.

    Raises AccessDenied, InvalidPolicyRevisionId, MalformedPolicyDocument, ResourceAlreadyExists, ResourceNotFound,
    ServiceQuotaExceeded.
    """
    with service.database.write() as connection:
        project = _project(connection, caller, "PutProjectPolicy", project_arn)
        project_policy.parse(policy_document)
        known = _policy(connection, project.id, policy_name)
        if known is None and policy_revision_id is None:
            _require_room(connection, project)
        elif known is not None and policy_revision_id is None:
            raise errors.ResourceAlreadyExistsException(
                f"The project has a policy {policy_name}. To replace it, give its PolicyRevisionId."
            )
        else:
            _require_revision(known, policy_name, policy_revision_id)
        time, revision = now(), secrets.token_hex(16)
        values = {"revision": revision, "document": policy_document, "updated": time}
        if known is None:
            values |= {"project_id": project.id, "name": policy_name, "created": time}
            connection.execute(table.insert(), values)
        else:
            connection.execute(table.update().where(_named(project.id, policy_name)), values)
    return {"PolicyRevisionId": revision}


def list_project_policies(
    service: Service,
    caller: Caller,
    *,
    project_arn: str,
    next_token: str | None = None,
    max_results: int | None = None,
) -> dict[str, Any]:
    """The policies of a project, by name. Raises AccessDenied, InvalidPaginationToken, ResourceNotFound."""
    scope = ("ListProjectPolicies", project_arn)
    limit = MAX_POLICIES if max_results is None else max_results
    with service.database.read() as connection:
        project = _project(connection, caller, "ListProjectPolicies", project_arn)
        after = service.pages.position(next_token, *scope)
        wanted = select(table).where(table.c.project_id == project.id).order_by(table.c.name).limit(limit + 1)
        rows = connection.execute(wanted if after is None else wanted.where(table.c.name > after)).all()
    page, token = service.pages.page(rows, limit, lambda row: row.name, *scope)
    policies = [
        {
            "ProjectArn": project_arn,
            "PolicyName": row.name,
            "PolicyRevisionId": row.revision,
            "PolicyDocument": row.document,
            "CreationTimestamp": row.created / 1000,
            "LastUpdatedTimestamp": row.updated / 1000,
        }
        for row in page
    ]
    return {"ProjectPolicies": policies, **token}


def delete_project_policy(
    service: Service, caller: Caller, *, project_arn: str, policy_name: str, policy_revision_id: str | None = None
) -> dict[str, Any]:
    """Detach a policy. Raises AccessDenied, InvalidPolicyRevisionId, ResourceNotFound."""
    with service.database.write() as connection:
        project = _project(connection, caller, "DeleteProjectPolicy", project_arn)
        known = _policy(connection, project.id, policy_name)
        if known is None:
            raise errors.ResourceNotFoundException(f"The project {project.name} has no policy {policy_name}.")
        if policy_revision_id is not None:
            _require_revision(known, policy_name, policy_revision_id)
        connection.execute(delete(table).where(_named(project.id, policy_name)))
    return {}


def allow_copy(
    connection: Connection, project_id: int, principal_arn: str, version_arn: str
) -> Literal["Allow", "Deny"] | None:
    """What a project's policies say of a principal who would copy one of its model versions; None: nothing."""
    documents = connection.execute(select(table.c.document).where(table.c.project_id == project_id)).scalars()
    grants = (grant for document in documents for grant in project_policy.parse(document))
    return project_policy.decide(grants, principal_arn, version_arn)


def _project(connection: Connection, caller: Caller, operation: str, arn: str) -> Row[Any]:
    caller.require(f"rekognition:{operation}", arn, tags.seen_by(connection, caller, arn))
    return projects.find(connection, caller, arn)


def _named(project_id: int, name: str) -> Any:
    return (table.c.project_id == project_id) & (table.c.name == name)


def _policy(connection: Connection, project_id: int, name: str) -> Row[Any] | None:
    return connection.execute(select(table).where(_named(project_id, name))).first()


def _require_room(connection: Connection, project: Row[Any]) -> None:
    """The quota's error, not LimitExceeded: newer SDKs take that for throttling and try again."""
    count = connection.execute(select(func.count()).where(table.c.project_id == project.id)).scalar_one()
    if count >= MAX_POLICIES:
        raise errors.ServiceQuotaExceededException(
            f"The project {project.name} has {count} policies, and {MAX_POLICIES} are allowed. Delete one, or put the "
            "statement into one of them."
        )


def _require_revision(known: Row[Any] | None, name: str, revision: str | None) -> None:
    if known is None or known.revision != (revision or "").lower():
        raise errors.InvalidPolicyRevisionIdException(
            f"{revision} is not the current revision of the policy {name}. ListProjectPolicies tells it."
        )
