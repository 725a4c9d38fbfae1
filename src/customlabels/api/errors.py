"""Errors of the protocol itself, before any verb is called, by their AWS names."""

from __future__ import annotations

from customlabels.service.errors import ServiceError


class IncompleteSignature(ServiceError):
    """The signature, or something that belongs to it, is not written as it must be."""


class MissingHashException(IncompleteSignature):
    """A request of S3 does not say what its body's hash is."""


class MissingAuthenticationTokenException(ServiceError): ...


class InvalidSignatureException(ServiceError): ...


class RequestTimeTooSkewed(InvalidSignatureException): ...


class WrongRegionException(InvalidSignatureException):
    """The signature is for another region; `region` is the server's."""

    def __init__(self, message: str, region: str) -> None:
        super().__init__(message)
        self.region = region

    @property
    def code(self) -> str:
        return "InvalidSignatureException"


class UnrecognizedClientException(ServiceError): ...


class InvalidTokenException(UnrecognizedClientException):
    """A session token, of which this server issues none."""

    @property
    def code(self) -> str:
        return "UnrecognizedClientException"


class ExpiredTokenException(ServiceError): ...


class SerializationException(ServiceError): ...


class UnknownOperationException(ServiceError): ...


class RequestEntityTooLargeException(ServiceError): ...
