"""Web pages of other origins that call the API: those that the settings name may."""

from __future__ import annotations

from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import Response

_HEADERS = (
    "authorization, content-type, content-md5, range, if-match, if-none-match, x-amz-date, x-amz-target, "
    "x-amz-security-token, x-amz-user-agent, x-amz-content-sha256, amz-sdk-invocation-id, amz-sdk-request"
)
_EXPOSED = "x-amzn-requestid, x-amz-request-id, etag, content-range, content-length"
_MAX_AGE = "3600"


def is_preflight(request: Request) -> bool:
    """Whether a browser asks what it may send."""
    return request.method == "OPTIONS" and "origin" in request.headers


def allowed(request: Request, origins: Collection[str]) -> bool:
    """Whether a request comes from a page that may call, or from no page of another origin at all."""
    origin = request.headers.get("origin")
    return origin is None or "*" in origins or origin in origins


def preflight(request: Request, origins: Collection[str]) -> Response:
    """The answer to a preflight."""
    if not allowed(request, origins):
        words = "This origin may not call; the setting CUSTOMLABELS_CORS_ORIGINS names those that may.\n"
        return Response(words, 403, media_type="text/plain")
    asked = request.headers.get("access-control-request-headers", "")
    extra = [
        name.strip().lower() for name in asked.split(",") if name.strip().lower().startswith(("x-amz-", "amz-sdk-"))
    ]
    response = Response(status_code=200)
    add_headers(request, response, origins)
    response.headers["access-control-allow-methods"] = "GET, PUT, POST, DELETE, HEAD"
    response.headers["access-control-allow-headers"] = ", ".join(dict.fromkeys([*_HEADERS.split(", "), *extra[:50]]))
    response.headers["access-control-max-age"] = _MAX_AGE
    return response


def add_headers(request: Request, response: Response, origins: Collection[str]) -> None:
    """Let the page that called read the answer, if it may."""
    origin = request.headers.get("origin")
    if origin is not None and allowed(request, origins):
        response.headers["access-control-allow-origin"] = "*" if "*" in origins else origin
        response.headers["access-control-expose-headers"] = _EXPOSED
        response.headers.append("vary", "Origin")
