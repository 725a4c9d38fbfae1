"""Routes on projects and models: deleting all at once, progress, results, comparison, files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Any

from starlette.responses import Response, StreamingResponse

from customlabels.api.console.answers import attachment
from customlabels.api.console.asks import Ask
from customlabels.service import projects, results, versions
from customlabels.service.errors import InvalidParameterException, ResourceNotFoundException
from customlabels.store.objects import CHUNK, ObjectError, StoreUnavailable

_IN_MEMORY = 8 << 20


def delete_project(ask: Ask) -> dict[str, Any]:
    projects.delete_project_with_contents(ask.service, ask.caller, ask.body.text("ProjectArn"))
    return {}


def cancel_training(ask: Ask) -> dict[str, Any]:
    versions.cancel_training(ask.service, ask.caller, ask.body.text("ProjectVersionArn"))
    return {}


def progress(ask: Ask) -> dict[str, Any]:
    return results.progress(ask.service, ask.caller, ask.query.text("ProjectVersionArn"))


def evaluation(ask: Ask) -> dict[str, Any]:
    return results.evaluation(ask.service, ask.caller, ask.query.text("ProjectVersionArn"))


def test_images(ask: Ask) -> dict[str, Any]:
    return {"Images": results.test_images(ask.service, ask.caller, ask.query.text("ProjectVersionArn"))}


def compare(ask: Ask) -> dict[str, Any]:
    return results.compare(ask.service, ask.caller, ask.query.text("First"), ask.query.text("Second"))


def download_model(ask: Ask) -> Response:
    """The model's folder as a ZIP."""
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 (closed when all of it was sent)
    try:
        name = results.write_model(ask.service, ask.caller, ask.query.text("ProjectVersionArn"), file)
    except BaseException:
        file.close()
        raise
    size = file.tell()
    file.seek(0)
    headers = {"content-length": str(size), **attachment(name)}
    return StreamingResponse(_chunks(file), 200, headers, "application/zip")


def download_object(ask: Ask) -> Response:
    """An object of a bucket, such as a validation file, to be saved: never to be shown by the browser."""
    bucket, key = ask.query.text("Bucket"), ask.query.text("Key")
    ask.caller.require("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
    try:
        if ask.service.objects.bucket(bucket).account != ask.caller.account:
            raise ResourceNotFoundException(f"There is no bucket {bucket[:80]!r} of yours.")
        stored, chunks = ask.service.objects.open(bucket, key)
    except StoreUnavailable:
        raise
    except ObjectError as error:
        raise ResourceNotFoundException(str(error)) from error
    headers = {"content-length": str(stored.size), **attachment(key.rpartition("/")[2] or "object")}
    return StreamingResponse(chunks, 200, headers, "application/octet-stream")


def list_examples(ask: Ask) -> dict[str, Any]:
    return {"Examples": ask.examples.catalogue() if ask.examples else []}


def create_example(ask: Ask) -> dict[str, Any]:
    if ask.examples is None:
        raise InvalidParameterException("This server has no examples.")
    return ask.examples.create(ask.service, ask.caller, ask.body.text("Name"))


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk
