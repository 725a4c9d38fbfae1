"""Browsers at the console of the one server: each with a session of its own, over real HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from customlabels.api.console.sign_in import HEADER
from customlabels.server import Server
from customlabels.service.access import sessions, users
from customlabels.service.service import Service, open_service

API = "/console/api/"


@dataclass(frozen=True)
class Browser:
    """A client that sends what the console's own pages send, with the cookie of one who has signed in."""

    http: httpx.Client

    def get(self, route: str, **query: Any) -> httpx.Response:
        return self.http.get(API + route, params=query)

    def post(self, route: str, **body: Any) -> httpx.Response:
        return self.http.post(API + route, json=body)

    def put(self, route: str, content: bytes, **query: Any) -> httpx.Response:
        return self.http.put(API + route, content=content, params=query)

    def call(self, operation: str, **body: Any) -> dict[str, Any]:
        """What an operation of the API answers; an assertion fails for an error."""
        return good(self.post(f"rekognition/{operation}", **body))


def good(response: httpx.Response) -> dict[str, Any]:
    """The content of an answer that is no error."""
    assert response.status_code == 200, response.text
    content: dict[str, Any] = response.json()
    return content


def code(response: httpx.Response) -> str:
    """The code of an error that is told as the console tells errors."""
    assert 400 <= response.status_code < 500, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    content: Mapping[str, str] = response.json()
    assert content.keys() == {"__type", "Message", "Logref"}
    assert content["Message"]
    return content["__type"]


@pytest.fixture(scope="session")
def service(server: Server) -> Iterator[Service]:
    """The server's state, as other processes see it."""
    opened = open_service(server.settings)
    yield opened
    opened.close()


NewBrowser = Callable[..., Browser]


@pytest.fixture(scope="session")
def new_browser(server: Server, service: Service) -> Iterator[NewBrowser]:
    """new_browser("anna", "ReadOnly") signs a user in, who is made with these presets unless there."""
    made = []

    def make(name: str = "", *presets: str, account: str = "") -> Browser:
        account = account or service.account
        http = httpx.Client(base_url=server.endpoint, headers={HEADER: "1"}, timeout=60)
        made.append(http)
        if name:
            if name not in dict(users.list_users(service.database, account)):
                users.add_user(service.database, account, name, presets)
            token = sessions.make_link(service.database, account, name)
            assert http.post(f"{API}session/link", json={"Token": token}).status_code == 200
        return Browser(http)

    yield make
    for http in made:
        http.close()


@pytest.fixture(scope="session")
def admin(new_browser: NewBrowser) -> Browser:
    return new_browser("administrator")


@pytest.fixture(scope="session")
def stranger(new_browser: NewBrowser, service: Service) -> Browser:
    """The administrator of another account."""
    account = users.add_account(service.database, "strangers")
    return new_browser("stranger", "Administrator", account=account)


NewDataset = Callable[..., str]


@pytest.fixture(scope="session")
def new_dataset(admin: Browser) -> NewDataset:
    """Makes an empty training dataset in a project of its own: new_dataset("pets"). Returns its ARN."""

    def make(project: str) -> str:
        arn = admin.call("CreateProject", ProjectName=project)["ProjectArn"]
        return str(admin.call("CreateDataset", ProjectArn=arn, DatasetType="TRAIN")["DatasetArn"])

    return make
