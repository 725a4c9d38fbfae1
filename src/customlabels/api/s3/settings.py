"""What buckets can be told beside their objects: policy, CORS, versioning and the like.

It is checked for its form, kept as it was given, and given back. That is all it does: rights are those of users'
policies, and every object has one version.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from customlabels.api.s3.call import NO_CONTENT, Answer, Call
from customlabels.api.s3.errors import S3Error, not_allowed
from customlabels.api.s3.listing import owner
from customlabels.api.s3.object_headers import check_tags
from customlabels.api.s3.xml import Element, Node, document, parse

MAX_BYTES = 256 << 10
"""Of a setting. S3 has a limit for each; the largest are lifecycle rules."""

_MAX_POLICY_BYTES = 20 << 10
_MAX_BUCKET_TAGS = 50


@dataclass(frozen=True)
class Setting:
    """A sub-resource of buckets. `unset` is the (code, message) of the error where there is none, or the answer."""

    name: str
    root: str
    unset: tuple[str, str] | bytes
    get: str
    """The action of policies to read it; that to change it has Put in place of Get."""
    deletable: bool = True

    @property
    def title(self) -> str:
        """As in the names of operations: GetBucketCors."""
        return "".join(word[0].upper() + word[1:] for word in self.name.split("-"))


def _empty(root: str) -> bytes:
    return document(root, [])


_ACL = 'Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"'

SETTINGS = {
    setting.name: setting
    for setting in [
        Setting(
            "accelerate", "AccelerateConfiguration", _empty("AccelerateConfiguration"), "AccelerateConfiguration", False
        ),
        Setting(
            "cors",
            "CORSConfiguration",
            ("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
            "BucketCORS",
        ),
        Setting(
            "encryption",
            "ServerSideEncryptionConfiguration",
            (
                "ServerSideEncryptionConfigurationNotFoundError",
                "The server side encryption configuration was not found",
            ),
            "EncryptionConfiguration",
        ),
        Setting(
            "lifecycle",
            "LifecycleConfiguration",
            ("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
            "LifecycleConfiguration",
        ),
        Setting("logging", "BucketLoggingStatus", _empty("BucketLoggingStatus"), "BucketLogging", False),
        Setting(
            "notification",
            "NotificationConfiguration",
            _empty("NotificationConfiguration"),
            "BucketNotification",
            False,
        ),
        Setting(
            "object-lock",
            "ObjectLockConfiguration",
            (
                "ObjectLockConfigurationNotFoundError",
                "Object Lock configuration does not exist for this bucket",
            ),
            "BucketObjectLockConfiguration",
            False,
        ),
        Setting(
            "ownershipControls",
            "OwnershipControls",
            ("OwnershipControlsNotFoundError", "The bucket ownership controls were not found"),
            "BucketOwnershipControls",
        ),
        Setting(
            "publicAccessBlock",
            "PublicAccessBlockConfiguration",
            (
                "NoSuchPublicAccessBlockConfiguration",
                "The public access block configuration was not found",
            ),
            "BucketPublicAccessBlock",
        ),
        Setting(
            "replication",
            "ReplicationConfiguration",
            ("ReplicationConfigurationNotFoundError", "The replication configuration was not found"),
            "ReplicationConfiguration",
        ),
        Setting(
            "requestPayment",
            "RequestPaymentConfiguration",
            document("RequestPaymentConfiguration", [("Payer", "BucketOwner")]),
            "BucketRequestPayment",
            False,
        ),
        Setting("tagging", "Tagging", ("NoSuchTagSet", "The TagSet does not exist"), "BucketTagging"),
        Setting("versioning", "VersioningConfiguration", _empty("VersioningConfiguration"), "BucketVersioning", False),
        Setting(
            "website",
            "WebsiteConfiguration",
            ("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"),
            "BucketWebsite",
        ),
    ]
}


def setting(name: str) -> Callable[[Call], Answer]:
    """The operation on a sub-resource: get, put or delete it."""
    kind = SETTINGS[name]

    def operate(call: Call) -> Answer:
        match call.method:
            case "GET":
                bucket = call.require(f"s3:Get{kind.get}")
                return _answer(bucket.settings.get(name), kind.unset, "application/xml")
            case "PUT":
                call.require(f"s3:Put{kind.get}")
                body = call.body.read(MAX_BYTES)
                _check(name, parse(body, kind.root))
                call.objects.configure_bucket(call.bucket, {name: _text(body)})
                return Answer()
            case "DELETE" if kind.deletable:
                call.require(f"s3:Put{kind.get}")
                call.objects.configure_bucket(call.bucket, {name: None})
                return NO_CONTENT
            case _:
                raise not_allowed(call.method)

    return operate


def policy(call: Call) -> Answer:
    match call.method:
        case "GET":
            bucket = call.require("s3:GetBucketPolicy")
            unset = ("NoSuchBucketPolicy", "The bucket policy does not exist")
            return _answer(bucket.settings.get("policy"), unset, "application/json")
        case "PUT":
            call.require("s3:PutBucketPolicy")
            body = call.body.read(_MAX_POLICY_BYTES)
            _check_policy(body)
            call.objects.configure_bucket(call.bucket, {"policy": _text(body)})
            return NO_CONTENT
        case "DELETE":
            call.require("s3:DeleteBucketPolicy")
            call.objects.configure_bucket(call.bucket, {"policy": None})
            return NO_CONTENT
        case _:
            raise not_allowed(call.method)


def policy_status(call: Call) -> Answer:
    """No bucket is public, whatever its policy says."""
    bucket = call.require("s3:GetBucketPolicyStatus")
    if "policy" not in bucket.settings:
        raise S3Error("NoSuchBucketPolicy", "The bucket policy does not exist")
    return Answer.xml("PolicyStatus", [("IsPublic", "false")])


def acl(call: Call) -> Answer:
    """Of a bucket. An owner has all rights, nobody else has any; what a client puts is kept and given back."""
    if call.method == "GET":
        bucket = call.require("s3:GetBucketAcl")
        return _answer(bucket.settings.get("acl"), owner_acl(call), "application/xml")
    call.require("s3:PutBucketAcl")
    body = call.body.read(MAX_BYTES)
    if body.strip():
        parse(body, "AccessControlPolicy")
        call.objects.configure_bucket(call.bucket, {"acl": _text(body)})
    return Answer()


def object_acl(call: Call) -> Answer:
    """Of an object: always its owner's."""
    action = "s3:GetObjectAcl" if call.method == "GET" else "s3:PutObjectAcl"
    call.require(action)
    call.objects.head(call.bucket, call.key)
    if call.method == "GET":
        return Answer(owner_acl(call), {"content-type": "application/xml"})
    body = call.body.read(MAX_BYTES)
    if body.strip():
        parse(body, "AccessControlPolicy")
    return Answer()


