"""S3's errors: their codes, their HTTP codes, and which of them an error of the store is."""

from __future__ import annotations

from customlabels.store import objects

STATUS = {
    "AccessDenied": 403,
    "AuthorizationHeaderMalformed": 400,
    "BadDigest": 400,
    "BucketAlreadyExists": 409,
    "BucketAlreadyOwnedByYou": 409,
    "BucketNotEmpty": 409,
    "EntityTooLarge": 400,
    "EntityTooSmall": 400,
    "ExpiredToken": 400,
    "IllegalLocationConstraintException": 400,
    "IncompleteBody": 400,
    "InternalError": 500,
    "InvalidAccessKeyId": 403,
    "InvalidArgument": 400,
    "InvalidBucketName": 400,
    "InvalidDigest": 400,
    "InvalidPart": 400,
    "InvalidPartOrder": 400,
    "InvalidRange": 416,
    "InvalidRequest": 400,
    "InvalidTag": 400,
    "InvalidToken": 400,
    "InvalidURI": 400,
    "KeyTooLongError": 400,
    "MalformedPolicy": 400,
    "MalformedTrailerError": 400,
    "MalformedXML": 400,
    "MetadataTooLarge": 400,
    "MethodNotAllowed": 405,
    "MissingContentLength": 411,
    "NoSuchBucket": 404,
    "NoSuchKey": 404,
    "NoSuchUpload": 404,
    "NotImplemented": 501,
    "PreconditionFailed": 412,
    "RequestTimeTooSkewed": 403,
    "RequestTimeout": 400,
    "ServiceUnavailable": 503,
    "SignatureDoesNotMatch": 403,
    "SlowDown": 503,
    "XAmzContentChecksumMismatch": 400,
    "XAmzContentSHA256Mismatch": 400,
}
"""HTTP codes; those that say that a setting of a bucket is not there have 404."""


class S3Error(Exception):
    """An answer that is an error. `details` are further elements of it."""

    def __init__(self, code: str, message: str, **details: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details

    @property
    def status(self) -> int:
        return STATUS.get(self.code) or (404 if _says_absent(self.code) else 500)


def _says_absent(code: str) -> bool:
    return code.startswith("NoSuch") or code.endswith("NotFoundError")


class NotModified(Exception):
    """The client has the object already: 304, with these headers and no body."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__("Not Modified")
        self.headers = headers


def of_store(error: objects.ObjectError, bucket: str, key: str) -> S3Error:
    """What a client is told of an error of the store."""
    match error:
        case objects.NoSuchBucket():
            return S3Error("NoSuchBucket", "The specified bucket does not exist", BucketName=bucket)
        case objects.NoSuchKey():
            return S3Error("NoSuchKey", "The specified key does not exist.", Key=key)
        case objects.NoSuchUpload():
            return S3Error(
                "NoSuchUpload",
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
                "aborted or completed.",
            )
        case objects.BucketNotEmpty():
            return S3Error("BucketNotEmpty", str(error), BucketName=bucket)
        case objects.InvalidPart():
            return S3Error("InvalidPart", str(error))
        case objects.PartTooSmall():
            return S3Error("EntityTooSmall", str(error))
        case objects.PreconditionFailed():
            return S3Error("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        case objects.InvalidName() if key:
            return S3Error("KeyTooLongError", str(error))
        case objects.InvalidName():
            return S3Error("InvalidBucketName", str(error), BucketName=bucket)
        case _:
            return S3Error("ServiceUnavailable", str(error))


def not_allowed(method: str) -> S3Error:
    return S3Error("MethodNotAllowed", "The specified method is not allowed against this resource.", Method=method)
