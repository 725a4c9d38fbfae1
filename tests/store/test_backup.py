"""A backup of a home at work is of one moment, and a restored home is as the first one was then."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from customlabels.cli import main
from customlabels.settings import Settings
from customlabels.store import Database, Objects
from customlabels.store.backup import BackupError, backup
from customlabels.store.database import now
from customlabels.store.models import open_models
from customlabels.store.objects.place import open_objects
from customlabels.store.restore import restore
from customlabels.store.rows import DatabaseNotEmpty
from customlabels.store.tables import accounts, facts, jobs, metadata, projects, versions

from ..postgres import PostgresServer

ACCOUNT = "123456789012"
PROJECT = f"arn:aws:rekognition:us-east-1:{ACCOUNT}:project/p/1"
VERSION = f"arn:aws:rekognition:us-east-1:{ACCOUNT}:project/p/version/v/1"


@contextmanager
def opened(settings: Settings) -> Iterator[tuple[Database, Objects]]:
    with closing(Database(settings.database)) as database:
        database.migrate()
        yield database, open_objects(settings, database)


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """A home with an account, a project with a model, and objects of ordinary and of other keys."""
    settings = Settings(home=tmp_path / "home", database_url=database_url)
    with opened(settings) as (database, objects):
        with database.write() as connection:
            connection.execute(accounts.insert(), {"id": ACCOUNT, "name": "default", "created": 1})
            project = {"arn": PROJECT, "account": ACCOUNT, "name": "p", "status": "CREATED", "created": 1}
            key = connection.execute(projects.insert(), project).inserted_primary_key
            assert key is not None
            version = {"arn": VERSION, "project_id": key[0], "account": ACCOUNT, "name": "v", "created": 1}
            version |= {"status": "RUNNING", "status_message": "", "output": {"S3Bucket": "pictures"}, "model": "m1"}
            connection.execute(versions.insert(), version | {"training_input": {}, "testing_input": {}})
        (settings.models / "m1" / "deep").mkdir(parents=True)
        (settings.models / "m1" / "model.json").write_text("{}")
        (settings.models / "m1" / "deep" / "weights").write_bytes(os.urandom(3000))
        (settings.models / "half").mkdir()
        (settings.models / "half" / "written").write_text("by a training that has not ended")
        objects.create_bucket("pictures", ACCOUNT)
        objects.create_bucket("empty", ACCOUNT)
        for key in ("a", "a/b", "a//b", "photos/Ä.jpg", "x" * 1000, "../../etc/passwd"):
            objects.put("pictures", key, key.encode() * 100, {"content-type": "text/plain"}, {"of": "me"})
    return settings


def everything(settings: Settings) -> dict[str, Any]:
    """All rows, and all objects with their content."""
    with opened(settings) as (database, objects):
        with database.read() as connection:
            rows = {
                table.name: sorted(map(repr, connection.execute(select(table)).all()))
                for table in metadata.sorted_tables
            }
        listed = objects.list_objects("pictures")
        contents = {stored.key: objects.read("pictures", stored.key) for stored in listed}
    return rows | {"contents": contents}


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_restored_home_is_as_the_first_one_was(settings: Settings, tmp_path: Path) -> None:
    made = backup(settings, tmp_path / "backup.tar")
    assert (made.objects, made.models, made.missing) == (6, 1, [])
    before = everything(settings)
    elsewhere = Settings(home=tmp_path / "elsewhere")
    assert restore(elsewhere, tmp_path / "backup.tar") == made
    assert everything(elsewhere) == before
    assert files(elsewhere.models / "m1") == files(settings.models / "m1")
    assert not (elsewhere.models / "half").exists()
    assert (elsewhere.buckets / "pictures" / "a").read_bytes() == b"a" * 100
    with opened(elsewhere) as (_, objects):
        objects.put("empty", "new", b"content")
        assert objects.read("empty", "new") == b"content"


def test_nobody_else_may_read_a_backup(settings: Settings, tmp_path: Path) -> None:
    backup(settings, tmp_path / "backup.tar")
    assert stat.S_IMODE((tmp_path / "backup.tar").stat().st_mode) == 0o600


def test_a_home_moves_from_one_kind_of_database_to_the_other(
    settings: Settings, tmp_path: Path, postgresql: PostgresServer
) -> None:
    backup(settings, tmp_path / "backup.tar")
    with postgresql.database() as url:
        elsewhere = Settings(home=tmp_path / "elsewhere", database_url=url)
        restore(elsewhere, tmp_path / "backup.tar")
        assert everything(elsewhere) == everything(settings)
        with opened(elsewhere) as (database, _), database.write() as connection:  # ids go on after those restored
            new = {"arn": PROJECT + "2", "account": ACCOUNT, "name": "p2", "status": "CREATED", "created": 2}
            connection.execute(projects.insert(), new)
        with pytest.raises(DatabaseNotEmpty, match="CUSTOMLABELS_DATABASE_URL"):
            restore(Settings(home=tmp_path / "third", database_url=url), tmp_path / "backup.tar")
    assert not (tmp_path / "third").exists()


# checklist: L07
@pytest.mark.parametrize("rounds", [0, 3])
def test_a_backup_under_writes_is_of_one_moment(
    settings: Settings, tmp_path: Path, rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer replaces and deletes objects, and notes in a row, in order, what it was told is done."""
    monkeypatch.setattr("customlabels.store.backup._ROUNDS", rounds)  # 0: all of it while the writer waits
    stop, done, errors = threading.Event(), [0], []

    def write() -> None:
        try:
            with opened(settings) as (database, objects):
                number = 0
                while not stop.is_set():
                    number += 1
                    objects.put("pictures", f"new/{number}", f"{number}".encode() * 1000)
                    objects.put("pictures", "replaced", f"{number}".encode() * 1000)
                    if number > 5:
                        objects.delete("pictures", [f"new/{number - 5}"])
                    with database.write() as connection:
                        connection.execute(facts.delete().where(facts.c.name == "number"))
                        connection.execute(facts.insert(), {"name": "number", "value": str(number)})
                    done[0] = number
        except Exception as error:
            errors.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while done[0] < 10 and writer.is_alive():
            pass
        before = done[0]
        made = backup(settings, tmp_path / "backup.tar")
        after = done[0] + 1
    finally:
        stop.set()
        writer.join()
    assert errors == []
    assert made.missing == []
    elsewhere = Settings(home=tmp_path / "elsewhere")
    assert restore(elsewhere, tmp_path / "backup.tar").missing == []
    with opened(elsewhere) as (database, objects):
        with database.read() as connection:
            number = int(connection.execute(select(facts.c.value).where(facts.c.name == "number")).scalar_one())
        assert before <= number <= after
        kept = {stored.key: objects.read("pictures", stored.key) for stored in objects.list_objects("pictures")}
    numbers = {int(key.removeprefix("new/")) for key in kept if key.startswith("new/")}
    assert set(range(number - 3, number + 1)) <= numbers <= set(range(number - 5, number + 2))
    assert all(kept[f"new/{n}"] == f"{n}".encode() * 1000 for n in numbers)
    assert kept["replaced"] in {f"{n}".encode() * 1000 for n in (number, number + 1)}


