"""Buckets and objects: what every store of them can do. Keys are text; they are ordered by their UTF-8 bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

CHUNK = 1 << 20
"""Bytes that are in memory at a time when an object streams."""

MAX_KEY_BYTES = 1024


class ObjectError(Exception):
    """What a store refuses. The text names the bucket or key."""


class NoSuchBucket(ObjectError): ...


class NoSuchKey(ObjectError): ...


class NoSuchUpload(ObjectError): ...


class BucketExists(ObjectError):
    """There is a bucket of that name; `account` has it."""

    def __init__(self, message: str, account: str) -> None:
        super().__init__(message)
        self.account = account


class BucketNotEmpty(ObjectError): ...


class InvalidName(ObjectError):
    """No bucket or key can have this name."""


class InvalidPart(ObjectError):
    """A multipart upload is completed with a part that was not uploaded, that has another ETag, or out of order."""


class PartTooSmall(ObjectError): ...


class PreconditionFailed(ObjectError):
    """The object that a put was to replace, or to be the first of its key, is another."""


class ObjectTooLarge(ObjectError):
    """An object that is read at once has more bytes than the reader can use."""


class StoreUnavailable(ObjectError):
    """The store cannot be reached, or refuses us: full disk, wrong credentials, no network."""


@dataclass(frozen=True)
class Bucket:
    """`settings`: policy, cors, versioning, tagging, acl..., as clients gave them."""

    name: str
    account: str
    created: int
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stored:
    """An object without its content. `etag` has no quotes; `modified` is in milliseconds since 1970."""

    key: str
    size: int
    etag: str
    modified: int
    headers: Mapping[str, str] = field(default_factory=dict)
    """Content-Type, Content-Encoding, Cache-Control..., x-amz-checksum-*; names in lower case."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Without `x-amz-meta-`, names in lower case."""


@dataclass(frozen=True)
class Part:
    """An uploaded part of a multipart upload."""

    number: int
    size: int
    etag: str
    modified: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Upload:
    """A multipart upload that is neither completed nor aborted. Headers and metadata are those of the object to be."""

    id: str
    key: str
    created: int
    headers: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)


class Objects(Protocol):
    """A store of objects. Every method may raise StoreUnavailable; those with a bucket NoSuchBucket, too.

    A put is atomic and durable: when it returns, the object is whole, and stays; before, there is nothing of it. Any
    number of threads and processes may use stores of the same place at once.
    """

    def create_bucket(self, name: str, account: str) -> None:
        """Raises BucketExists, InvalidName."""

    def bucket(self, name: str) -> Bucket: ...

    def buckets(self, account: str) -> list[Bucket]:
        """The buckets of an account, by name."""

    def configure_bucket(self, name: str, settings: Mapping[str, str | None]) -> None:
        """Keep these settings of a bucket; None removes one."""

    def delete_bucket(self, name: str) -> None:
        """Raises BucketNotEmpty."""

    def put(
        self,
        bucket: str,
        key: str,
        content: bytes | Iterable[bytes],
        headers: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
        replacing: str | None = None,
    ) -> Stored:
        """Store an object, in place of one that has its key. An exception of `content` leaves all as it was.

        `headers` is read after the end of `content`, which may complete it (with a checksum). `replacing` is the ETag
        that the object in its place must have, "" where there must be none. Raises InvalidName, PreconditionFailed.
        """

    def head(self, bucket: str, key: str) -> Stored:
        """Raises NoSuchKey."""

    def open(self, bucket: str, key: str, start: int = 0, end: int | None = None) -> tuple[Stored, Iterator[bytes]]:
        """An object and the chunks of its bytes start..end (end not included). Raises NoSuchKey.

        The object stays readable to its end where another takes its place meanwhile.
        """

    def read(self, bucket: str, key: str, limit: int | None = None) -> bytes:
        """The bytes of an object. Raises NoSuchKey, and ObjectTooLarge where it has more than `limit`."""

    def copy(
        self,
        source: tuple[str, str],
        bucket: str,
        key: str,
        headers: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Stored:
        """Copy an object; headers and metadata are the source's unless given. Raises NoSuchKey, InvalidName.

        An object that is copied to itself keeps its ETag.
        """

    def tags(self, bucket: str, key: str) -> dict[str, str]:
        """The tags of an object. Raises NoSuchKey."""

    def tag(self, bucket: str, key: str, tags: Mapping[str, str]) -> None:
        """Give an object these tags and no other. Raises NoSuchKey."""

    def delete(self, bucket: str, keys: Sequence[str]) -> None:
        """Remove objects; those that do not exist are no error."""

    def list_objects(self, bucket: str, prefix: str = "", after: str = "", limit: int = 1000) -> list[Stored]:
        """Up to `limit` objects whose keys begin with `prefix` and come after `after`, in order."""

    def list_folders(
        self, bucket: str, prefix: str, delimiter: str, after: str = "", limit: int = 1000
    ) -> list[Stored | str]:
        """As `list_objects`, with the keys that agree up to a delimiter after the prefix as one text, their prefix.

        None of such keys is listed where `after` is their prefix.
        """

    def start_upload(
        self, bucket: str, key: str, headers: Mapping[str, str] | None = None, metadata: Mapping[str, str] | None = None
    ) -> str:
        """Begin a multipart upload and return its id. Raises InvalidName."""

    def upload(self, bucket: str, key: str, upload: str) -> Upload:
        """Raises NoSuchUpload."""

    def put_part(
        self,
        bucket: str,
        key: str,
        upload: str,
        number: int,
        content: bytes | Iterable[bytes],
        headers: Mapping[str, str] | None = None,
    ) -> Part:
        """Upload a part, in place of one of its number. `headers` is read as by `put`. Raises NoSuchUpload."""

    def parts(self, bucket: str, key: str, upload: str, after: int = 0, limit: int = 1000) -> list[Part]:
        """Up to `limit` parts with numbers above `after`, in order. Raises NoSuchUpload."""

    def uploads(
        self, bucket: str, prefix: str = "", after: tuple[str, str] = ("", ""), limit: int = 1000
    ) -> list[Upload]:
        """Up to `limit` uploads after (key, id), by key and id; after all uploads of the key where the id is empty."""

    def complete_upload(
        self,
        bucket: str,
        key: str,
        upload: str,
        parts: Sequence[tuple[int, str]],
        headers: Mapping[str, str] | None = None,
        replacing: str | None = None,
    ) -> Stored:
        """Make the object of the parts (number, etag), with further `headers`. `replacing` is as in `put`.

        Raises NoSuchUpload, InvalidPart, PartTooSmall, PreconditionFailed.
        """

    def abort_upload(self, bucket: str, key: str, upload: str) -> None:
        """Raises NoSuchUpload."""
