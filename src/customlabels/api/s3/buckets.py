"""Buckets: make, look at, remove."""

from __future__ import annotations

from customlabels.api.s3.call import NO_CONTENT, Answer, Call, arn
from customlabels.api.s3.errors import S3Error
from customlabels.api.s3.xml import MAX_BYTES, parse
from customlabels.store.objects import BucketExists

_CLASSIC = "us-east-1"


def create_bucket(call: Call) -> Answer:
    """As in AWS, us-east-1 lets an owner create a bucket again."""
    call.allow("s3:CreateBucket", arn(call.bucket))
    region = call.service.region
    location = _location(call)
    if location not in ("", region):
        raise S3Error(
            "IllegalLocationConstraintException",
            f"The {location} location constraint is incompatible for the region specific endpoint this request was "
            f"sent to: this server is {region} (CUSTOMLABELS_REGION).",
        )
    if call.headers.get("x-amz-bucket-object-lock-enabled", "").lower() == "true":
        raise S3Error("NotImplemented", "Object Lock is not supported here: objects could be deleted all the same.")
    try:
        call.objects.create_bucket(call.bucket, call.caller.account)
    except BucketExists as error:
        if error.account != call.caller.account:
            raise S3Error(
                "BucketAlreadyExists",
                "The requested bucket name is not available. The bucket namespace is shared by all users of the "
                "system. Please select a different name and try again.",
                BucketName=call.bucket,
            ) from error
        if region != _CLASSIC:
            raise S3Error(
                "BucketAlreadyOwnedByYou",
                "Your previous request to create the named bucket succeeded and you already own it.",
                BucketName=call.bucket,
            ) from error
    return Answer(headers={"location": f"/{call.bucket}"})


def head_bucket(call: Call) -> Answer:
    call.require("s3:ListBucket")
    region = call.service.region
    headers = {"x-amz-bucket-region": region, "x-amz-bucket-arn": arn(call.bucket), "x-amz-access-point-alias": "false"}
    return Answer(headers={**headers, "content-type": "application/xml"})


def delete_bucket(call: Call) -> Answer:
    call.require("s3:DeleteBucket")
    call.objects.delete_bucket(call.bucket)
    return NO_CONTENT


def get_bucket_location(call: Call) -> Answer:
    call.require("s3:GetBucketLocation")
    region = call.service.region
    return Answer.xml("LocationConstraint", "" if region == _CLASSIC else region)


def _location(call: Call) -> str:
    body = call.body.read(MAX_BYTES)
    if not body.strip():
        return ""
    return parse(body, "CreateBucketConfiguration").find("LocationConstraint") or ""
