"""The files of the console: pages that a browser runs, built from `web/` when the package is built."""

from __future__ import annotations

import mimetypes
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from customlabels.manifest.opener import name_below

FOLDER = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; "
    "font-src 'self' data:; connect-src 'self'; manifest-src 'self'; media-src 'self' blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
}
MISSING = (
    "This installation of customlabels has no console: it was installed from its sources where Node.js and npm could "
    "not be reached. Run `make console` there, or install a released package.\n"
)
_FOREVER = "public, max-age=31536000, immutable"


def page(request: Request, path: str) -> Response:
    """A file of the console; its one page for every path that is not a file's, since the page knows its own paths."""
    name = name_below(path) if path else None
    found = _read(name) if name is not None and name != "index.html" else None
    cached = _FOREVER if found is not None and path.startswith("assets/") else "no-cache"
    if found is None:
        if path.startswith("assets/"):
            return PlainTextResponse("The console has no such file: load the page again.\n", 404)
        name, found = "index.html", _read("index.html")
    if found is None or name is None:
        return PlainTextResponse(MISSING, 404)
    content, packed = found
    headers = {**HEADERS, "cache-control": cached, "vary": "accept-encoding"}
    if packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        content = packed
    media = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(content if request.method != "HEAD" else b"", 200, headers, media)


@lru_cache(maxsize=256)
def _cached(path: Path, modified: int) -> tuple[bytes, bytes | None]:
    packed = path.with_name(f"{path.name}.gz")
    return path.read_bytes(), packed.read_bytes() if packed.is_file() else None


def _read(name: str) -> tuple[bytes, bytes | None] | None:
    path = FOLDER / name
    try:
        return _cached(path, path.stat().st_mtime_ns) if path.is_file() else None
    except (OSError, ValueError):
        return None