def owner_acl(call: Call) -> bytes:
    """Full control for the owner."""
    named = owner(call.caller.account)
    grant: list[Element] = [(_ACL, named), ("Permission", "FULL_CONTROL")]
    return document("AccessControlPolicy", [("Owner", named), ("AccessControlList", [("Grant", grant)])])


def tag_pairs(tagging: Node) -> list[tuple[str, str]]:
    """The tags of a document. Raises S3Error."""
    sets = tagging.all("TagSet")
    if len(sets) != 1:
        raise S3Error("MalformedXML", "The XML you provided was not well-formed: Tagging has one TagSet.")
    pairs = [(tag.find("Key"), tag.find("Value")) for tag in sets[0].all("Tag")]
    if any(key is None or value is None for key, value in pairs):
        raise S3Error("MalformedXML", "The XML you provided was not well-formed: a Tag has a Key and a Value.")
    return [(key or "", value or "") for key, value in pairs]


def _answer(kept: str | None, unset: tuple[str, str] | bytes, content_type: str) -> Answer:
    if kept is not None:
        return Answer(kept.encode(), {"content-type": content_type})
    if isinstance(unset, bytes):
        return Answer(unset, {"content-type": content_type})
    raise S3Error(*unset)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise S3Error("InvalidRequest", "The body must be UTF-8.") from error


def _check(name: str, document: Node) -> None:
    match name:
        case "tagging":
            check_tags(tag_pairs(document), _MAX_BUCKET_TAGS)
        case "versioning" if document.find("Status") not in ("Enabled", "Suspended"):
            raise S3Error("MalformedXML", "The XML you provided was not well-formed: Status is Enabled or Suspended.")
        case "object-lock":
            raise S3Error("NotImplemented", "Object Lock is not supported here: objects could be deleted all the same.")


def _check_policy(text: bytes) -> None:
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise S3Error("MalformedPolicy", "This policy contains invalid Json") from error
    if not isinstance(policy, dict) or not policy.get("Statement"):
        raise S3Error("MalformedPolicy", "Missing required field Statement")
