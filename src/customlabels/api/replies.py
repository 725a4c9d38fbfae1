"""Errors as answers, in the shape and with the names of each of AWS's protocols."""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from customlabels.api import protocol, sts
from customlabels.api.errors import (
    ExpiredTokenException,
    IncompleteSignature,
    InvalidSignatureException,
    InvalidTokenException,
    MissingAuthenticationTokenException,
    MissingHashException,
    RequestTimeTooSkewed,
    UnrecognizedClientException,
    WrongRegionException,
)
from customlabels.service.errors import InternalServerError, ServiceError, ThrottlingException

_JSON: Mapping[type[ServiceError], str] = {IncompleteSignature: "IncompleteSignatureException"}

_QUERY: Mapping[type[ServiceError], str] = {
    ExpiredTokenException: "ExpiredToken",
    IncompleteSignature: "IncompleteSignature",
    InvalidSignatureException: "SignatureDoesNotMatch",
    MissingAuthenticationTokenException: "MissingAuthenticationToken",
    UnrecognizedClientException: "InvalidClientTokenId",
}

_FORBIDDEN = (
    ExpiredTokenException,
    InvalidSignatureException,
    MissingAuthenticationTokenException,
    UnrecognizedClientException,
)
"""Errors that have 403 in the query protocol."""

_S3: Mapping[type[ServiceError], str] = {
    ExpiredTokenException: "AccessDenied",
    IncompleteSignature: "AuthorizationHeaderMalformed",
    InternalServerError: "InternalError",
    InvalidSignatureException: "SignatureDoesNotMatch",
    InvalidTokenException: "InvalidToken",
    MissingAuthenticationTokenException: "AccessDenied",
    MissingHashException: "InvalidRequest",
    RequestTimeTooSkewed: "RequestTimeTooSkewed",
    ThrottlingException: "ServiceUnavailable",
    UnrecognizedClientException: "InvalidAccessKeyId",
    WrongRegionException: "AuthorizationHeaderMalformed",
}


def json_error(error: ServiceError, request_id: str) -> Response:
    """In AWS JSON 1.1."""
    code = _named(error, _JSON)
    content = {"__type": code, "Code": code, "Message": str(error), "Logref": request_id}
    headers = {"x-amzn-requestid": request_id}
    return Response(json.dumps(content).encode(), error.status, headers, protocol.CONTENT_TYPE)


def query_error(error: ServiceError, request_id: str) -> Response:
    """In the XML of the query protocol, which STS speaks."""
    status = 403 if isinstance(error, _FORBIDDEN) else error.status
    content = sts.error(_named(error, _QUERY), str(error), request_id)
    return Response(content, status, {"x-amzn-requestid": request_id}, sts.CONTENT_TYPE)


def s3_error(request: Request, error: ServiceError) -> Response:
    """In the XML of S3."""
    from customlabels.api import s3

    details = {"Region": error.region} if isinstance(error, WrongRegionException) else {}
    response = s3.refuse(request, _named(error, _S3), str(error), **details)
    if isinstance(error, WrongRegionException):
        response.headers["x-amz-bucket-region"] = error.region
    return response


def _named(error: ServiceError, names: Mapping[type[ServiceError], str]) -> str:
    """The code of an error: that of the nearest of its classes that has a name of its own there."""
    return next((names[kind] for kind in type(error).__mro__ if kind in names), error.code)