def test_work_and_running_models_are_restored_and_uploads_are_not(settings: Settings, tmp_path: Path) -> None:
    with opened(settings) as (database, objects):
        upload = objects.start_upload("pictures", "big")
        objects.put_part("pictures", "big", upload, 1, b"part", {})
        with database.write() as connection:
            job = {"kind": "version.train", "subject": VERSION, "payload": {"n": 1}, "created": now()}
            connection.execute(jobs.insert(), job)
    backup(settings, tmp_path / "backup.tar")
    elsewhere = Settings(home=tmp_path / "elsewhere")
    restore(elsewhere, tmp_path / "backup.tar")
    with opened(elsewhere) as (database, objects), database.read() as connection:
        assert connection.execute(select(jobs.c.payload)).scalar_one() == {"n": 1}
        assert connection.execute(select(versions.c.status)).scalar_one() == "RUNNING"
        assert objects.uploads("pictures") == []


def test_what_was_lost_before_is_named(settings: Settings, tmp_path: Path) -> None:
    (settings.buckets / "pictures" / "photos" / "Ä.jpg").unlink()
    (settings.models / "m1" / "model.json").unlink()
    (settings.models / "m1" / "deep" / "weights").unlink()
    made = backup(settings, tmp_path / "backup.tar")
    assert (made.objects, made.models, made.missing) == (5, 0, ["s3://pictures/photos/Ä.jpg", VERSION])
    assert restore(Settings(home=tmp_path / "elsewhere"), tmp_path / "backup.tar") == made


def rewrite(file: Path, change: Callable[[tarfile.TarInfo, bytes], tuple[tarfile.TarInfo, bytes] | None]) -> None:
    """Change the entries of an archive; None leaves one out."""
    with tarfile.open(file) as tar:
        entries = [(entry, stream.read()) for entry in tar if (stream := tar.extractfile(entry))]
    with tarfile.open(file, "w") as tar:
        for entry, content in entries:
            if changed := change(entry, content):
                changed[0].size = len(changed[1])
                tar.addfile(changed[0], io.BytesIO(changed[1]))


