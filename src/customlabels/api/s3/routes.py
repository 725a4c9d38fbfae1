"""Which operation a request asks for: by its method, what it is about, and its sub-resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from customlabels.api.s3 import buckets, copying, listing, objects, settings, tagging, uploads
from customlabels.api.s3.call import Address, Answer, Call
from customlabels.api.s3.errors import S3Error, not_allowed

Operate = Callable[[Call], Answer]


@dataclass(frozen=True)
class Operation:
    """One of S3's operations, by its name there."""

    name: str
    run: Operate


_BUCKET = {
    ("GET", ""): Operation("ListObjects", listing.list_objects),
    ("GET", "list-type"): Operation("ListObjectsV2", listing.list_objects_v2),
    ("GET", "versions"): Operation("ListObjectVersions", listing.list_object_versions),
    ("GET", "location"): Operation("GetBucketLocation", buckets.get_bucket_location),
    ("GET", "uploads"): Operation("ListMultipartUploads", uploads.list_multipart_uploads),
    ("GET", "policyStatus"): Operation("GetBucketPolicyStatus", settings.policy_status),
    ("GET", "policy"): Operation("GetBucketPolicy", settings.policy),
    ("PUT", "policy"): Operation("PutBucketPolicy", settings.policy),
    ("DELETE", "policy"): Operation("DeleteBucketPolicy", settings.policy),
    ("GET", "acl"): Operation("GetBucketAcl", settings.acl),
    ("PUT", "acl"): Operation("PutBucketAcl", settings.acl),
    ("HEAD", ""): Operation("HeadBucket", buckets.head_bucket),
    ("PUT", ""): Operation("CreateBucket", buckets.create_bucket),
    ("DELETE", ""): Operation("DeleteBucket", buckets.delete_bucket),
    ("POST", "delete"): Operation("DeleteObjects", objects.delete_objects),
} | {
    (method, name): Operation(f"{verb}Bucket{kind.title}", settings.setting(name))
    for name, kind in settings.SETTINGS.items()
    for method, verb in (("GET", "Get"), ("PUT", "Put"), ("DELETE", "Delete"))
}

_OBJECT = {
    ("GET", ""): Operation("GetObject", objects.get_object),
    ("HEAD", ""): Operation("HeadObject", objects.head_object),
    ("PUT", ""): Operation("PutObject", objects.put_object),
    ("DELETE", ""): Operation("DeleteObject", objects.delete_object),
    ("GET", "attributes"): Operation("GetObjectAttributes", objects.get_object_attributes),
    ("GET", "tagging"): Operation("GetObjectTagging", tagging.get_object_tagging),
    ("PUT", "tagging"): Operation("PutObjectTagging", tagging.put_object_tagging),
    ("DELETE", "tagging"): Operation("DeleteObjectTagging", tagging.delete_object_tagging),
    ("GET", "acl"): Operation("GetObjectAcl", settings.object_acl),
    ("PUT", "acl"): Operation("PutObjectAcl", settings.object_acl),
    ("POST", "uploads"): Operation("CreateMultipartUpload", uploads.create_multipart_upload),
    ("PUT", "uploadId"): Operation("UploadPart", uploads.upload_part),
    ("GET", "uploadId"): Operation("ListParts", uploads.list_parts),
    ("POST", "uploadId"): Operation("CompleteMultipartUpload", uploads.complete_multipart_upload),
    ("DELETE", "uploadId"): Operation("AbortMultipartUpload", uploads.abort_multipart_upload),
}

_COPY = Operation("CopyObject", copying.copy_object)
_COPY_PART = Operation("UploadPartCopy", uploads.upload_part)
_LIST_BUCKETS = Operation("ListBuckets", listing.list_buckets)

_UNSUPPORTED_OF_BUCKETS = {"analytics", "intelligent-tiering", "inventory", "metadataTable", "metrics", "session"}
_UNSUPPORTED_OF_OBJECTS = {"append", "legal-hold", "restore", "retention", "select", "torrent"}


def operation(method: str, address: Address, headers: Mapping[str, str]) -> Operation:
    """Raises S3Error: MethodNotAllowed, NotImplemented."""
    if not address.bucket:
        if method == "GET":
            return _LIST_BUCKETS
        raise not_allowed(method)
    table = _OBJECT if address.key else _BUCKET
    unsupported = _UNSUPPORTED_OF_OBJECTS if address.key else _UNSUPPORTED_OF_BUCKETS
    for name in unsupported & address.query.keys():
        raise S3Error("NotImplemented", f"The sub-resource {name!r} is not supported here.")
    sub = next((sub for _, sub in table if sub and sub in address.query), "")
    found = table.get((method, sub))
    if found is None:
        if method == "POST":
            raise S3Error(
                "NotImplemented", "A header or query you provided implies functionality that is not implemented."
            )
        raise not_allowed(method)
    if copying.SOURCE in headers:
        return {"PutObject": _COPY, "UploadPart": _COPY_PART}.get(found.name, found)
    return found
