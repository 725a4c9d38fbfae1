"""Buckets and objects at an S3 endpoint. Which account has a bucket, and its settings, are rows of ours.

A bucket that is at the endpoint and has no row belongs to the first account from when it is first asked for. Checksums
are kept where one request stores the whole object; uploads in parts have the endpoint's ETags only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

from sqlalchemy import select

from customlabels.settings import Settings
from customlabels.store.database import Database
from customlabels.store.objects import (
    CHUNK,
    Bucket,
    BucketExists,
    InvalidName,
    NoSuchBucket,
    ObjectTooLarge,
    Stored,
    StoreUnavailable,
)
from customlabels.store.objects.bucket_rows import BucketRows
from customlabels.store.objects.endpoint_client import make_client
from customlabels.store.objects.endpoint_faults import naming_faults
from customlabels.store.objects.endpoint_headers import checksums, listed, parameters, stored
from customlabels.store.objects.endpoint_uploads import EndpointUploads, condition, in_blocks
from customlabels.store.objects.names import check_bucket_name, encode_key
from customlabels.store.tables import facts

MAX_COPY_BYTES = 5 << 30
"""What S3 copies in one request."""

_AT_ONCE = 1000
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that the list of a DeleteObjects cannot have."""
_LAST = "\U0010ffff"


