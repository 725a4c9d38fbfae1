"""Multipart uploads to an S3 endpoint, of clients and our own."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any

from customlabels.store.database import now
from customlabels.store.objects import NoSuchBucket, NoSuchKey, ObjectError, Part, Stored, Upload
from customlabels.store.objects.contents import chunks
from customlabels.store.objects.endpoint_faults import naming_faults
from customlabels.store.objects.endpoint_headers import milliseconds, parameters, stored
from customlabels.store.objects.names import encode_key, is_bucket_name
from customlabels.store.objects.upload_rows import check_order

PART_BYTES = 8 << 20
"""Of content that is stored in parts since its size is not known before. All of a part is in memory."""

_GROW_AFTER = 1000  # parts twice as large from here on, and again after as many: an upload has at most 10,000


class EndpointUploads:
    """The part of `customlabels.store.objects.Objects` for multipart uploads."""

    def __init__(self, client: Any, endpoint: str, hidden: Collection[str]) -> None:
        self._client = client
        self._endpoint = endpoint
        self._hidden = hidden

    def start_upload(
        self, bucket: str, key: str, headers: Mapping[str, str] | None = None, metadata: Mapping[str, str] | None = None
    ) -> str:
        encode_key(key)
        with self._faults(bucket, key):
            answer = self._client.create_multipart_upload(Bucket=bucket, Key=key, **parameters(headers, metadata))
        return str(answer["UploadId"])

    def upload(self, bucket: str, key: str, upload: str) -> Upload:
        """S3 does not tell the headers and metadata of an upload."""
        with self._faults(bucket, key):
            self._client.list_parts(Bucket=bucket, Key=key, UploadId=upload, MaxParts=1)
        return Upload(upload, key, 0)

    def put_part(
        self,
        bucket: str,
        key: str,
        upload: str,
        number: int,
        content: bytes | Iterable[bytes],
        headers: Mapping[str, str] | None = None,
    ) -> Part:
        self.upload(bucket, key, upload)
        # The endpoint wants to know the size first: what is large waits in a file.
        with tempfile.SpooledTemporaryFile(max_size=PART_BYTES) as file:
            for chunk in chunks(content):
                file.write(chunk)
            size = file.tell()
            file.seek(0)
            with self._faults(bucket, key):
                answer = self._client.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=file)
        return Part(number, size, answer["ETag"].strip('"'), now())

    def parts(self, bucket: str, key: str, upload: str, after: int = 0, limit: int = 1000) -> list[Part]:
        found: list[Part] = []
        while len(found) < limit:
            with self._faults(bucket, key):
                page = self._client.list_parts(
                    Bucket=bucket,
                    Key=key,
                    UploadId=upload,
                    PartNumberMarker=after,
                    MaxParts=min(limit - len(found), 1000),
                )
            found += [
                Part(part["PartNumber"], part["Size"], part["ETag"].strip('"'), milliseconds(part["LastModified"]))
                for part in page.get("Parts", [])
            ]
            if not page["IsTruncated"]:
                break
            after = int(page["NextPartNumberMarker"])
        return found

    def uploads(
        self, bucket: str, prefix: str = "", after: tuple[str, str] = ("", ""), limit: int = 1000
    ) -> list[Upload]:
        found: list[Upload] = []
        while len(found) < limit:
            where = {"KeyMarker": after[0], "UploadIdMarker": after[1]} if after[1] else {"KeyMarker": after[0]}
            with self._faults(bucket):
                page = self._client.list_multipart_uploads(
                    Bucket=bucket, Prefix=prefix, MaxUploads=min(limit - len(found), 1000), **where
                )
            found += [
                Upload(upload["UploadId"], upload["Key"], milliseconds(upload["Initiated"]))
                for upload in page.get("Uploads", [])
            ]
            if not page["IsTruncated"]:
                break
            after = (page["NextKeyMarker"], page["NextUploadIdMarker"])
        return found

    def complete_upload(
        self,
        bucket: str,
        key: str,
        upload: str,
        parts: Sequence[tuple[int, str]],
        headers: Mapping[str, str] | None = None,
        replacing: str | None = None,
    ) -> Stored:
        """`headers` is not used: the endpoint keeps those that the upload began with."""
        chosen = [{"PartNumber": number, "ETag": f'"{etag}"'} for number, etag in parts]
        check_order(parts)
        with self._faults(bucket, key):
            self._client.complete_multipart_upload(
                Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": chosen}, **condition(replacing)
            )
        return self.head(bucket, key)

    def abort_upload(self, bucket: str, key: str, upload: str) -> None:
        with self._faults(bucket, key):
            self._client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)

    def head(self, bucket: str, key: str) -> Stored:
        try:
            with self._faults(bucket, key):
                return stored(key, self._client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED"))
        except NoSuchKey:
            self._require(bucket)  # the answer to HEAD does not tell which of the two is missing
            raise

    def _put_in_parts(
        self,
        bucket: str,
        key: str,
        blocks: Iterable[bytes],
        headers: Mapping[str, str] | None,
        metadata: Mapping[str, str] | None,
        replacing: str | None,
    ) -> Stored:
        upload = self.start_upload(bucket, key, headers, metadata)
        try:
            parts = [
                (number, self.put_part(bucket, key, upload, number, block).etag)
                for number, block in enumerate(blocks, start=1)
            ]
            return self.complete_upload(bucket, key, upload, parts, replacing=replacing)
        except BaseException:
            with suppress(ObjectError):
                self.abort_upload(bucket, key, upload)
            raise

    def _exists(self, bucket: str) -> bool:
        if not is_bucket_name(bucket) or bucket in self._hidden:
            return False
        try:
            with self._faults(bucket):
                self._client.head_bucket(Bucket=bucket)
        except NoSuchKey:
            return False
        return True

    def _require(self, bucket: str) -> None:
        if not self._exists(bucket):
            raise NoSuchBucket(f"There is no bucket {bucket!r}.")

    def _faults(self, bucket: str, key: str | None = None) -> AbstractContextManager[None]:
        """Around each request for a bucket. Raises NoSuchBucket for what boto3 would take for the name of a host."""
        if not is_bucket_name(bucket) or bucket in self._hidden:
            raise NoSuchBucket(f"There is no bucket {bucket!r}.")
        return naming_faults(self._endpoint, bucket if key is None else f"{bucket}/{key}")


def condition(replacing: str | None) -> dict[str, str]:
    """Parameters of PutObject and CompleteMultipartUpload for what the object is to replace."""
    if replacing is None:
        return {}
    return {"IfMatch": f'"{replacing}"'} if replacing else {"IfNoneMatch": "*"}


def in_blocks(content: bytes | Iterable[bytes]) -> Iterator[bytes]:
    """Content in blocks of PART_BYTES, larger ones later on. There is at least one, which may be empty."""
    block, size, count = bytearray(), PART_BYTES, 0
    for chunk in chunks(content):
        block += chunk
        while len(block) >= size:
            yield bytes(block[:size])
            del block[:size]
            count += 1
            if count % _GROW_AFTER == 0:
                size *= 2
    if block or not count:
        yield bytes(block)