def named(entry: tarfile.TarInfo, name: str) -> tarfile.TarInfo:
    entry.name = name
    return entry


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda e, c: None if e.name == "manifest.json" else (e, c), "cut short", id="no manifest"),
        pytest.param(lambda e, c: None if e.name == "customlabels.db" else (e, c), "cut short", id="no database"),
        pytest.param(lambda e, c: (e, c[:-1] + b"!") if e.name[-3:] == ".db" else (e, c), "damaged", id="database"),
        pytest.param(
            lambda e, c: (e, b'{"format": 2}') if e.name == "format.json" else (e, c), "format 2", id="format"
        ),
        pytest.param(lambda e, c: (e, b"{") if e.name == "manifest.json" else (e, c), "damaged", id="manifest"),
        pytest.param(
            lambda e, c: (named(e, "models/../../evil"), c) if e.name == "format.json" else (e, c), "evil", id="path up"
        ),
        pytest.param(lambda e, c: (named(e, "/evil"), c) if e.name == "format.json" else (e, c), "evil", id="root"),
    ],
)
def test_a_backup_that_is_none_is_refused_and_makes_nothing(
    settings: Settings, tmp_path: Path, change: Callable[..., Any], words: str
) -> None:
    file = tmp_path / "backup.tar"
    backup(settings, file)
    rewrite(file, change)
    with pytest.raises(BackupError, match=words):
        restore(Settings(home=tmp_path / "new" / "home"), file)
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("size", [0, 100, 10_000, -1024])
def test_a_backup_that_is_cut_short_is_refused(settings: Settings, tmp_path: Path, size: int) -> None:
    backup(settings, tmp_path / "backup.tar")
    content = (tmp_path / "backup.tar").read_bytes()
    end = content.rindex(b"manifest.json") if size < 0 else size
    (tmp_path / "cut.tar").write_bytes(content[:end])
    with pytest.raises(BackupError, match=r"damaged|cut short"):
        restore(Settings(home=tmp_path / "elsewhere"), tmp_path / "cut.tar")
    assert not (tmp_path / "elsewhere").exists()


def test_an_object_that_was_damaged_in_the_backup_is_named(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    backup(settings, file)
    rewrite(file, lambda e, c: (e, b"A" + c[1:]) if c == b"a" * 100 else (e, c))
    done = restore(Settings(home=tmp_path / "elsewhere"), file)
    assert (done.objects, done.missing) == (5, ["s3://pictures/a"])


def test_objects_at_an_endpoint_stay_there_and_models_go_back_to_it(
    settings: Settings, tmp_path: Path, moto_url: str
) -> None:
    endpoint = moto_url
    with opened(settings) as (database, _), database.write() as connection:
        connection.execute(facts.insert(), {"name": "account", "value": ACCOUNT})
    model = files(settings.models / "m1")
    at = replace(settings, s3_endpoint=endpoint, s3_access_key="AKIDEXAMPLE", s3_secret_key="wJalrXUtnFEMI/K7MDENG")
    at = replace(at, s3_models_bucket=f"backup-{settings.database[:5]}-models")
    with opened(at) as (database, _):
        models = open_models(at, database)
        models.adopt({"m1"})
        assert not (settings.models / "m1").exists()
        made = backup(at, tmp_path / "endpoint.tar")
        assert (made.objects, made.models, made.missing) == (0, 1, [])
        models.delete("m1")
    new = replace(at, home=tmp_path / "new", database_url=f"sqlite:///{tmp_path / 'new.db'}")
    restore(new, tmp_path / "endpoint.tar")
    with opened(replace(new, home=tmp_path / "any")) as (database, _):
        assert files(open_models(replace(new, home=tmp_path / "any"), database).folder("m1")) == model
    with pytest.raises(BackupError, match=f"they are at {endpoint}. Name the place with CUSTOMLABELS_S3_ENDPOINT"):
        restore(Settings(home=tmp_path / "elsewhere"), tmp_path / "endpoint.tar")
    backup(replace(at, s3_endpoint=""), tmp_path / "folders.tar")
    with pytest.raises(BackupError, match="has objects, which go into folders"):
        restore(Settings(home=tmp_path / "elsewhere", s3_endpoint=endpoint), tmp_path / "folders.tar")


def test_nothing_is_overwritten(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    backup(settings, file)
    before = file.read_bytes()
    with pytest.raises(BackupError, match="is there already"):
        backup(settings, file)
    assert file.read_bytes() == before
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    with pytest.raises(BackupError, match="is not empty"):
        restore(Settings(home=tmp_path / "full"), file)
    assert files(tmp_path / "full") == {"file": b"mine"}


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("CUSTOMLABELS_DATABASE_URL", raising=False)
    settings, file, elsewhere = Settings(home=tmp_path / "home"), tmp_path / "backup.tar", tmp_path / "else where"
    with opened(settings) as (database, objects):
        with database.write() as connection:
            connection.execute(accounts.insert(), {"id": ACCOUNT, "name": "default", "created": 1})
        objects.create_bucket("pictures", ACCOUNT)
        objects.put("pictures", "a", b"content")
    assert main(["backup", str(file), "--home", str(tmp_path / "nowhere")]) == 1
    assert "is not the home of a server" in capsys.readouterr().err
    assert main(["backup", str(file), "--home", str(settings.home)]) == 0
    assert "1 objects" in capsys.readouterr().out
    assert main(["restore", str(file), "--home", str(elsewhere)]) == 0
    assert f"customlabels serve --home '{elsewhere}'" in capsys.readouterr().out
    with opened(Settings(home=elsewhere)) as (database, objects), database.read() as connection:
        assert objects.read("pictures", "a") == b"content"
        assert connection.execute(select(func.count()).select_from(accounts)).scalar_one() == 1
