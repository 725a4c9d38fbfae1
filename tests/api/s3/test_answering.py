"""What becomes of requests when something else fails."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from customlabels.api.s3 import refuse
from customlabels.store.database import DatabaseUnavailable
from customlabels.store.objects import StoreUnavailable

from .conftest import Running


class Failing:
    """A store whose every method fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def fail(*_: object, **__: object) -> None:
            raise self._error

        return fail


@pytest.mark.parametrize(
    ("error", "status", "code", "words"),
    [
        (StoreUnavailable("The disk is full."), 503, "ServiceUnavailable", "The disk is full."),
        (DatabaseUnavailable("The database is locked."), 503, "ServiceUnavailable", "The database is locked."),
        (ZeroDivisionError("a secret"), 500, "InternalError", "We encountered an internal error. Please try again."),
    ],
)
def test_failures_are_told_in_xml(running: Running, error: Exception, status: int, code: str, words: str) -> None:
    running.service = replace(running.service, objects=Failing(error))
    answer = httpx.get(f"{running.url}/photos/x")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/xml")
    assert f"<Code>{code}</Code><Message>{words}</Message>" in answer.text
    assert httpx.head(f"{running.url}/photos/x").content == b""


def test_a_request_that_was_refused_before() -> None:
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/photos/<x>",
        "headers": [],
        "query_string": b"",
        "scheme": "http",
    }
    request = Request({**scope, "server": ("localhost", 80), "state": {"request_id": "4F"}})
    response = refuse(request, "SignatureDoesNotMatch", "It does not match.", Region="us-east-1")
    assert response.status_code == 403
    assert bytes(response.body).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>SignatureDoesNotMatch</Code>'
        "<Message>It does not match.</Message><Region>us-east-1</Region><Resource>/photos/&lt;x&gt;</Resource>"
        "<RequestId>4F</RequestId><HostId>4F</HostId></Error>"
    )
