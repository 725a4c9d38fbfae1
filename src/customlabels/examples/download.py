"""One file from the web, whole and checked, or an error that says why not."""

from __future__ import annotations

import hashlib
import http.client
import os
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Protocol

_CHUNK = 64 * 1024
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}


class DownloadError(OSError):
    """A file that could not be fetched."""


class _Truncated(Exception):
    pass


class _Response(Protocol):
    status: int
    headers: http.client.HTTPMessage

    def read(self, amount: int, /) -> bytes: ...


def fetch(url: str, path: Path, sha256: str, timeout: float = 4.0, attempts: int = 3, pause: float = 0.5) -> None:
    """Bring the file at `url` to `path`, which appears only when it is whole and its SHA-256 is `sha256`.

    What arrived is kept beside it as `path.part`, and the next attempt or call asks only for the rest. A connection
    that fails, a reply that stops early and a busy server are tried again, `attempts` times in all and `pause`
    seconds apart; a missing file is not. `timeout` seconds bound each wait for the server.
    Raises DownloadError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    for attempt in range(1, attempts + 1):
        resumed = part.exists()
        try:
            _receive(url, part, timeout)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416 and resumed:  # the part is as long as the file or longer, and not it: from the start
                part.unlink()
                continue
            if error.code not in _TRANSIENT or attempt == attempts:
                raise DownloadError(f"{url}: the server answered {error.code} {error.reason}.") from error
        except (OSError, http.client.HTTPException, _Truncated) as error:
            if attempt == attempts:
                reason = getattr(error, "reason", error)
                raise DownloadError(f"{url}: {reason} (after {attempts} attempts).") from error
        else:
            digest = hashlib.sha256(part.read_bytes()).hexdigest()
            if digest == sha256:
                os.replace(part, path)
                return
            part.unlink()
            if not resumed or attempt == attempts:
                raise DownloadError(f"{url} has SHA-256 {digest}, expected {sha256}.")
            continue
        time.sleep(pause)
    raise DownloadError(f"{url}: the server sent no whole file in {attempts} attempts.")


def _receive(url: str, part: Path, timeout: float) -> None:
    """Append to `part` what is missing of it. Raises _Truncated where the reply stops early."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "customlabels-examples"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    response: _Response
    with urllib.request.urlopen(request, timeout=timeout) as response:
        continues = response.status == 206
        promised = response.headers.get("Content-Length")
        received = 0
        with part.open("ab" if continues else "wb") as file:
            while chunk := response.read(_CHUNK):
                file.write(chunk)
                received += len(chunk)
    if promised is not None and received < int(promised):
        raise _Truncated(f"the reply stopped after {received} of {promised} bytes")
