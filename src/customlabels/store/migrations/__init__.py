"""Brings the tables of a database to the state that this version works with."""

from __future__ import annotations

from sqlalchemy import Engine

from customlabels.store.tables import metadata


def upgrade(engine: Engine) -> None:
    """Make or change the tables. Does nothing where they are up to date."""
    metadata.create_all(engine)
