"""What a verb refuses: the errors of Rekognition's API, by their names there."""

from __future__ import annotations


class ServiceError(Exception):
    """An error that the caller is told of. The class's name is its `__type` on the wire."""

    status = 400

    @property
    def code(self) -> str:
        return type(self).__name__


class AccessDeniedException(ServiceError):
    def __init__(self, principal: str, action: str, resource: str) -> None:
        super().__init__(f"User: {principal} is not authorized to perform: {action} on resource: {resource}")


class ImageTooLargeException(ServiceError): ...


class InternalServerError(ServiceError):
    status = 500


class InvalidImageFormatException(ServiceError): ...


class InvalidPaginationTokenException(ServiceError): ...


class InvalidParameterException(ServiceError): ...


class InvalidPolicyRevisionIdException(ServiceError): ...


class InvalidS3ObjectException(ServiceError): ...


class LimitExceededException(ServiceError): ...


class MalformedPolicyDocumentException(ServiceError): ...


class ProvisionedThroughputExceededException(ServiceError): ...


class ResourceAlreadyExistsException(ServiceError): ...


class ResourceInUseException(ServiceError): ...


class ResourceNotFoundException(ServiceError): ...


class ResourceNotReadyException(ServiceError): ...


class ServiceQuotaExceededException(ServiceError): ...


class ThrottlingException(ServiceError): ...


class ValidationException(ServiceError): ...
