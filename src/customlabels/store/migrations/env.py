"""What Alembic executes to run or to write changes. The connection, and its transaction, are the caller's."""

from __future__ import annotations

from alembic import context

from customlabels.store.migrations import TABLE
from customlabels.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=TABLE,
    transactional_ddl=True,
    render_as_batch=True,  # SQLite changes a column by copying its table
    user_module_prefix="sa.",
)
with context.begin_transaction():
    context.run_migrations()
