"""One line of JSON a call: when, who, what, on which resource, with which result. No images, no secrets."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from customlabels.service.access.caller import Caller

MAX_BYTES = 64 * 1024 * 1024
KEPT = 10
"""Older files that are kept when the log is begun anew at MAX_BYTES."""
_LONGEST = 2048


class Audit:
    """Appends to a file; safe for threads."""

    def __init__(self, path: Path) -> None:
        """Raises OSError where the file cannot be written."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handler = RotatingFileHandler(path, maxBytes=MAX_BYTES, backupCount=KEPT, encoding="utf-8")
        path.chmod(0o600)

    def record(
        self,
        caller: Caller | None,
        operation: str,
        resource: str,
        result: str,
        request_id: str,
        source: str,
        milliseconds: float,
    ) -> None:
        """`result` is OK or the code of an error; `source` the address that the request came from."""
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "account": caller.account if caller else None,
            "principal": caller.arn if caller else None,
            "key": caller.key if caller else None,
            "operation": operation,
            "resource": resource[:_LONGEST],
            "result": result,
            "request_id": request_id,
            "source": source,
            "ms": round(milliseconds, 1),
        }
        text = json.dumps(line, separators=(",", ":"))
        self._handler.handle(logging.LogRecord("audit", logging.INFO, "", 0, text, None, None))

    def close(self) -> None:
        self._handler.close()
