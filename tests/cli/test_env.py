"""`customlabels env`: lines for a shell, and nothing else."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from customlabels.server import Server
from customlabels.service.access import keys
from customlabels.service.service import open_service
from customlabels.settings import Settings

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def exported(text: str) -> dict[str, str]:
    """What a shell has after it evaluated the lines."""
    names = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_REGION")
    shell = f"{text}\n" + "".join(f'printf "%s\\n" "${name}"\n' for name in names)
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True, env={})
    return dict(zip(names, done.stdout.splitlines(), strict=True))


def test_the_lines_are_for_the_server_of_the_home(run: Run, tmp_path: Path) -> None:
    with Server(Settings(home=tmp_path / "home", port=0, region="eu-west-1")) as server:
        code, out, err = run("env", "--home", tmp_path / "home")
        assert (code, err) == (0, "")
        assert server.first_key is not None
        assert exported(out) == {
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_ACCESS_KEY_ID": server.first_key.id,
            "AWS_SECRET_ACCESS_KEY": server.first_key.secret,
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_REGION": "eu-west-1",
        }
        assert all(line.startswith("export ") and len(shlex.split(line)) == 2 for line in out.splitlines())


def test_without_a_server_the_settings_tell(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = open_service(Settings(home=tmp_path / "home"))
    key = keys.first_key(service.database, service.account)
    assert key is not None
    monkeypatch.setenv("CUSTOMLABELS_PORT", "9000")
    monkeypatch.setenv("CUSTOMLABELS_HOST", "0.0.0.0")
    monkeypatch.setenv("CUSTOMLABELS_HOME", str(tmp_path / "home"))
    assert exported(run("env")[1])["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9000"
    newer = keys.rotate_keys(service.database, service.account, "administrator")
    assert exported(run("env")[1])["AWS_ACCESS_KEY_ID"] == newer.id
    keys.disable_key(service.database, newer.id)
    service.close()
    code, out, err = run("env")
    assert (code, out) == (2, "")
    assert "customlabels keys create administrator" in err


def test_a_session_token_that_would_spoil_it_is_told(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = open_service(Settings(home=tmp_path / "home"))
    keys.first_key(service.database, service.account)
    service.close()
    monkeypatch.setenv("AWS_SESSION_TOKEN", "FwoGZXIvYXdzEJr")
    code, out, err = run("env", "--home", tmp_path / "home")
    assert code == 0
    assert "unset AWS_SESSION_TOKEN" in err
    assert all(line.startswith("export ") for line in out.splitlines())
