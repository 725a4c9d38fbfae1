"""Starting and stopping models, and asking them: StartProjectVersion, StopProjectVersion, DetectCustomLabels."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from customlabels.engine.lanes import CapacityExceeded
from customlabels.engine.process import UnitLost
from customlabels.engine.units import NotRunning
from customlabels.engine.wire import Answer, Kind, Question
from customlabels.service import errors
from customlabels.service.access.caller import Caller
from customlabels.service.running import MESSAGES, RunningModels
from customlabels.service.service import Service
from customlabels.store.objects import InvalidName, NoSuchBucket, NoSuchKey, ObjectTooLarge
from customlabels.store.tables import tags, versions

MOST_BYTES = 4 * 1024 * 1024
"""Of an image in a request."""
MOST_OBJECT_BYTES = 15 * 1024 * 1024
"""Of an image in a bucket."""
STARTABLE = ("TRAINING_COMPLETED", "STOPPED", "COPYING_COMPLETED", "FAILED")
STOPPABLE = ("STARTING", "RUNNING")


def start_project_version(
    service: Service,
    caller: Caller,
    *,
    project_version_arn: str,
    min_inference_units: int,
    max_inference_units: int | None = None,
) -> dict[str, Any]:
    """Let a model run. Raises AccessDenied, InvalidParameter, LimitExceeded, ResourceInUse, ResourceNotFound."""
    _require(service, caller, "rekognition:StartProjectVersion", project_version_arn)
    most = min_inference_units if max_inference_units is None else max_inference_units
    if most < min_inference_units:
        raise errors.InvalidParameterException(
            f"MaxInferenceUnits is {most} and MinInferenceUnits is {min_inference_units}; the maximum must not be less."
        )
    limits = service.settings
    if 0 < limits.max_units < most:
        raise errors.LimitExceededException(
            f"A model can have up to {limits.max_units} inference units here, and {most} were asked for. "
            "The setting CUSTOMLABELS_MAX_UNITS raises the limit."
        )
    with service.database.write() as connection:
        row = _find(connection, caller, project_version_arn)
        if row.status not in STARTABLE:
            raise errors.ResourceInUseException(
                f"The model is {row.status}; it can be started when it is {_either(STARTABLE)}."
            )
        busy = (versions.c.account == caller.account) & versions.c.status.in_(STOPPABLE)
        running = connection.execute(select(func.count()).select_from(versions).where(busy)).scalar_one()
        if 0 < limits.max_running <= running:
            raise errors.LimitExceededException(
                f"{running} models of this account are starting or running, and {limits.max_running} may. "
                "Stop one, or raise the limit with the setting CUSTOMLABELS_MAX_RUNNING."
            )
        _change(connection, row, "STARTING", min_units=min_inference_units, max_units=max_inference_units)
    _follow(service)
    return {"Status": "STARTING"}


def stop_project_version(service: Service, caller: Caller, *, project_version_arn: str) -> dict[str, Any]:
    """Let a model run no more. Raises AccessDenied, ResourceInUse, ResourceNotFound."""
    _require(service, caller, "rekognition:StopProjectVersion", project_version_arn)
    with service.database.write() as connection:
        row = _find(connection, caller, project_version_arn)
        if row.status not in STOPPABLE:
            raise errors.ResourceInUseException(
                f"The model is {row.status}; it can be stopped when it is {_either(STOPPABLE)}."
            )
        _change(connection, row, "STOPPING")
    _follow(service)
    return {"Status": "STOPPING"}


def detect_custom_labels(
    service: Service,
    caller: Caller,
    *,
    project_version_arn: str,
    image: dict[str, Any],
    max_results: int | None = None,
    min_confidence: float | None = None,
) -> dict[str, Any]:
    """What a running model finds in an image.

    Raises AccessDenied, ImageTooLarge, InternalServerError, InvalidImageFormat, InvalidParameter, InvalidS3Object,
    ProvisionedThroughputExceeded, ResourceNotFound, ResourceNotReady. Takes as long as the model is busy, so it is to
    be called in a thread that may wait.
    """
    if ("Bytes" in image) == ("S3Object" in image):
        raise errors.InvalidParameterException("Image must have either Bytes or S3Object, and not both.")
    if min_confidence is not None and not 0 <= min_confidence <= 100:
        raise errors.InvalidParameterException(f"MinConfidence is {min_confidence}; it must be from 0 to 100.")
    models = _running(service, caller, project_version_arn)
    content = _bytes(image["Bytes"]) if "Bytes" in image else _stored(service, caller, image["S3Object"])
    try:
        answer = models.ask(project_version_arn, Question(content, min_confidence, max_results))
    except NotRunning:
        raise _not_ready("STOPPING") from None
    except CapacityExceeded:
        raise errors.ProvisionedThroughputExceededException(
            "Provisioned Rate exceeded. All inference units of the model are busy: try again, or start it with more."
        ) from None
    except UnitLost as error:
        raise errors.InternalServerError(f"Internal server error. {error}") from error
    return {"CustomLabels": _labels(answer)}


def _running(service: Service, caller: Caller, arn: str) -> RunningModels:
    """Raises where a model is not running, or not for this caller. A running model costs no query."""
    model = service.units.find(arn) if service.units else None
    if model is None or model.account != caller.account:
        _require(service, caller, "rekognition:DetectCustomLabels", arn)
        with service.database.read() as connection:
            row = _find(connection, caller, arn)
        if row.status != "RUNNING" or service.units is None:
            raise _not_ready(row.status)
        service.units.refresh()  # it runs since a moment ago, by the word of another process
    else:
        caller.require("rekognition:DetectCustomLabels", arn, model.tags)
    assert service.units is not None
    return service.units


def _not_ready(status: str) -> errors.ResourceNotReadyException:
    return errors.ResourceNotReadyException(
        f"The model is {status}; it answers when it is RUNNING, after StartProjectVersion."
    )


def _bytes(content: bytes) -> bytes:
    if len(content) > MOST_BYTES:
        raise errors.ImageTooLargeException(
            f"Image size is too large. The image has {len(content):,} bytes; at most {MOST_BYTES:,} can be sent with a "
            f"request, and up to {MOST_OBJECT_BYTES:,} as an S3Object."
        )
    return content


def _stored(service: Service, caller: Caller, place: dict[str, Any]) -> bytes:
    bucket, key = place.get("Bucket", ""), place.get("Name", "")
    refused = errors.InvalidS3ObjectException(
        f"Unable to get object metadata from S3. Check object key, region and/or access permissions: s3://{bucket}/{key}"
    )
    if not bucket or not key or place.get("Version", "null") != "null":  # objects have no versions here
        raise refused
    if not caller.may("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}"):
        raise refused
    try:
        if service.objects.bucket(bucket).account != caller.account:
            raise refused
        return service.objects.read(bucket, key, MOST_OBJECT_BYTES)
    except (NoSuchBucket, NoSuchKey, InvalidName) as error:
        raise refused from error
    except ObjectTooLarge as error:
        raise errors.ImageTooLargeException(
            f"Image size is too large. s3://{bucket}/{key} has more than {MOST_OBJECT_BYTES:,} bytes."
        ) from error


def _labels(answer: Answer) -> Any:
    text = answer.content.decode()
    match answer.kind:
        case Kind.FOUND:
            return json.loads(text)
        case Kind.FORMAT:
            raise errors.InvalidImageFormatException(f"Request has invalid image format. {text}")
        case Kind.TOO_LARGE:
            raise errors.ImageTooLargeException(f"Image size is too large. {text}")
        case Kind.SHAPE:
            raise errors.InvalidParameterException(f"Request has invalid parameters. {text}")
        case _:
            raise errors.InternalServerError(f"Internal server error. The model failed on the image: {text}")


def _require(service: Service, caller: Caller, action: str, arn: str) -> None:
    with service.database.read() as connection:
        found = connection.execute(select(tags.c.key, tags.c.value).where(tags.c.arn == arn))
        caller.require(action, arn, {row.key: row.value for row in found})


def _find(connection: Connection, caller: Caller, arn: str) -> Row[Any]:
    query = select(versions).where(versions.c.arn == arn, versions.c.account == caller.account)
    row = connection.execute(query).first()
    if row is None:
        raise errors.ResourceNotFoundException(f"There is no model {arn}.")
    return row


def _change(connection: Connection, row: Row[Any], status: str, **values: int | None) -> None:
    values_of_row = {"status": status, "status_message": MESSAGES[status], **values}
    connection.execute(update(versions).where(versions.c.id == row.id).values(values_of_row))


def _follow(service: Service) -> None:
    if service.units is not None:
        service.units.refresh()


def _either(states: tuple[str, ...]) -> str:
    return f"{', '.join(states[:-1])} or {states[-1]}"
