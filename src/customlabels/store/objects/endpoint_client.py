"""The client of an S3 endpoint."""

from __future__ import annotations

from typing import Any

from customlabels.settings import Settings

_CONNECT_SECONDS = 5
_READ_SECONDS = 15
_ATTEMPTS = 3  # all of them end before a client that waits for us gives up, which SDKs do after a minute
_CONNECTIONS = 50


def make_client(settings: Settings) -> Any:
    """A boto3 client for the endpoint of the settings: path style, a few retries. Safe for threads.

    Where the settings name no key, boto3 looks for one as it always does.
    """
    import boto3
    from botocore.config import Config

    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
        max_pool_connections=_CONNECTIONS,
        request_checksum_calculation="when_required",  # many endpoints know no other checksum than Content-MD5
        response_checksum_validation="when_required",
    )
    session = boto3.session.Session(
        aws_access_key_id=settings.s3_access_key or None,
        aws_secret_access_key=settings.s3_secret_key or None,
        region_name=settings.s3_region,
    )
    return session.client("s3", endpoint_url=settings.s3_endpoint, config=config)
