"""Conditions and ranges of requests for an object: If-Match and its like, Range."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from customlabels.api.s3.errors import NotModified, S3Error
from customlabels.store.objects import Stored

_OF_NOT_MODIFIED = ("cache-control", "etag", "expires", "last-modified")
_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


def check(stored: Stored, headers: Mapping[str, str], answer: dict[str, str]) -> None:
    """Raises NotModified, with some headers of `answer`, and S3Error (PreconditionFailed). As RFC 9110, 13.2.2."""
    _match(stored, headers, "if-match", "if-unmodified-since")
    none_match, since = headers.get("if-none-match"), headers.get("if-modified-since")
    if none_match is not None:
        unchanged = _matches(none_match, stored.etag)
    else:
        time = _time(since) if since is not None else None
        unchanged = time is not None and _modified(stored) <= time
    if unchanged:
        raise NotModified({name: answer[name] for name in _OF_NOT_MODIFIED if name in answer})


def check_source(stored: Stored, headers: Mapping[str, str]) -> None:
    """The conditions of a copy on its source. Raises S3Error (PreconditionFailed)."""
    prefix = "x-amz-copy-source-if-"
    _match(stored, headers, f"{prefix}match", f"{prefix}unmodified-since")
    none_match, since = headers.get(f"{prefix}none-match"), headers.get(f"{prefix}modified-since")
    if none_match is not None:
        if _matches(none_match, stored.etag):
            raise _failed(f"{prefix}none-match")
    elif since is not None and (time := _time(since)) is not None and _modified(stored) <= time:
        raise _failed(f"{prefix}modified-since")


def replacing(headers: Mapping[str, str]) -> str | None:
    """What a put is to replace, as `Objects.put` takes it. Raises S3Error (NotImplemented)."""
    match, none_match = headers.get("if-match"), headers.get("if-none-match")
    if none_match is not None:
        if none_match.strip() != "*" or match is not None:
            raise S3Error("NotImplemented", "A put has If-None-Match: * or If-Match with one ETag.")
        return ""
    if match is not None and match.strip() == "*":
        raise S3Error("NotImplemented", "A put has If-None-Match: * or If-Match with one ETag.")
    return None if match is None else match.strip().strip('"')


def wanted_range(stored: Stored, headers: Mapping[str, str]) -> str | None:
    """The header Range, unless If-Range is of another state of the object."""
    state = headers.get("if-range")
    if state is None or _matches(state, stored.etag) or _time(state) == _modified(stored):
        return headers.get("range")
    return None


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The start and end (not included) of a Range of one part; None for no range, or one to be ignored.

    Raises S3Error (InvalidRange).
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or not (match[1] or match[2]):
        return None
    if match[1]:
        start, end = int(match[1]), min(int(match[2]) + 1, size) if match[2] else size
        if match[2] and int(match[2]) < start:
            return None
    else:
        start, end = max(size - int(match[2]), 0), size
    if start >= size or start >= end:
        raise S3Error(
            "InvalidRange",
            "The requested range is not satisfiable",
            RangeRequested=str(header)[:100],
            ActualObjectSize=str(size),
        )
    return start, end


def _match(stored: Stored, headers: Mapping[str, str], match: str, unmodified_since: str) -> None:
    wanted, until = headers.get(match), headers.get(unmodified_since)
    if wanted is not None:
        if not _matches(wanted, stored.etag):
            raise _failed(match)
    elif until is not None and (time := _time(until)) is not None and _modified(stored) > time:
        raise _failed(unmodified_since)


def _matches(header: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")]
    return "*" in tags or etag in tags


def _modified(stored: Stored) -> datetime:
    return datetime.fromtimestamp(stored.modified // 1000, UTC)


def _time(header: str) -> datetime | None:
    """A date of HTTP; None for one that cannot be read, which is to be ignored."""
    try:
        time = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _failed(condition: str) -> S3Error:
    return S3Error(
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        Condition=condition.title(),
    )
