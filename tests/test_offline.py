"""Nothing phones home: training and detection with every way out refused and every attempt written down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import boto3
import numpy as np
import psutil
import pytest
from PIL import Image

from customlabels.examples.digits import digits_folder

from .browser import missing

# Put where each Python process of the command, children included, runs it first.
REFUSE = """
import os, socket

def attempt(what):
    with open(os.environ["ATTEMPTS"], "a") as file:
        file.write(f"{what}\\n")
    raise ConnectionRefusedError(f"this test lets nothing out: {what}")

def local(host):
    return host in (None, "", "localhost", "::1", b"localhost") or str(host).startswith("127.")

def guard(name, place):
    original = getattr(socket.socket, name)
    def call(self, *args):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not local(args[place][0]):
            attempt(f"{name} {args[place]}")
        return original(self, *args)
    setattr(socket.socket, name, call)

guard("connect", 0)
guard("connect_ex", 0)
guard("sendto", -1)
resolve = socket.getaddrinfo
def getaddrinfo(host, *args, **settings):
    return resolve(host, *args, **settings) if local(host) else attempt(f"getaddrinfo {host}")
socket.getaddrinfo = getaddrinfo
"""


@pytest.fixture
def attempts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The list of refused attempts of processes started in the test; a proxy would hide them, so there is none."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(REFUSE)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("ATTEMPTS", str(tmp_path / "attempts"))
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    return tmp_path / "attempts"


def _python(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )


@pytest.mark.parametrize(
    "code",
    [
        "import urllib.request; urllib.request.urlopen('http://192.0.2.1/', timeout=1)",
        "import socket; socket.getaddrinfo('example.com', 80)",
        "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'.', ('192.0.2.1', 9))",
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import socket; "
        'socket.create_connection(("192.0.2.1", 9))\'], check=True)',
    ],
)
def test_attempts_are_noticed(attempts: Path, code: str) -> None:
    assert _python("-c", code).returncode != 0
    assert attempts.read_text()


@pytest.fixture
def boxed(tmp_path: Path) -> tuple[Path, Path]:
    """A manifest of a few pictures with boxes, and one of their pictures."""
    pictures = digits_folder(tmp_path)
    manifest = pictures / "train.manifest"
    manifest.write_text("".join(manifest.read_text().splitlines(keepends=True)[:10]))
    (pictures / "test.manifest").unlink()
    return manifest, pictures / "images" / "00.jpg"


@pytest.fixture
def labelled(tmp_path: Path) -> tuple[Path, Path]:
    """A folder for each of two labels, and one of their pictures."""
    rng = np.random.default_rng(0)
    for label, colour in (("dusk", (40, 50, 110)), ("dawn", (250, 180, 120))):
        (tmp_path / "sky" / label).mkdir(parents=True)
        for i in range(6):
            pixels = np.clip(rng.normal(colour, 30, (96, 96, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "sky" / label / f"{i}.png")
    return tmp_path / "sky", tmp_path / "sky" / "dawn" / "0.png"


# checklist: L08
@pytest.mark.parametrize("data", ["boxed", "labelled"])
def test_training_and_detection_ask_nobody(
    data: str, request: pytest.FixtureRequest, attempts: Path, tmp_path: Path
) -> None:
    folder, picture = request.getfixturevalue(data)
    model = tmp_path / "model"

    trained = _python("-m", "customlabels", "train", folder, "--out", model, "--effort", "fast")
    assert trained.returncode == 0, trained.stderr
    assert any(line.startswith("F1 score ") for line in trained.stdout.splitlines())

    found = _python("-m", "customlabels", "detect", model, picture, "--json")
    assert found.returncode == 0, found.stderr
    assert "CustomLabels" in json.loads(found.stdout)

    assert not attempts.exists(), attempts.read_text()

    page = (Path(__file__).parents[1] / "docs" / "model.md").read_text(encoding="utf-8")
    for file in model.iterdir():
        assert f"`{file.name}`" in page


@contextmanager
def _serving(home: Path, *flags: str) -> Iterator[subprocess.Popen[str]]:
    """A server on a new home, until it is told to stop, which it does well."""
    command = [sys.executable, "-m", "customlabels", "serve", "--home", str(home), "--port", "0", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline().startswith("Serving")
            yield server
        finally:
            server.terminate()
        assert server.wait(60) == 0


# checklist: L08
def test_the_server_asks_nobody(attempts: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with _serving(home) as server:
        printed = _python("-m", "customlabels", "env", "--home", home).stdout
        named = dict(line.removeprefix("export ").split("=", 1) for line in printed.splitlines())
        setting = {name: value.strip("'") for name, value in named.items()}
        session = boto3.Session(setting["AWS_ACCESS_KEY_ID"], setting["AWS_SECRET_ACCESS_KEY"])
        s3 = session.client("s3", "us-east-1", endpoint_url=setting["AWS_ENDPOINT_URL"])
        s3.create_bucket(Bucket="mine")
        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["mine"]
        # Its workers and the spare inference unit load the libraries for learning and answering.
        deadline = time.monotonic() + 60
        while not _warm(server.pid) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert _warm(server.pid)
    assert not attempts.exists(), attempts.read_text()


# checklist: L08
def test_a_server_with_a_ray_of_its_own_asks_nobody_and_listens_to_nobody_else(attempts: Path, tmp_path: Path) -> None:
    if find_spec("ray") is None:
        missing("Ray is not installed; `make test` installs it")
    with _serving(tmp_path / "home", "--engine", "ray") as server:
        processes = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
        listening = [c.laddr.ip for p in processes for c in p.net_connections("inet") if c.status == "LISTEN"]
    assert len(processes) > 3
    assert {address.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}
    assert not attempts.exists(), attempts.read_text()


def _warm(pid: int) -> bool:
    """Whether some process of a server has loaded torch, and some other one openvino."""
    loaded = []
    for child in psutil.Process(pid).children(recursive=True):
        try:
            loaded.append(" ".join(region.path for region in child.memory_maps()))
        except psutil.Error:
            continue
    return any("libtorch" in paths for paths in loaded) and any(
        "openvino" in paths and "libtorch" not in paths for paths in loaded
    )
