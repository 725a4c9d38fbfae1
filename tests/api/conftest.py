"""One real server for all tests of the interface, with clients: boto3's, and one that sends what boto3 would not."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from customlabels.server import Server
from customlabels.service.access.keys import Key, create_key
from customlabels.service.access.users import add_user
from customlabels.settings import Settings

REGION = "us-east-1"
TARGET = "RekognitionService."


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a home of its own and a free port."""
    home = tmp_path_factory.mktemp("server") / "home"
    with Server(Settings(home=home, port=0, cors_origins=("https://app.example",))) as running:
        yield running


@pytest.fixture(scope="session")
def key(server: Server) -> Key:
    """The administrator's."""
    assert server.first_key is not None
    return server.first_key


Client = Callable[..., Any]


@pytest.fixture(scope="session")
def client(server: Server, key: Key) -> Iterator[Client]:
    """Makes clients of boto3, for the administrator: client("rekognition", **options of the session or the config)."""

    made = []

    def make(service: str, key: Key = key, region: str = REGION, token: str | None = None, **config: Any) -> Any:
        client = boto3.client(
            service,
            endpoint_url=server.endpoint,
            region_name=region,
            aws_access_key_id=key.id,
            aws_secret_access_key=key.secret,
            aws_session_token=token,
            config=Config(retries={"total_max_attempts": 1}, **config),
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture(scope="session")
def rekognition(client: Client) -> Any:
    return client("rekognition")


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The code of a well-formed error of AWS JSON; an assertion fails for anything else."""
        assert self.headers["content-type"] == "application/x-amz-json-1.1"
        content = self.json
        assert content.keys() == {"__type", "Code", "Message", "Logref"}
        assert content["__type"] == content["Code"]
        assert content["Logref"] == self.headers["x-amzn-requestid"]
        assert content["Message"]
        return str(content["__type"])


class Wire:
    """Sends requests byte by byte as told, each over a connection of its own."""

    def __init__(self, endpoint: str, key: Key) -> None:
        self.endpoint, self.key = endpoint, key
        self.host = urlsplit(endpoint).netloc

    def send(
        self, method: str = "GET", path: str = "/", body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """A request without signature."""
        with closing(http.client.HTTPConnection(self.host, timeout=60)) as connection:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            content = response.read()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)

    def signed(self, method: str, path: str, body: bytes, service: str, **headers: str) -> dict[str, str]:
        """The headers of a request that is signed for a service."""
        named = {name.replace("_", "-"): value for name, value in headers.items()} | {"Host": self.host}
        request = AWSRequest(method, self.endpoint + path, named, body)
        SigV4Auth(Credentials(self.key.id, self.key.secret), service, REGION).add_auth(request)
        return dict(request.headers.items())

    def call(self, operation: str, body: bytes | dict[str, Any], target: str = TARGET) -> Answer:
        """A signed call of an operation with this body."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "application/x-amz-json-1.1"
        headers = self.signed(
            "POST", "/", content, "rekognition", Content_Type=kind, X_Amz_Target=f"{target}{operation}"
        )
        return self.send("POST", "/", content, headers)


@pytest.fixture(scope="session")
def wire(server: Server, key: Key) -> Wire:
    return Wire(server.endpoint, key)


NewUser = Callable[..., Key]


@pytest.fixture(scope="session")
def new_user(server: Server) -> NewUser:
    """Makes a user of the first account with these presets: new_user("anna", "ReadOnly"). Returns a key of it."""

    def make(name: str, *presets: str) -> Key:
        from customlabels.service.service import open_service

        service = open_service(server.settings)
        try:
            add_user(service.database, service.account, name, presets)
            return create_key(service.database, service.account, name)
        finally:
            service.close()

    return make
