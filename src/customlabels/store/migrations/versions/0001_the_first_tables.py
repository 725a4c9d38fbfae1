"""The first tables. INTERIM while tables.py still changes: replaced by explicit operations at the end of this stone."""

from __future__ import annotations

from alembic import op

from customlabels.store.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    metadata.create_all(op.get_bind())
