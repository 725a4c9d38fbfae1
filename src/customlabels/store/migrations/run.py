"""What Alembic does for us: run the changes of `versions`, write a new one, compare tables with those of the code."""

from __future__ import annotations

from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from customlabels.store.migrations import TABLE, VERSIONS
from customlabels.store.tables import metadata


def run(connection: Connection, target: str) -> None:
    """Bring the tables to the revision `target` within the transaction of `connection`."""
    command.upgrade(_config(connection), target)


def write(connection: Connection, revision: str, message: str) -> None:
    """Write the module that changes a database's tables to those of `store/tables.py`, for a person to read over."""
    command.revision(_config(connection), message, autogenerate=True, rev_id=revision)


def differences(connection: Connection) -> list[Any]:
    """What a database's tables have otherwise than `store/tables.py`; empty where they agree."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "version_table": TABLE})
    return list(compare_metadata(context, metadata))


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(VERSIONS.parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config
