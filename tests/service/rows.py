"""Model versions as rows, for tests that need none trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select

from customlabels.service.arn import project_arn, version_arn
from customlabels.service.service import Service
from customlabels.store.tables import accounts, projects, versions

CREATED = 1_690_000_000_000


def add_version(service: Service, name: str, status: str, account: str | None = None, **values: Any) -> str:
    """A version of a project "pets" of an account, the first one unless given. Returns its ARN."""
    account = account or service.account
    project = project_arn(service.region, account, "pets", CREATED)
    arn = version_arn(project, name, CREATED)
    with service.database.write() as connection:
        if connection.execute(select(accounts).where(accounts.c.id == account)).first() is None:
            connection.execute(accounts.insert(), {"id": account, "name": account, "created": CREATED})
        owner = connection.execute(select(projects.c.id).where(projects.c.arn == project)).scalar()
        if owner is None:
            row = {"arn": project, "account": account, "name": "pets", "status": "CREATED", "created": CREATED}
            owner = connection.execute(projects.insert().returning(projects.c.id), row).scalar_one()
        row = {
            "arn": arn,
            "project_id": owner,
            "account": account,
            "name": name,
            "status": status,
            "status_message": "",
            "created": CREATED,
            "output": {},
            "training_input": {},
            "testing_input": {},
            **values,
        }
        connection.execute(versions.insert(), row)
    return arn


def model_folder(service: Service, name: str) -> Path:
    folder = service.model_folder(name)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def state(service: Service, arn: str) -> tuple[str, str]:
    """(status, status message) of a version."""
    with service.database.read() as connection:
        row = connection.execute(
            select(versions.c.status, versions.c.status_message).where(versions.c.arn == arn)
        ).one()
    return row.status, row.status_message
