"""Stores of objects of each kind: a folder with either database, and an S3 endpoint (moto's server)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest

from customlabels.server import Server
from customlabels.settings import Settings
from customlabels.store import Database, Objects, now
from customlabels.store.objects.endpoint import EndpointObjects
from customlabels.store.objects.folder import FolderObjects
from customlabels.store.tables import accounts, facts

ACCOUNT = "111122223333"
OTHER = "444455556666"


def prepared(url: str) -> Database:
    """A database with two accounts."""
    database = Database(url)
    database.migrate()
    with database.write() as connection:
        rows = [{"id": ACCOUNT, "name": "default", "created": now()}, {"id": OTHER, "name": "other", "created": now()}]
        connection.execute(accounts.insert(), rows)
        connection.execute(facts.insert(), {"name": "account", "value": ACCOUNT})
    return database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = prepared(database_url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    opened = prepared(f"sqlite:///{tmp_path / 'customlabels.db'}")
    yield opened
    opened.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of the buckets."""
    return tmp_path / "buckets"


@pytest.fixture
def folder(root: Path, database: Database) -> FolderObjects:
    """A folder with a bucket `photos`."""
    store = FolderObjects(root, database)
    store.create_bucket("photos", ACCOUNT)
    return store


@pytest.fixture
def endpoint_settings(moto_url: str, tmp_path: Path) -> Settings:
    """Settings of a server whose objects are at moto's."""
    return Settings(
        home=tmp_path, s3_endpoint=moto_url, s3_access_key="AKIDEXAMPLE", s3_secret_key="wJalrXUtnFEMI/K7MDENG"
    )


@pytest.fixture(scope="session")
def second_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Another server of ours, with its objects in a folder."""
    with Server(Settings(home=tmp_path_factory.mktemp("second"), port=0)) as server:
        yield server


@pytest.fixture
def settings_of_ours(second_server: Server, tmp_path: Path) -> Settings:
    """Settings of a server whose objects are at the second one's."""
    key = second_server.first_key
    assert key is not None
    return Settings(home=tmp_path, s3_endpoint=second_server.endpoint, s3_access_key=key.id, s3_secret_key=key.secret)


def with_one_bucket(store: EndpointObjects) -> EndpointObjects:
    """A store whose endpoint has an empty bucket `photos` and no other."""
    for bucket in store.buckets(ACCOUNT):
        store.delete(bucket.name, [listed.key for listed in store.list_objects(bucket.name)])
        store.delete_bucket(bucket.name)
    store.create_bucket("photos", ACCOUNT)
    return store


def endpoint_client(settings: Settings) -> Any:
    """A client of the endpoint beside ours."""
    return boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint,
        region_name=settings.s3_region,
        aws_access_key_id=settings.s3_access_key,
        aws_secret_access_key=settings.s3_secret_key,
    )


@pytest.fixture
def endpoint(endpoint_settings: Settings, sqlite: Database) -> Iterator[EndpointObjects]:
    """An endpoint with a bucket `photos`."""
    with closing(EndpointObjects(endpoint_settings, sqlite)) as store:
        yield with_one_bucket(store)


@pytest.fixture
def endpoint_of_ours(settings_of_ours: Settings, sqlite: Database) -> Iterator[EndpointObjects]:
    """The second server as an endpoint, with a bucket `photos`."""
    with closing(EndpointObjects(settings_of_ours, sqlite)) as store:
        yield with_one_bucket(store)


@pytest.fixture(params=["folder-sqlite", "folder-postgresql", "endpoint", "endpoint_of_ours"])
def objects(request: pytest.FixtureRequest, root: Path) -> Iterator[Objects]:
    """A store with a bucket `photos`."""
    kind: str = request.param
    if kind.startswith("endpoint"):
        yield request.getfixturevalue(kind)
        return
    if kind == "folder-sqlite":
        store = FolderObjects(root, request.getfixturevalue("sqlite"))
        store.create_bucket("photos", ACCOUNT)
        yield store
        return
    with request.getfixturevalue("postgresql").database() as url:
        database = prepared(url)
        store = FolderObjects(root, database)
        store.create_bucket("photos", ACCOUNT)
        yield store
        database.close()
