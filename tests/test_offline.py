"""Nothing phones home: training and detection with every way out refused and every attempt written down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from customlabels.examples.digits import digits_folder

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
    manifest.write_text("".join(manifest.read_text().splitlines(keepends=True)[:20]))
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
