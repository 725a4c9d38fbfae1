"""A server in a process of its own, and a browser that looks at its console."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize
from tests.browser import missing

from customlabels.api.console.static import FOLDER
from customlabels.examples.catalogue import Ready, prepare

CUSTOMLABELS = (sys.executable, "-m", "customlabels")
ARTEFACTS = Path(__file__).parents[2] / "out" / "console"
"""Where screenshots are kept to be looked at."""
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
PASSWORD = "correct horse battery"
WIDE: ViewportSize = {"width": 1400, "height": 900}
_HARMLESS = re.compile(r"status of (400|401|403|404|409)")
"""What a browser writes to its console where the server refuses something, as tests want it to."""


@dataclass(frozen=True)
class Served:
    """A running server: `link` signs the administrator in, once."""

    endpoint: str
    link: str
    home: Path
    environment: dict[str, str]

    @property
    def console(self) -> str:
        return f"{self.endpoint}/console"

    def client(self, service: str) -> Any:
        """A client of boto3 that is told what `customlabels env` prints."""
        told = self.environment
        session = boto3.Session(
            told["AWS_ACCESS_KEY_ID"], told["AWS_SECRET_ACCESS_KEY"], region_name=told["AWS_REGION"]
        )
        return session.client(service, endpoint_url=self.endpoint)


@dataclass
class Watched:
    """A page, and what its code has complained of."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def shot(self, name: str, whole: bool = False) -> None:
        """Keep a screenshot."""
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=whole)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`customlabels serve` on a new home and a free port, until the tests are over."""
    if not (FOLDER / "index.html").is_file():
        missing("The console is not built; `make console` builds it")
    home = tmp_path_factory.mktemp("console") / "home"
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("CUSTOMLABELS_", "AWS_"))}
    if "CUSTOMLABELS_CACHE" in os.environ:
        ours["CUSTOMLABELS_CACHE"] = os.environ["CUSTOMLABELS_CACHE"]
    # Nothing listens there, so the example photos are drawn at once, with or without a network.
    ours |= {"CUSTOMLABELS_EXAMPLES_URL": "http://127.0.0.1:9", "PYTHONUNBUFFERED": "1"}
    log = home.parent / "serve.log"
    with log.open("wb") as stream:
        command = [*CUSTOMLABELS, "serve", "--home", str(home), "--port", "0"]
        process = subprocess.Popen(command, env=ours, stdout=stream, stderr=stream)
    try:
        until(lambda: process.poll() is not None or "For AWS's clients" in log.read_text(), "the server's start")
        assert process.poll() is None, log.read_text()
        found = re.search(r"http://\S+/console/sign-in#token=\S+", log.read_text())
        assert found, log.read_text()
        run = [*CUSTOMLABELS, "env", "--home", str(home)]
        said = subprocess.run(run, env=ours, check=True, capture_output=True, text=True).stdout
        told = dict(shlex.split(line)[1].split("=", 1) for line in said.splitlines())
        nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        environment = {**ours, **told, **nothing, "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": ""}
        yield Served(told["AWS_ENDPOINT_URL"], found.group(), home, environment)
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
    assert code == 0, log.read_text()


@pytest.fixture(scope="session")
def signed_in(server: Served, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cookies of an administrator who came by the link and chose a password."""
    context = browser.new_context(viewport=WIDE)
    page = context.new_page()
    page.goto(server.link)
    page.get_by_role("button", name="Choose a password").click()
    for label in ("New password", "New password again"):
        page.get_by_label(label, exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Save password").click()
    page.get_by_text("The password was saved.").wait_for()
    state = tmp_path_factory.mktemp("browser") / "state.json"
    context.storage_state(path=state)
    context.close()
    return state


@pytest.fixture
def watched(browser: Browser, signed_in: Path) -> Iterator[Watched]:
    """A page of the administrator's. At the end nothing may have gone wrong in its code."""
    context = browser.new_context(viewport=WIDE, storage_state=signed_in)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield from watching(context)


@pytest.fixture(scope="session")
def puppies(tmp_path_factory: pytest.TempPathFactory) -> Ready:
    """Thirty drawn pictures of puppies with their boxes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUSTOMLABELS_EXAMPLES_URL", "http://127.0.0.1:9")
        patch.delenv("CUSTOMLABELS_EXAMPLES", raising=False)
        return prepare("puppies", tmp_path_factory.mktemp("cache"))


def watching(context: BrowserContext) -> Iterator[Watched]:
    found = Watched(context.new_page())
    context.set_default_timeout(15_000)

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not _HARMLESS.search(message.text):
            found.complaints.append(message.text)

    found.page.on("console", heard)
    found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
    yield found
    found.shot("last")  # where a test that failed stood still
    context.close()
    assert found.complaints == []


def until(done: Callable[[], object], what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"{what} took more than {seconds} s"
        time.sleep(0.05)
