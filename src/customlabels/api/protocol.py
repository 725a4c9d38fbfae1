"""AWS JSON 1.1 as botocore's model of Rekognition describes it: from a target and a body to checked parameters."""

from __future__ import annotations

import binascii
import json
from functools import cache, lru_cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from customlabels.api.constraints import check
from customlabels.api.errors import SerializationException
from customlabels.service.errors import ValidationException

TARGET = "RekognitionService"
CONTENT_TYPE = "application/x-amz-json-1.1"


@lru_cache(maxsize=1)
def service_model() -> ServiceModel:
    """Rekognition as botocore describes it."""
    # Botocore's own description, not one that happens to lie in the user's ~/.aws/models.
    loader = Loader([Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    return ServiceModel(loader.load_service_model("rekognition", "service-2"), "rekognition")


@cache
def operation_model(name: str) -> OperationModel:
    """Raises botocore.model.OperationNotFoundError."""
    return service_model().operation_model(name)


def parse(operation: str, body: bytes) -> dict[str, Any]:
    """The members of a request, blobs decoded, everything checked against the model's shapes.

    Members that the model does not know are ignored, and null counts as absent, as with AWS. Raises
    SerializationException for what is no JSON object of these types, ValidationException for values that the shapes
    do not allow.
    """
    shape = operation_model(operation).input_shape
    content = _json(body)
    if not isinstance(content, dict):
        raise SerializationException("The body of the request must be a JSON object.")
    assert shape is not None  # every operation of Rekognition has one
    request: dict[str, Any] = _value(shape, content, "")
    if (wrong := check(shape, request)) is not None:
        raise ValidationException(wrong)
    return request


def _json(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_unique)
    except RecursionError as error:
        raise SerializationException("The body of the request is nested too deep.") from error
    except ValueError as error:  # also for whole numbers of thousands of digits
        raise SerializationException(f"The body of the request is not JSON in UTF-8: {str(error)[:200]}") from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; which of two members of a name counts is not for us to guess."""
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a member of an object occurs more than once")
    return content


def _value(shape: Shape, value: Any, path: str) -> Any:
    """A value as its shape wants it. Raises SerializationException for another type."""
    where = path or "the request"
    match shape.type_name:
        case "structure":
            assert isinstance(shape, StructureShape)
            _expect(isinstance(value, dict), where, "an object")
            prefix = f"{path}." if path else ""
            members = shape.members.items()
            return {
                name: _value(member, value[name], prefix + name)
                for name, member in members
                if value.get(name) is not None
            }
        case "list":
            assert isinstance(shape, ListShape)
            _expect(isinstance(value, list), where, "a list")
            _expect(None not in value, where, "a list without null")
            return [_value(shape.member, item, f"{path}.{i}") for i, item in enumerate(value, 1)]
        case "map":
            assert isinstance(shape, MapShape)
            _expect(isinstance(value, dict) and None not in value.values(), where, "an object without null")
            return {_text(key, where): _value(shape.value, item, where) for key, item in value.items()}
        case "string":
            return _text(value, where)
        case "blob":
            _expect(isinstance(value, str), where, "a base64 string")
            try:
                return binascii.a2b_base64(value, strict_mode=True)
            except ValueError as error:
                raise SerializationException(f"{where} is not base64: {error}") from error
        case "boolean":
            _expect(isinstance(value, bool), where, "true or false")
            return value
        case "integer" | "long":
            whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            _expect(
                whole and not isinstance(value, bool) and -(2**31) <= value < 2**31, where, "a whole number of 32 bits"
            )
            return int(value)
        case "float" | "double":
            _expect(isinstance(value, int | float) and not isinstance(value, bool), where, "a number")
            _expect(abs(value) < 3.4e38, where, "a number of 32 bits")
            return float(value)
        case other:
            raise SerializationException(f"{where} has the type {other}, which no request of Custom Labels has.")


def _text(value: Any, where: str) -> str:
    _expect(isinstance(value, str), where, "a string")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise SerializationException(f"{where} has half a surrogate pair, which is no text.") from error
    _expect("\0" not in value, where, "a string without U+0000")  # which PostgreSQL cannot store
    return str(value)


def _expect(holds: bool, where: str, what: str) -> None:
    if not holds:
        raise SerializationException(f"{where} must be {what}.")