class EndpointObjects(EndpointUploads):
    """Implements `customlabels.store.objects.Objects` with the buckets of an S3 endpoint."""

    def __init__(self, settings: Settings, database: Database, hidden: Collection[str] = ()) -> None:
        """Nothing is asked of the endpoint yet. `hidden` buckets are there for nobody."""
        super().__init__(make_client(settings), settings.s3_endpoint, hidden)
        self._region = settings.s3_region
        self._database = database
        self._buckets = BucketRows(database)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def create_bucket(self, name: str, account: str) -> None:
        check_bucket_name(name)
        if name in self._hidden:
            raise InvalidName(f"The bucket name {name!r} is reserved. Choose another.")
        there = self._exists(name)
        if there:
            raise BucketExists(f"There is a bucket {name!r} already.", self.bucket(name).account)
        try:
            self._buckets.insert(name, account)
        except BucketExists as error:
            if error.account != account:
                raise
            # The row is left of a creation that was cut short, or of a bucket that somebody deleted at the endpoint.
        self._create(name)

    def make_bucket(self, name: str) -> None:
        """Make a bucket that has no row, if it is not there."""
        if not self._exists(name):
            with suppress(BucketExists):  # another process was quicker
                self._create(name)

    def bucket(self, name: str) -> Bucket:
        try:
            return self._buckets.find(name)
        except NoSuchBucket:
            if not self._exists(name):
                raise
        with suppress(BucketExists):  # another thread has just adopted it
            self._buckets.insert(name, self._first_account())
        return self._buckets.find(name)

    def buckets(self, account: str) -> list[Bucket]:
        with naming_faults(self._endpoint, "the list of buckets"):
            there = {bucket["Name"] for bucket in self._client.list_buckets()["Buckets"]} - set(self._hidden)
        if account == self._first_account():
            for name in there:
                self.bucket(name)
        return [bucket for bucket in self._buckets.of(account) if bucket.name in there]

    def configure_bucket(self, name: str, settings: Mapping[str, str | None]) -> None:
        self.bucket(name)
        self._buckets.configure(name, settings)

    def delete_bucket(self, name: str) -> None:
        with self._faults(name):
            self._client.delete_bucket(Bucket=name)
        self._buckets.delete(name)

    def put(
        self,
        bucket: str,
        key: str,
        content: bytes | Iterable[bytes],
        headers: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
        replacing: str | None = None,
    ) -> Stored:
        encode_key(key)
        blocks = in_blocks(content)
        first, second = next(blocks), next(blocks, None)
        if second is not None:
            return self._put_in_parts(bucket, key, chain([first, second], blocks), headers, metadata, replacing)
        given = {**parameters(headers, metadata), **checksums(headers), **condition(replacing)}
        with self._faults(bucket, key):
            self._client.put_object(Bucket=bucket, Key=key, Body=first, **given)
        return self.head(bucket, key)

    def open(self, bucket: str, key: str, start: int = 0, end: int | None = None) -> tuple[Stored, Iterator[bytes]]:
        found = self.head(bucket, key)
        end = found.size if end is None else min(end, found.size)
        if start >= end:
            return found, iter(())
        part = {} if (start, end) == (0, found.size) else {"Range": f"bytes={start}-{end - 1}"}
        with self._faults(bucket, key):
            answer = self._client.get_object(Bucket=bucket, Key=key, **part)
        return stored(key, answer), self._chunks(answer["Body"], f"{bucket}/{key}")

    def read(self, bucket: str, key: str, limit: int | None = None) -> bytes:
        with self._faults(bucket, key):
            answer = self._client.get_object(Bucket=bucket, Key=key)
            if limit is not None and answer["ContentLength"] > limit:
                answer["Body"].close()
                raise ObjectTooLarge(
                    f"The object {bucket}/{key} has {answer['ContentLength']:,} bytes; at most {limit:,} can be read."
                )
            return bytes(answer["Body"].read())

    def copy(
        self,
        source: tuple[str, str],
        bucket: str,
        key: str,
        headers: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Stored:
        encode_key(key)
        found = self.head(*source)
        headers = found.headers if headers is None else headers
        metadata = found.metadata if metadata is None else metadata
        if found.size > MAX_COPY_BYTES:
            return self.put(bucket, key, self.open(*source)[1], headers, metadata)
        with self._faults(bucket, key):
            self._client.copy_object(
                Bucket=bucket,
                Key=key,
                CopySource={"Bucket": source[0], "Key": source[1]},
                MetadataDirective="REPLACE",
                **parameters(headers, metadata),
                **({"TaggingDirective": "REPLACE"} if "x-amz-tagging" in headers else {}),
            )
        return self.head(bucket, key)

    def tags(self, bucket: str, key: str) -> dict[str, str]:
        with self._faults(bucket, key):
            answer = self._client.get_object_tagging(Bucket=bucket, Key=key)
        return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}

    def tag(self, bucket: str, key: str, tags: Mapping[str, str]) -> None:
        with self._faults(bucket, key):
            if tags:
                tag_set = [{"Key": name, "Value": value} for name, value in tags.items()]
                self._client.put_object_tagging(Bucket=bucket, Key=key, Tagging={"TagSet": tag_set})
            else:
                self._client.delete_object_tagging(Bucket=bucket, Key=key)

    def delete(self, bucket: str, keys: Sequence[str]) -> None:
        for key in filter(_NOT_XML.search, keys):
            with self._faults(bucket, key):
                self._client.delete_object(Bucket=bucket, Key=key)
        keys = [key for key in keys if not _NOT_XML.search(key)]
        for first in range(0, len(keys), _AT_ONCE):
            wanted = [{"Key": key} for key in keys[first : first + _AT_ONCE]]
            with self._faults(bucket):
                answer = self._client.delete_objects(Bucket=bucket, Delete={"Objects": wanted, "Quiet": True})
            for refused in answer.get("Errors", []):
                what = f"{bucket}/{refused['Key']}"
                raise StoreUnavailable(f"The S3 endpoint {self._endpoint} keeps {what}: {refused['Message']}")

    def list_objects(self, bucket: str, prefix: str = "", after: str = "", limit: int = 1000) -> list[Stored]:
        return [item for item in self._list(bucket, prefix, "", after, limit) if isinstance(item, Stored)]

    def list_folders(
        self, bucket: str, prefix: str, delimiter: str, after: str = "", limit: int = 1000
    ) -> list[Stored | str]:
        # Endpoints differ in whether a folder comes after itself.
        is_folder = after.startswith(prefix) and after.find(delimiter, len(prefix)) == len(after) - len(delimiter)
        return self._list(bucket, prefix, delimiter, after + _LAST if after and is_folder else after, limit)

    def _create(self, bucket: str) -> None:
        location = {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
        with self._faults(bucket):
            self._client.create_bucket(Bucket=bucket, **({} if self._region == "us-east-1" else location))

    def _list(self, bucket: str, prefix: str, delimiter: str, after: str, limit: int) -> list[Stored | str]:
        found: list[Stored | str] = []
        where: dict[str, Any] = {"StartAfter": after} if after else {}
        while len(found) < limit:
            with self._faults(bucket):
                page = self._client.list_objects_v2(
                    Bucket=bucket,
                    Prefix=prefix,
                    Delimiter=delimiter,
                    MaxKeys=min(limit - len(found), _AT_ONCE),
                    **where,
                )
            found += sorted(
                [*map(listed, page.get("Contents", [])), *(f["Prefix"] for f in page.get("CommonPrefixes", []))],
                key=lambda item: (item.key if isinstance(item, Stored) else item).encode(),
            )
            if not page["IsTruncated"]:
                break
            where = {"ContinuationToken": page["NextContinuationToken"]}
        return found

    def _chunks(self, body: Any, what: str) -> Iterator[bytes]:
        with naming_faults(self._endpoint, what):
            try:
                yield from body.iter_chunks(CHUNK)
            finally:
                body.close()

    def _first_account(self) -> str:
        with self._database.read() as connection:
            return str(connection.execute(select(facts.c.value).where(facts.c.name == "account")).scalar_one())
