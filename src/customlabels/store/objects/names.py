"""Names of buckets and keys, and where the file of a key has its place below the bucket's folder.

An ordinary key is a relative path that every file system can hold, and its file has that path. Any other key has its
file in the reserved folder, under the key's hash.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

from customlabels.store.objects import MAX_KEY_BYTES, InvalidName

RESERVED = ".customlabels"
"""Folder in a bucket's folder for all that is no ordinary file. It is itself no bucket's name."""

RESERVED_BUCKETS = frozenset({"console", "health", "metrics"})
"""First segments of paths that the server answers itself."""

_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
_OLD_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,254}")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_BUCKET_STARTS = ("xn--", "sthree-")
_BUCKET_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")

_SEGMENT_BYTES = 255
_PLACE_BYTES = 2000  # PostgreSQL's index entries have at most 2,704 bytes
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


def check_bucket_name(name: str) -> None:
    """Raises InvalidName where S3 would not make a bucket of this name, or the server has another use for it."""
    if not _BUCKET.fullmatch(name) or _ADDRESS.fullmatch(name):
        raise InvalidName(
            f"The bucket name {name!r} is not valid: 3 to 63 lower-case letters, digits, dots and hyphens, with a "
            "letter or digit at both ends, no two dots in a row, no IP address."
        )
    if name.startswith(_BUCKET_STARTS) or name.endswith(_BUCKET_ENDS) or name in RESERVED_BUCKETS:
        raise InvalidName(f"The bucket name {name!r} is reserved. Choose another.")


def is_bucket_name(name: str) -> bool:
    """Whether some bucket, perhaps an old one, may have this name. ARNs and the like are none."""
    return _OLD_BUCKET.fullmatch(name) is not None


def encode_key(key: str) -> bytes:
    """A key as it is stored and ordered. Raises InvalidName where it is empty, too long or no text."""
    try:
        encoded = key.encode()
    except UnicodeEncodeError as error:
        raise InvalidName(f"The key {key!r} is not Unicode text.") from error
    if not 1 <= len(encoded) <= MAX_KEY_BYTES:
        raise InvalidName(f"A key has 1 to {MAX_KEY_BYTES:,} bytes in UTF-8; this one has {len(encoded):,}.")
    return encoded


def ordinary_place(key: str) -> str | None:
    """The place of an ordinary key: its path as a file system that ignores case sees it. None for other keys."""
    place = folded(key)
    first = place.partition("/")[0]
    if first == RESERVED or len(place.encode()) > _PLACE_BYTES or not all(map(_is_file_name, key.split("/"))):
        return None
    return place


def hashed_place(key: bytes) -> str:
    """The place of a key that has no ordinary one."""
    digest = hashlib.sha256(key).hexdigest()
    return f"{RESERVED}/keys/{digest[:2]}/{digest}"


def is_hashed(place: str) -> bool:
    return place.startswith(f"{RESERVED}/")


def folders_of(place: str) -> list[str]:
    """The folders above a place: a, a/b of a/b/c."""
    parts = place.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def folded(text: str) -> str:
    """One form for all texts that some file system takes for the same: regardless of case and of composition."""
    # Unicode's canonical caseless matching (D145): folding can undo a decomposition, hence twice.
    once = unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFC", once.casefold())


def _is_file_name(segment: str) -> bool:
    """Whether Linux, macOS and Windows can all hold a file of this name."""
    return (
        segment not in ("", ".", "..")
        and len(segment.encode()) <= _SEGMENT_BYTES
        and not segment.endswith((".", " "))
        and not _UNSAFE.search(segment)
        and not _DEVICES.fullmatch(segment)
    )
