"""What all tests share: how many examples property tests draw, where the real data lie, pictures, databases."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

from customlabels.store import Database

from . import postgres
from .browser import missing, starts, system_browser

settings.register_profile("default", max_examples=25, deadline=None)
settings.register_profile("sample", max_examples=100, deadline=None)
settings.register_profile("torture", max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--torture-rounds", type=int, default=3, help="how often tests/torture kills something")
    parser.addoption("--torture-seconds", type=int, default=20, help="how long tests/torture saturates a server")
    parser.addoption("--torture-seed", type=int, default=0, help="chooses what tests/torture does, and when it kills")
    parser.addoption("--fuzz-count", type=int, default=300, help="bad files, and bad requests, that tests/fuzz sends")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real sets to develop on: the folder CUSTOMLABELS_TEST_DATA names, else ../shared/data beside the checkout."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("CUSTOMLABELS_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent; CUSTOMLABELS_TEST_DATA names the folder with the real sets")
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Playwright's: headless Chromium, one for all tests, since Playwright allows no second one beside it."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright is not installed; `make test` installs it")
    if not starts():
        missing("There is no browser; `make test` tries to install one")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=system_browser(), args=["--no-sandbox"])
        yield opened
        opened.close()


Picture = Callable[..., bytes]


@pytest.fixture(scope="session")
def picture() -> Picture:
    """Makes encoded pictures: picture(width, height, format="PNG", mode="RGB", seed=0, **options of Pillow's save)."""

    def make(
        width: int = 96, height: int = 64, format: str = "PNG", mode: str = "RGB", seed: int = 0, **options: Any
    ) -> bytes:
        rng = np.random.default_rng(seed)
        coarse = rng.integers(0, 256, (4, 6, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).convert(mode)
        stream = io.BytesIO()
        image.save(stream, format, **options)
        return stream.getvalue()

    return make


@pytest.fixture(scope="session")
def postgresql_programs() -> Path:
    """The folder of PostgreSQL's programs. Without them its tests are skipped, but never in CI."""
    programs = postgres.binaries()
    if programs is None:
        words = "PostgreSQL is not installed: initdb and postgres are neither in PATH nor in /usr/lib/postgresql/*/bin"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    return programs


@pytest.fixture(scope="session")
def postgresql(postgresql_programs: Path) -> Iterator[postgres.PostgresServer]:
    """A server that runs while the tests do."""
    with postgres.running(postgresql_programs) as server:
        yield server


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """The URL of an S3 endpoint, which forgets all at the end."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of SQLite with our tables, to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "customlabels.db"
    database = Database(f"sqlite:///{file}")
    database.migrate()
    database.close()
    return file


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_sqlite: Path) -> str:
    """A fresh file of SQLite with our tables, in the home `home`."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    return f"sqlite:///{shutil.copy(migrated_sqlite, home)}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh database with our tables, of each kind that we support."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
    else:
        with request.getfixturevalue("postgresql").database() as url:
            yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """As `database_url`, without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'home' / 'customlabels.db'}"
    else:
        with request.getfixturevalue("postgresql").database(template="template0") as url:
            yield url
