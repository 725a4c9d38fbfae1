"""Models in the home and at an S3 endpoint: whole or not there, fetched once, and fetched anew where damaged."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from customlabels.settings import Settings
from customlabels.store import Database, now
from customlabels.store.endpoint_models import EndpointModels
from customlabels.store.model_list import ModelList
from customlabels.store.models import FolderModels, Models, NoSuchModel, open_models
from customlabels.store.objects import InvalidName, NoSuchBucket, StoreUnavailable
from customlabels.store.objects.place import open_objects
from customlabels.store.tables import accounts, facts

ACCOUNT = "111122223333"
FILES = {"model.json": b"{}", "network.bin": b"n" * 1000, "deep/file": b""}

FETCH = """
import sys
from pathlib import Path
from customlabels.settings import Settings
from customlabels.store import Database
from customlabels.store.models import open_models

settings = Settings.from_environment()
folder = open_models(settings, Database(settings.database)).folder(sys.argv[1])
print(sorted(path.name for path in folder.iterdir()))
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(f"sqlite:///{tmp_path / 'customlabels.db'}")) as opened:
        opened.migrate()
        with opened.write() as connection:
            connection.execute(accounts.insert(), {"id": ACCOUNT, "name": "default", "created": now()})
            connection.execute(facts.insert(), {"name": "account", "value": ACCOUNT})
        yield opened


@pytest.fixture
def settings(moto_url: str, tmp_path: Path, database: Database) -> Settings:
    bucket = f"models-{tmp_path.name.replace('_', '-').lower()[-40:]}"
    return Settings(
        home=tmp_path / "one",
        database_url=database.url,
        s3_endpoint=moto_url,
        s3_access_key="AKIDEXAMPLE",
        s3_secret_key="wJalrXUtnFEMI/K7MDENG",
        s3_models_bucket=bucket,
    )


@pytest.fixture
def client(settings: Settings) -> Iterator[Any]:
    made = boto3.client(
        "s3", "us-east-1", endpoint_url=settings.s3_endpoint, aws_access_key_id="a", aws_secret_access_key="b"
    )
    yield made
    made.close()


@pytest.fixture
def one(settings: Settings, database: Database) -> EndpointModels:
    return EndpointModels(settings, database)


@pytest.fixture
def other(settings: Settings, database: Database, tmp_path: Path) -> EndpointModels:
    """Of a process with another home."""
    return EndpointModels(replace(settings, home=tmp_path / "other"), database)


def write(folder: Path) -> None:
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def read(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def keep(models: Models, name: str) -> None:
    write(models.new(name))
    models.keep(name)


def keys(client: Any, settings: Settings) -> list[str]:
    found = client.list_objects_v2(Bucket=settings.s3_models_bucket).get("Contents", [])
    return sorted(entry["Key"] for entry in found)


def test_a_model_of_one_process_is_there_for_all(one: EndpointModels, other: EndpointModels) -> None:
    write(one.new("m"))
    large = os.urandom(9_000_000)
    (one.new("m") / "network.bin").write_bytes(large)
    with pytest.raises(NoSuchModel, match="There is no model m in the bucket"):
        other.folder("m")
    one.keep("m")
    assert other.here("m") is None
    assert read(other.folder("m")) == FILES | {"network.bin": large} == read(one.folder("m"))
    assert other.here("m") == other.folder("m")


def test_a_home_that_has_had_no_model_takes_one(one: EndpointModels) -> None:
    place = one.new("m")
    scratch = Path(tempfile.mkdtemp(dir=place.parent))
    write(scratch)
    scratch.rename(place)
    one.keep("m")
    assert read(one.folder("m")) == FILES


def test_a_model_that_is_half_stored_is_none(
    one: EndpointModels, other: EndpointModels, client: Any, settings: Settings
) -> None:
    keep(one, "m")
    client.delete_object(Bucket=settings.s3_models_bucket, Key=f"{ACCOUNT}/m.json")
    with pytest.raises(NoSuchModel):
        other.folder("m")
    one.keep("m")  # as who does the work again will
    client.delete_object(Bucket=settings.s3_models_bucket, Key=f"{ACCOUNT}/m/model.json")
    with pytest.raises(NoSuchModel, match=r"lacks its file model\.json"):
        other.folder("m")
    client.put_object(Bucket=settings.s3_models_bucket, Key=f"{ACCOUNT}/m/model.json", Body=b"{!")
    with pytest.raises(NoSuchModel, match=r"damaged: model\.json is not what its list says.*train it again"):
        other.folder("m")
    assert [path.name for path in other.new("m").parent.iterdir()] == ["lock"]


@pytest.mark.parametrize("listed", [b"", b"[]", b"{}", b'{"format": 1, "files": {"../m": {"size": 1, "sha256": ""}}}'])
def test_a_list_that_cannot_be_read_is_named(
    listed: bytes, one: EndpointModels, other: EndpointModels, client: Any, settings: Settings
) -> None:
    keep(one, "m")
    client.put_object(Bucket=settings.s3_models_bucket, Key=f"{ACCOUNT}/m.json", Body=listed)
    with pytest.raises(NoSuchModel, match="its list cannot be read"):
        other.folder("m")


def test_a_copy_is_made_once(one: EndpointModels, other: EndpointModels, client: Any, settings: Settings) -> None:
    keep(one, "m")
    other.folder("m")
    client.delete_object(Bucket=settings.s3_models_bucket, Key=f"{ACCOUNT}/m.json")
    assert read(other.folder("m")) == FILES
    later = EndpointModels(replace(settings, home=other.new("m").parents[2]), one._database)
    assert later.here("m") is None  # its process has not looked at the bytes yet
    assert read(later.folder("m")) == FILES


def test_a_damaged_copy_is_fetched_again(one: EndpointModels, other: EndpointModels, settings: Settings) -> None:
    keep(one, "m")
    file = other.folder("m") / "network.bin"
    file.write_bytes(b"short")
    assert read(other.folder("m")) == FILES
    file.write_bytes(b"x" * len(FILES["network.bin"]))  # this takes a look at the bytes
    assert other.mend("m")
    assert not other.mend("m")
    assert read(other.folder("m")) == FILES
    file.write_bytes(b"x" * len(FILES["network.bin"]))
    later = EndpointModels(replace(settings, home=file.parents[3]), one._database)
    assert read(later.folder("m")) == FILES
    shutil.rmtree(file.parent)
    assert read(later.folder("m")) == FILES


def test_processes_that_fetch_at_once_all_have_it(one: EndpointModels, settings: Settings, tmp_path: Path) -> None:
    keep(one, "m")
    environment = {**os.environ, **replace(settings, home=tmp_path / "third").environment()}
    command = [sys.executable, "-c", FETCH, "m"]
    processes = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=60) for process in processes]
    assert said == [("['deep', 'model.json', 'network.bin']\n", "")] * 3


