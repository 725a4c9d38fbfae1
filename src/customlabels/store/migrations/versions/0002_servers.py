"""Which servers are alive, and what each has of the models that run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "servers",
        sa.Column("id", sa.Text(), nullable=False, comment="of the home that the server has"),
        sa.Column(
            "seen",
            sa.BigInteger(),
            nullable=False,
            comment="when it last said that it is alive, by the database's clock",
        ),
        sa.Column("models", sa.JSON(), nullable=False, comment="ARN to loading, serving, leaving or failed"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_servers")),
        comment="The processes that serve, and what each has of the models that run.",
    )
