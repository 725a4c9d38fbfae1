"""A server from start to stop: alone in its home, told of in server.json, gone without a trace."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from customlabels.home import HomeInUse, address_of
from customlabels.server import Server
from customlabels.service.access.keys import Key
from customlabels.service.access.sessions import set_password
from customlabels.service.service import open_service
from customlabels.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", port=0, region="eu-central-1")


def client(server: Server, key: Key) -> Any:
    return boto3.client(
        "rekognition",
        endpoint_url=server.endpoint,
        region_name=server.settings.region,
        aws_access_key_id=key.id,
        aws_secret_access_key=key.secret,
        config=Config(retries={"total_max_attempts": 1}),
    )


# checklist: L01, L07
def test_a_home_is_served_again_with_all_that_it_had(settings: Settings) -> None:
    with Server(settings) as server:
        key = server.first_key
        assert key is not None
        rekognition = client(server, key)
        arn = rekognition.create_project(ProjectName="pets")["ProjectArn"]
        rekognition.close()
    assert arn.startswith("arn:aws:rekognition:eu-central-1:")
    with Server(settings) as server:
        assert server.first_key is None
        rekognition = client(server, key)
        (project,) = rekognition.describe_projects()["ProjectDescriptions"]
        assert project["ProjectArn"] == arn
        rekognition.close()


def test_the_home_says_where_the_server_is_while_it_runs(settings: Settings) -> None:
    file = settings.home / "server.json"
    with Server(settings) as server:
        content = json.loads(file.read_text(encoding="utf-8"))
        place = {"endpoint": server.endpoint, "console": server.endpoint, "region": "eu-central-1"}
        assert content == {"pid": os.getpid(), **place}
        assert address_of(Settings(home=settings.home)).endpoint == server.endpoint
        assert address_of(Settings(home=settings.home)).region == "eu-central-1"
    assert not file.exists()


def test_what_a_killed_server_left_is_not_believed(settings: Settings) -> None:
    settings.home.mkdir()
    file = settings.home / "server.json"
    file.write_text('{"pid": 1, "endpoint": "http://127.0.0.1:1", "region": "eu-west-1"}')
    (settings.home / "server.lock").touch()
    assert address_of(Settings(home=settings.home)).endpoint == "http://127.0.0.1:8321"
    with Server(settings) as server:
        assert address_of(settings).endpoint == server.endpoint


@pytest.mark.parametrize(
    ("host", "endpoint"),
    [
        ("127.0.0.1", "http://127.0.0.1:8321"),
        ("0.0.0.0", "http://127.0.0.1:8321"),
        ("::", "http://[::1]:8321"),
        ("192.168.1.7", "http://192.168.1.7:8321"),
        ("labels.example.org", "http://labels.example.org:8321"),
    ],
)
def test_an_address_of_settings_is_one_that_clients_can_use(host: str, endpoint: str, tmp_path: Path) -> None:
    assert address_of(Settings(home=tmp_path, host=host)).endpoint == endpoint


def test_two_servers_cannot_have_one_home(settings: Settings) -> None:
    with Server(settings) as server:
        with pytest.raises(HomeInUse, match=server.endpoint):
            Server(settings).start()
        assert urllib.request.urlopen(f"{server.endpoint}/health").status == 200
    with Server(settings):
        pass


def test_a_port_that_is_taken_is_named(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=rf"Cannot listen on 127\.0\.0\.1 port {port}.*--port"):
            Server(Settings(home=settings.home, port=port)).start()
    with Server(settings):  # the failed start has left the home
        pass


# checklist: L01
def test_only_its_owner_can_read_a_home(settings: Settings) -> None:
    with Server(settings):
        assert stat.S_IMODE(settings.home.stat().st_mode) == 0o700
        assert stat.S_IMODE((settings.logs / "audit.jsonl").stat().st_mode) == 0o600


def test_a_call_that_is_in_work_is_answered_before_the_server_stops(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from customlabels.service import projects

    working, go_on = threading.Event(), threading.Event()

    def slow(*_: object, **__: object) -> dict[str, object]:
        working.set()
        assert go_on.wait(30)
        return {"ProjectDescriptions": []}

    monkeypatch.setattr("customlabels.api.rekognition._verb", lambda _: slow)
    assert projects.describe_projects is not slow
    server = Server(settings)
    server.start()
    assert server.first_key is not None
    rekognition = client(server, server.first_key)
    answers: list[Any] = []
    asking = threading.Thread(target=lambda: answers.append(rekognition.describe_projects()))
    asking.start()
    assert working.wait(30)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    while True:  # until no new call is taken
        try:
            socket.create_connection(("127.0.0.1", int(server.endpoint.rpartition(":")[2])), 5).close()
        except OSError:
            break
        time.sleep(0.01)
    go_on.set()
    asking.join(30)
    stopping.join(30)
    rekognition.close()
    assert answers[0]["ProjectDescriptions"] == []


# checklist: K01
def test_the_console_is_named_with_a_link_until_there_is_a_password(settings: Settings) -> None:
    with Server(settings) as server:
        first = server.console
        assert first.startswith(f"{server.endpoint}/console/sign-in#token=")
    with Server(settings) as server:
        assert server.console.partition("#")[2] not in ("", first.partition("#")[2])
        service = open_service(settings)
        set_password(service.database, service.account, "administrator", "correct horse")
        service.close()
    with Server(settings) as server:
        assert server.console == f"{server.endpoint}/console/"


@contextmanager
def serving(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "customlabels", "serve", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


# checklist: L01, L06
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_with_all_its_processes(tmp_path: Path, number: signal.Signals) -> None:
    import psutil

    home = tmp_path / "home"
    with serving("--home", str(home)) as process:
        assert process.stdout is not None
        printed = [process.stdout.readline() for _ in range(4)]
        assert f"Serving {home} at http://127.0.0.1:" in printed[0]
        assert re.search(r"http://127\.0\.0\.1:\d+/console/sign-in#token=\S{32}\n$", printed[1])
        assert f"customlabels env --home {home}" in printed[3]
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        process.send_signal(number)
        rest, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        gone, alive = psutil.wait_procs(children, timeout=30)
        assert not alive
        assert len(gone) == len(children)
    assert not (home / "server.json").exists()
    from customlabels.service.access.keys import administrator_key

    service = open_service(Settings(home=home))
    key = administrator_key(service.database, service.account)
    service.close()
    assert key is not None
    logs = b"".join(path.read_bytes() for path in (home / "logs").iterdir())
    for text in (*printed, rest, errors, logs.decode()):
        assert key.secret not in text


def test_a_home_that_others_made_keeps_its_secrets(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    with Server(Settings(home=home, port=0)):
        files = list(home.glob("customlabels.db*"))
        assert files
        assert all(file.stat().st_mode & 0o077 == 0 for file in files)


def test_an_error_before_the_body_does_not_harm_the_next_call(tmp_path: Path) -> None:
    with Server(Settings(home=tmp_path / "home", port=0)) as server:
        assert server.first_key is not None
        s3 = boto3.client(
            "s3",
            "us-east-1",
            endpoint_url=server.endpoint,
            aws_access_key_id=server.first_key.id,
            aws_secret_access_key=server.first_key.secret,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=10),
        )
        s3.create_bucket(Bucket="there")
        for size in (300, 100_000):
            with pytest.raises(s3.exceptions.NoSuchBucket):
                s3.put_object(Bucket="not-there", Key="a", Body=b"x" * size)
            assert s3.list_objects_v2(Bucket="there")["KeyCount"] == 0
        s3.close()


@pytest.mark.parametrize(
    ("host", "names", "expected"),
    [
        ("127.0.0.1", ("labels.example",), r"http://127\.0\.0\.1:8321"),
        ("0.0.0.0", ("*.example", "labels.example"), r"http://labels\.example:8321"),
        ("0.0.0.0", (), r"http://(?!0\.0\.0\.0)[0-9.]+:8321"),
    ],
)
def test_links_for_people_lead_to_where_they_reach_the_server(
    tmp_path: Path, host: str, names: tuple[str, ...], expected: str
) -> None:
    address = address_of(Settings(home=tmp_path, host=host, allowed_hosts=names))
    assert re.fullmatch(expected, address.console)
    assert address.endpoint == "http://127.0.0.1:8321"
