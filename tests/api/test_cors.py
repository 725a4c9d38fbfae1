"""Web pages of other origins: only those that the settings name may call. The server's: https://app.example."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from customlabels.api import cors

from .conftest import Wire

MINE, OTHER = "https://app.example", "https://evil.example"
ASKED = "authorization,content-type,x-amz-date,x-amz-target,x-amz-user-agent,amz-sdk-invocation-id,amz-sdk-request"


def preflight(wire: Wire, origin: str, path: str = "/", asked: str = ASKED) -> tuple[int, dict[str, str]]:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": asked,
    }
    answer = wire.send("OPTIONS", path, headers=headers)
    return answer.status, {name: value for name, value in answer.headers.items() if name.startswith("access-control")}


@pytest.mark.parametrize("path", ["/", "/bucket/key"])
def test_a_page_that_may_call_is_told_what_it_may_send(path: str, wire: Wire) -> None:
    status, headers = preflight(wire, MINE, path)
    assert status == 200
    assert headers["access-control-allow-origin"] == MINE
    assert set(ASKED.split(",")) <= {name.strip() for name in headers["access-control-allow-headers"].split(",")}
    assert {"GET", "PUT", "POST", "DELETE"} <= {
        name.strip() for name in headers["access-control-allow-methods"].split(",")
    }
    assert "access-control-allow-credentials" not in headers


def test_metadata_of_objects_may_be_sent_and_other_headers_not(wire: Wire) -> None:
    _, headers = preflight(wire, MINE, asked="x-amz-meta-note, cookie")
    allowed = {name.strip() for name in headers["access-control-allow-headers"].split(",")}
    assert "x-amz-meta-note" in allowed
    assert "cookie" not in allowed


@pytest.mark.parametrize("origin", [OTHER, "null", "https://app.example.evil.example", "http://app.example"])
def test_another_page_may_not_call(origin: str, wire: Wire) -> None:
    status, headers = preflight(wire, origin)
    assert (status, headers) == (403, {})


def test_answers_may_be_read_by_pages_that_may_call(wire: Wire) -> None:
    for origin, readable in ((MINE, True), (OTHER, False)):
        body = b"{}"
        target = "RekognitionService.DescribeProjects"
        headers = wire.signed("POST", "/", body, "rekognition", X_Amz_Target=target)
        answer = wire.send("POST", "/", body, {**headers, "Origin": origin})
        assert answer.status == 200
        assert (answer.headers.get("access-control-allow-origin") == origin) is readable
        if readable:
            assert "x-amzn-requestid" in answer.headers["access-control-expose-headers"]
            assert answer.headers["vary"] == "Origin"
    refused = wire.send("POST", "/", b"{}", {"Origin": MINE, "X-Amz-Target": "RekognitionService.DescribeProjects"})
    assert refused.headers["access-control-allow-origin"] == MINE


def test_all_origins_may_be_allowed() -> None:
    headers = [(b"origin", OTHER.encode()), (b"access-control-request-method", b"POST")]
    request = Request({"type": "http", "method": "OPTIONS", "headers": headers})
    assert cors.preflight(request, ("*",)).headers["access-control-allow-origin"] == "*"
    assert cors.preflight(request, ()).status_code == 403
