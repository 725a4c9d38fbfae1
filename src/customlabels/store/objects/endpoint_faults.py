"""What the errors of an S3 endpoint mean to us."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from customlabels.store.objects import (
    BucketExists,
    BucketNotEmpty,
    InvalidName,
    InvalidPart,
    NoSuchBucket,
    NoSuchKey,
    NoSuchUpload,
    ObjectError,
    PartTooSmall,
    PreconditionFailed,
    StoreUnavailable,
)

_ERRORS: dict[str, type[ObjectError]] = {
    "NoSuchBucket": NoSuchBucket,
    "NoSuchKey": NoSuchKey,
    "NoSuchUpload": NoSuchUpload,
    "BucketNotEmpty": BucketNotEmpty,
    "InvalidBucketName": InvalidName,
    "KeyTooLongError": InvalidName,
    "InvalidPart": InvalidPart,
    "InvalidPartOrder": InvalidPart,
    "EntityTooSmall": PartTooSmall,
    "PreconditionFailed": PreconditionFailed,
    "412": PreconditionFailed,
    "404": NoSuchKey,
}


@contextmanager
def naming_faults(endpoint: str, what: str) -> Iterator[None]:
    """Errors of botocore as those of a store. `what` is the bucket, or bucket/key, that is asked for."""
    try:
        yield
    except ClientError as error:
        code, message = error_code(error), error.response["Error"].get("Message", "")
        if code in ("BucketAlreadyExists", "BucketAlreadyOwnedByYou"):
            raise BucketExists(f"There is a bucket {what!r} already.", "") from error
        if code in _ERRORS:
            raise _ERRORS[code](f"{what}: {message or code}") from error
        raise StoreUnavailable(
            f"The S3 endpoint {endpoint} refuses {error.operation_name} of {what}: {code} {message}".rstrip()
            + ". See CUSTOMLABELS_S3_ACCESS_KEY, _SECRET_KEY and _REGION, and the rights of that key."
        ) from error
    except (BotoCoreError, OSError) as error:
        raise StoreUnavailable(f"The S3 endpoint {endpoint} (CUSTOMLABELS_S3_ENDPOINT) fails: {error}") from error


def error_code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
