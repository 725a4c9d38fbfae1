"""The bucket that the console keeps its things in: one of each account, made when it is first needed."""

from __future__ import annotations

import secrets

from sqlalchemy import insert, select

from customlabels.service.service import Service
from customlabels.store.objects import BucketExists, NoSuchBucket
from customlabels.store.tables import facts

PREFIX = "console_bucket/"
"""Of the facts that hold the buckets' names."""


def console_bucket(service: Service, account: str) -> str:
    """Its name, `custom-labels-console-REGION-` and ten digits, as AWS's console names its own."""
    fact = f"{PREFIX}{account}"
    known = select(facts.c.value).where(facts.c.name == fact)
    with service.database.read() as connection:
        name = connection.execute(known).scalar()
    if name is None:
        with service.database.write() as connection:  # writers take turns: of two first calls one chooses the name
            name = connection.execute(known).scalar()
            if name is None:
                name = f"custom-labels-console-{service.region}-{secrets.token_hex(5)}"
                connection.execute(insert(facts), {"name": fact, "value": name})
    try:
        service.objects.bucket(name)
    except NoSuchBucket:
        _make(service, name, account)
    return str(name)


def _make(service: Service, name: str, account: str) -> None:
    try:
        service.objects.create_bucket(name, account)
    except BucketExists as error:
        if error.account != account:
            raise
