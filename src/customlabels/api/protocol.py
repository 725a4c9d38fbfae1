"""AWS JSON 1.1 as botocore's model of Rekognition describes it: from a target and a body to checked parameters."""

from __future__ import annotations

import base64
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
MAX_DEPTH = 64
"""Of JSON in a request; the deepest shape needs less than ten levels."""
_MAX_DIGITS = 400


@lru_cache(maxsize=1)
def service_model() -> ServiceModel:
    """Rekognition as botocore describes it."""
    return ServiceModel(Loader().load_service_model("rekognition", "service-2"), "rekognition")


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
    content = _json(body) if body.strip() else {}
    if not isinstance(content, dict):
        raise SerializationException("The body of the request must be a JSON object.")
    request: dict[str, Any] = {} if shape is None else _value(shape, content, "")
    if shape is not None:
        violations = check(shape, request)
        if violations:
            noun = "error" if len(violations) == 1 else "errors"
            raise ValidationException(f"{len(violations)} validation {noun} detected: {'; '.join(violations)}")
    return request


def _json(body: bytes) -> Any:
    if _depth(body) > MAX_DEPTH:
        raise SerializationException(f"The body of the request is nested more than {MAX_DEPTH} levels deep.")
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise SerializationException(f"The body of the request is not JSON in UTF-8: {str(error)[:200]}") from error


def _depth(body: bytes) -> int:
    """An upper bound of the nesting of JSON: brackets within strings count, so that it needs no parser."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    in_string = escaped = False
    for byte in body:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"a number has {len(text)} digits")
    return int(text)


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
            return [_value(shape.member, item, f"{path}.{i}") for i, item in enumerate(value, 1) if item is not None]
        case "map":
            assert isinstance(shape, MapShape)
            _expect(isinstance(value, dict), where, "an object")
            items = value.items()
            return {_text(k, where): _value(shape.value, v, f"{path}.{k}") for k, v in items if v is not None}
        case "string":
            return _text(value, where)
        case "blob":
            _expect(isinstance(value, str), where, "a base64 string")
            try:
                return base64.b64decode(value, validate=True)
            except (binascii.Error, ValueError) as error:
                raise SerializationException(f"{where} is not base64: {error}") from error
        case "boolean":
            _expect(isinstance(value, bool), where, "true or false")
            return value
        case "integer" | "long":
            whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            _expect(whole and not isinstance(value, bool) and abs(value) < 2**63, where, "a whole number")
            return int(value)
        case "float" | "double":
            _expect(isinstance(value, int | float) and not isinstance(value, bool), where, "a number")
            _expect(abs(value) < 1e300, where, "a number of usual size")
            return float(value)
        case other:
            raise SerializationException(f"{where} has the type {other}, which no request of Custom Labels has.")


def _text(value: Any, where: str) -> str:
    _expect(isinstance(value, str), where, "a string")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise SerializationException(f"{where} has half a surrogate pair, which is no text.") from error
    return str(value)


def _expect(holds: bool, where: str, what: str) -> None:
    if not holds:
        raise SerializationException(f"{where} must be {what}.")
