"""Errors of the protocol itself, before any verb is called, by their AWS names."""

from __future__ import annotations

from customlabels.service.errors import ServiceError


class IncompleteSignature(ServiceError): ...


class MissingAuthenticationTokenException(ServiceError): ...


class InvalidSignatureException(ServiceError): ...


class RequestTimeTooSkewed(InvalidSignatureException): ...


class UnrecognizedClientException(ServiceError): ...


class ExpiredTokenException(ServiceError): ...


class SerializationException(ServiceError): ...


class UnknownOperationException(ServiceError): ...


class RequestEntityTooLargeException(ServiceError): ...
