"""The console's files: one page for all its paths, caches, compression, and nothing from outside its folder."""

from __future__ import annotations

import gzip
import http.client
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from customlabels.api.console import static
from customlabels.server import Server

PAGE, SCRIPT = b"<!doctype html><title>Custom Labels</title>", b"console.log(1)\n" * 200


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A console that has been built."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_bytes(PAGE)
    (folder / "icon.svg").write_bytes(b"<svg/>")
    (folder / "assets" / "main-1a2b.js").write_bytes(SCRIPT)
    (folder / "assets" / "main-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "secret.txt").write_bytes(b"secret")
    monkeypatch.setattr(static, "FOLDER", folder)
    return folder


@pytest.fixture
def browser(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.endpoint) as client:
        yield client


@pytest.mark.parametrize(
    "path",
    ["", "projects", "projects/pets/datasets/train", "sign-in", "index.html", "a.b/c", "%00", "..%2f", "~" * 500],
)
def test_every_path_of_the_console_is_its_page(built: Path, browser: httpx.Client, path: str) -> None:
    response = browser.get(f"/console/{path}")
    assert (response.status_code, response.content) == (200, PAGE)
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["cache-control"] == "no-cache"
    policy = response.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/console"])
def test_a_browser_is_led_to_the_console(built: Path, browser: httpx.Client, path: str) -> None:
    response = browser.get(path)
    assert (response.status_code, response.headers["location"]) == (307, "/console/")
    assert browser.get(path, follow_redirects=True).content == PAGE


def test_files_with_their_hash_in_the_name_are_kept_forever(built: Path, browser: httpx.Client) -> None:
    response = browser.get("/console/assets/main-1a2b.js")
    assert response.content == SCRIPT
    assert response.headers["content-encoding"] == "gzip"
    assert "immutable" in response.headers["cache-control"]
    assert response.headers["content-type"].startswith("text/javascript")
    assert response.headers["vary"] == "accept-encoding"
    plain = browser.get("/console/assets/main-1a2b.js", headers={"accept-encoding": "identity"})
    assert (plain.content, "content-encoding" in plain.headers) == (SCRIPT, False)
    icon = browser.get("/console/icon.svg")
    assert (icon.content, icon.headers["cache-control"]) == (b"<svg/>", "no-cache")
    assert icon.headers["content-type"].startswith("image/svg+xml")
    assert browser.head("/console/").status_code == 200


@pytest.mark.parametrize("path", ["assets/old-9z9z.js", "assets/", "assets/..%2f..%2fsecret.txt"])
def test_a_file_of_an_older_build_is_not_found(built: Path, browser: httpx.Client, path: str) -> None:
    """Where the page stood for it, a browser would take HTML for a script."""
    response = browser.get(f"/console/{path}")
    assert response.status_code == 404
    assert "load the page again" in response.text


@pytest.mark.parametrize(
    "path",
    [
        "%2e%2e/secret.txt",
        "..%2fsecret.txt",
        "..%5csecret.txt",
        "%2fetc/passwd",
        "/etc/passwd",
        "assets/../../secret.txt",
        "a/%2e%2e/%2e%2e/secret.txt",
    ],
)
def test_nothing_outside_of_the_folder_is_served(built: Path, server: Server, path: str) -> None:
    connection = http.client.HTTPConnection(server.endpoint.removeprefix("http://"), timeout=30)
    connection.request("GET", f"/console/{path}")
    content = connection.getresponse().read()
    connection.close()
    assert content != b"secret"
    assert b"root:" not in content


def test_a_new_build_is_served_without_a_restart(built: Path, browser: httpx.Client) -> None:
    assert browser.get("/console/").content == PAGE
    (built / "index.html").write_bytes(b"new")
    os.utime(built / "index.html", ns=(1, 1))
    assert browser.get("/console/").content == b"new"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_pages_are_only_read(built: Path, browser: httpx.Client, method: str) -> None:
    response = browser.request(method, "/console/projects")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")


def test_an_installation_without_a_console_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, browser: httpx.Client
) -> None:
    monkeypatch.setattr(static, "FOLDER", tmp_path / "none")
    response = browser.get("/console/")
    assert response.status_code == 404
    assert "make console" in response.text
    assert browser.get("/health").status_code == 200
