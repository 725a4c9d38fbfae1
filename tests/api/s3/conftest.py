"""S3 over HTTP, with a real client: its signatures are taken for right, all else is as in the server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
import uvicorn
from botocore.config import Config
from botocore.exceptions import ClientError
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from customlabels.api.s3 import handle
from customlabels.api.sigv4 import Signature
from customlabels.service.access.caller import Caller
from customlabels.service.service import Service, open_service
from customlabels.settings import Settings
from customlabels.store import now
from customlabels.store.tables import accounts

OTHER = "444455556666"


class Running:
    """A server of S3 on a loopback port. `caller` is whom it takes every client for."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.caller = Caller.administrator(service.account)
        self.operations: list[tuple[str, str]] = []
        config = uvicorn.Config(
            self._app,
            port=0,
            log_level="warning",
            lifespan="off",
            http="httptools",
            interface="asgi3",
            timeout_graceful_shutdown=2,  # a connection that a test has left half-way must not keep the session
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        self.port: int = self._server.servers[0].sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        payload = request.headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
        signature = Signature("AKID", "s3", "us-east-1", "", "", "", b"", payload)
        response = await handle(request, self.service, self.caller, signature)
        self.operations.append((request.state.operation, request.state.resource))
        await response(scope, receive, send)

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()


def client_of(running: Running, **options: Any) -> Any:
    """A client that keys, profiles and settings of the machine do not change."""
    config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, **options)
    return boto3.client(
        "s3",
        endpoint_url=running.url,
        region_name="us-east-1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        config=config,
    )


def get(client: Any, **parameters: object) -> dict[str, Any]:
    """GetObject with the whole body; the connection is free again."""
    answer: dict[str, Any] = client.get_object(**parameters)
    with answer["Body"] as body:
        return {**answer, "Body": body.read()}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    service = open_service(Settings(home=tmp_path_factory.mktemp("home")))
    with service.database.write() as connection:
        connection.execute(accounts.insert(), {"id": OTHER, "name": "other", "created": now()})
    started = Running(service)
    yield started
    started.close()
    service.close()


@pytest.fixture(scope="session")
def client(server: Running) -> Iterator[Any]:
    made = client_of(server)
    yield made
    made.close()


@pytest.fixture
def running(server: Running) -> Iterator[Running]:
    """The server, without any bucket; it takes clients for the administrator of the first account."""
    service, objects = server.service, server.service.objects
    yield server
    server.service, server.caller = service, Caller.administrator(service.account)
    server.operations.clear()
    for bucket in [*objects.buckets(service.account), *objects.buckets(OTHER)]:
        objects.delete(bucket.name, [stored.key for stored in objects.list_objects(bucket.name)])
        objects.delete_bucket(bucket.name)


@pytest.fixture
def s3(running: Running, client: Any) -> Any:
    """A client of boto3, and a bucket `photos`."""
    running.service.objects.create_bucket("photos", running.service.account)
    return client


Refused = Callable[..., tuple[str, int]]


@pytest.fixture
def refused() -> Refused:
    """The (code, HTTP code) of the error that a call ends with."""

    def call(operation: Callable[..., object], **parameters: object) -> tuple[str, int]:
        with pytest.raises(ClientError) as error:
            operation(**parameters)
        response = error.value.response
        return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]

    return call