@pytest.mark.parametrize("place", ["folder", "endpoint"])
def test_what_is_deleted_is_gone_with_its_attempts_and_no_other(
    place: str, settings: Settings, database: Database, client: Any
) -> None:
    models = open_models(settings if place == "endpoint" else replace(settings, s3_endpoint=""), database)
    assert isinstance(models, EndpointModels if place == "endpoint" else FolderModels)
    for name in ("1-5", "1-5-ab", "1-5-cd", "1-55"):
        keep(models, name)
    models.delete("1-5", but="1-5-cd")
    names = ["1-5-cd", "1-55"]
    root = models.new("x").parent
    assert sorted(path.name for path in root.iterdir() if path.is_dir()) == names
    if place == "endpoint":
        kept = [f"{ACCOUNT}/{name}/{file}" for name in names for file in FILES]
        assert keys(client, settings) == sorted([*kept, *(f"{ACCOUNT}/{name}.json" for name in names)])
        with pytest.raises(NoSuchModel):
            models.folder("1-5")
    models.delete("1-5")
    assert sorted(path.name for path in root.iterdir() if path.is_dir()) == names[1:]
    models.delete("nothing")


def test_what_killed_processes_left_is_swept(one: EndpointModels, settings: Settings) -> None:
    keep(one, "kept")
    keep(one, "gone")
    root = one.new("kept").parent
    for name in ("fetch-ab", "customlabels-cd", "copy-x", "half"):
        (root / name).mkdir()
    (root / "x.part").touch()
    one.sweep({"kept", "half"})
    assert sorted(path.name for path in root.iterdir()) == ["kept", "kept.json", "lock"]
    folder = FolderModels(settings.models)
    for name in ("customlabels-cd", "copy-x", "model"):
        (settings.models / name).mkdir(parents=True)
    folder.sweep(set())
    assert [path.name for path in settings.models.iterdir()] == ["model"]


def test_models_of_a_home_go_to_the_endpoint(one: EndpointModels, other: EndpointModels, settings: Settings) -> None:
    for name in ("m", "unknown"):
        write(settings.models / name)
    one.adopt({"m", "elsewhere"})
    assert read(other.folder("m")) == FILES
    assert [path.name for path in settings.models.iterdir()] == ["unknown"]


def test_what_cannot_be_brought_to_the_endpoint_stays(settings: Settings, database: Database) -> None:
    write(settings.models / "m")
    nowhere = EndpointModels(replace(settings, s3_endpoint="http://127.0.0.1:1"), database)
    with pytest.raises(StoreUnavailable, match="CUSTOMLABELS_S3_ENDPOINT"):
        nowhere.adopt({"m"})
    assert read(settings.models / "m") == FILES


def test_nobody_reaches_the_bucket_of_models(one: EndpointModels, settings: Settings, database: Database) -> None:
    keep(one, "m")
    bucket = settings.s3_models_bucket
    objects = open_objects(settings, database)
    objects.create_bucket(f"{bucket}-x", ACCOUNT)
    assert bucket not in [found.name for found in objects.buckets(ACCOUNT)]
    for call in (
        lambda: objects.bucket(bucket),
        lambda: objects.list_objects(bucket),
        lambda: objects.read(bucket, f"{ACCOUNT}/m.json"),
        lambda: objects.put(bucket, "a", b""),
        lambda: objects.delete(bucket, [f"{ACCOUNT}/m.json"]),
        lambda: objects.delete_bucket(bucket),
        lambda: objects.copy((bucket, f"{ACCOUNT}/m.json"), f"{bucket}-x", "a"),
    ):
        with pytest.raises(NoSuchBucket):
            call()
    with pytest.raises(InvalidName, match="reserved"):
        objects.create_bucket(bucket, ACCOUNT)


def test_a_list_knows_its_folder(tmp_path: Path) -> None:
    write(tmp_path)
    listed = ModelList.of(tmp_path)
    assert ModelList.decode(listed.encode()) == listed
    assert listed.matches(tmp_path)
    (tmp_path / "model.json").write_bytes(b"[]")
    assert listed.has_sizes(tmp_path)
    assert not listed.matches(tmp_path)
