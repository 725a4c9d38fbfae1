"""Answers of the console: JSON, and files to be saved."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from starlette.responses import JSONResponse


class Answer(JSONResponse):
    """Of ASCII only: half of a surrogate pair, which a client may have sent, can be said in no other way."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, separators=(",", ":"), allow_nan=False).encode("ascii")


def attachment(name: str) -> dict[str, str]:
    """Headers of a file that a browser saves under this name, and never shows."""
    return {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
    }
