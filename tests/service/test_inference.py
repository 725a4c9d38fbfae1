"""Starting, stopping and asking models: states, limits, permissions, and answers of real units."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from customlabels.engine.fleet import Fleet
from customlabels.service.access.caller import Caller
from customlabels.service.access.statements import Statement
from customlabels.service.errors import (
    AccessDeniedException,
    ImageTooLargeException,
    InternalServerError,
    InvalidImageFormatException,
    InvalidParameterException,
    InvalidS3ObjectException,
    LimitExceededException,
    ProvisionedThroughputExceededException,
    ResourceInUseException,
    ResourceNotFoundException,
    ResourceNotReadyException,
    ServiceError,
)
from customlabels.service.inference import (
    MOST_BYTES,
    MOST_OBJECT_BYTES,
    detect_custom_labels,
    start_project_version,
    stop_project_version,
)
from customlabels.service.service import Service, open_service
from customlabels.settings import Settings
from customlabels.vision.model import Model

from .. import tiny
from .rows import add_version, model_folder, state

STATES = (
    "TRAINING_IN_PROGRESS",
    "TRAINING_COMPLETED",
    "TRAINING_FAILED",
    "STARTING",
    "RUNNING",
    "FAILED",
    "STOPPING",
    "STOPPED",
    "DELETING",
    "COPYING_IN_PROGRESS",
    "COPYING_COMPLETED",
    "COPYING_FAILED",
)
STRANGER = "999999999999"


# checklist: I01, I02
def test_a_model_is_started_from_these_states_and_no_others(service: Service, caller: Caller) -> None:
    service = replace(service, settings=replace(service.settings, max_running=0))
    for status in STATES:
        arn = add_version(service, status, status)
        if status in ("TRAINING_COMPLETED", "STOPPED", "COPYING_COMPLETED", "FAILED"):
            found = start_project_version(service, caller, project_version_arn=arn, min_inference_units=1)
            assert found == {"Status": "STARTING"}
            assert state(service, arn) == ("STARTING", "The model is starting.")
        else:
            with pytest.raises(ResourceInUseException, match=status):
                start_project_version(service, caller, project_version_arn=arn, min_inference_units=1)
            assert state(service, arn)[0] == status


# checklist: I04
def test_a_model_is_stopped_from_these_states_and_no_others(service: Service, caller: Caller) -> None:
    for status in STATES:
        arn = add_version(service, status, status)
        if status in ("STARTING", "RUNNING"):
            assert stop_project_version(service, caller, project_version_arn=arn) == {"Status": "STOPPING"}
            assert state(service, arn) == ("STOPPING", "The model is stopping.")
        else:
            with pytest.raises(ResourceInUseException, match=status):
                stop_project_version(service, caller, project_version_arn=arn)
            assert state(service, arn)[0] == status


# checklist: I06
def test_a_model_that_does_not_run_does_not_answer(serving: Service, user: Caller) -> None:
    for status in STATES:
        if status != "RUNNING":
            arn = add_version(serving, f"is-{status}", status)
            with pytest.raises(ResourceNotReadyException):
                detect_custom_labels(serving, user, project_version_arn=arn, image={"Bytes": PHOTO})


# checklist: I03
@pytest.mark.parametrize(
    ("least", "most", "error"),
    [
        (2, 1, InvalidParameterException),
        (6, None, LimitExceededException),
        (1, 6, LimitExceededException),
        (5, 5, None),
        (1, 5, None),
    ],
)
def test_inference_units_have_limits(
    service: Service, caller: Caller, least: int, most: int | None, error: type[ServiceError] | None
) -> None:
    arn = add_version(service, "v1", "STOPPED")
    given: dict[str, Any] = {"min_inference_units": least, "max_inference_units": most}
    if error is None:
        start_project_version(service, caller, project_version_arn=arn, **given)
        return
    with pytest.raises(error):
        start_project_version(service, caller, project_version_arn=arn, **given)
    assert state(service, arn)[0] == "STOPPED"


# checklist: I03
def test_an_account_runs_two_models_and_a_setting_lifts_that(service: Service, caller: Caller) -> None:
    add_version(service, "foreign", "RUNNING", account=STRANGER)
    for name, status in (("a", "RUNNING"), ("b", "STARTING"), ("c", "STOPPING")):
        add_version(service, name, status)
    arn = add_version(service, "d", "STOPPED")
    with pytest.raises(LimitExceededException, match="CUSTOMLABELS_MAX_RUNNING"):
        start_project_version(service, caller, project_version_arn=arn, min_inference_units=1)
    unlimited = replace(service, settings=replace(service.settings, max_running=0, max_units=0))
    start_project_version(unlimited, caller, project_version_arn=arn, min_inference_units=99)
    assert state(service, arn)[0] == "STARTING"


# checklist: I02
@pytest.mark.parametrize("account", [None, STRANGER], ids=["none", "of another account"])
def test_a_model_that_the_account_does_not_have_is_not_found(
    service: Service, caller: Caller, account: str | None
) -> None:
    arn = add_version(service, "v1", "RUNNING", account)
    arn = arn if account else f"{arn}1"
    with pytest.raises(ResourceNotFoundException):
        start_project_version(service, caller, project_version_arn=arn, min_inference_units=1)
    with pytest.raises(ResourceNotFoundException):
        stop_project_version(service, caller, project_version_arn=arn)
    with pytest.raises(ResourceNotFoundException):
        detect_custom_labels(service, caller, project_version_arn=arn, image={"Bytes": b""})


def test_who_may_only_ask_can_neither_start_nor_stop(service: Service) -> None:
    caller = Caller(service.account, "robot", (Statement("Allow", ("rekognition:DetectCustomLabels",), ("*",)),))
    arn = add_version(service, "v1", "STOPPED")
    with pytest.raises(AccessDeniedException, match="StartProjectVersion"):
        start_project_version(service, caller, project_version_arn=arn, min_inference_units=1)
    with pytest.raises(AccessDeniedException, match="StopProjectVersion"):
        stop_project_version(service, caller, project_version_arn=arn)


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A server's state with two running models, `classifier` and `detector`, and a bucket `photos`."""
    home = tmp_path_factory.mktemp("home")
    opened = open_service(Settings(home=home, max_running=0))
    for name, make in (("classifier", tiny.classifier), ("detector", tiny.detector)):
        make(model_folder(opened, name))
        add_version(opened, name, "RUNNING", model=name, min_units=1)
    opened.objects.create_bucket("photos", opened.account)
    running = opened.with_units("here")
    yield running
    running.close()


@pytest.fixture
def user(serving: Service) -> Caller:
    return Caller.administrator(serving.account)


def arn_of(service: Service, name: str) -> str:
    return f"arn:aws:rekognition:{service.region}:{service.account}:project/pets/version/{name}/1690000000000"


PHOTO = tiny.picture(200, 100, 255, size=(640, 480), format="JPEG")


# checklist: I07, I08, I09, I11, I12, I13, I14
@pytest.mark.parametrize("name", ["classifier", "detector"])
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"min_confidence": 0.0},
        {"min_confidence": 50.0, "max_results": 1},
        {"max_results": 0},
        {"min_confidence": 100.0},
    ],
)
def test_answers_are_those_of_the_model_for_bytes_and_objects(
    serving: Service, user: Caller, name: str, given: dict[str, Any]
) -> None:
    serving.objects.put("photos", "a photo.jpg", PHOTO)
    expected = [item.to_dict() for item in Model.load(serving.model_folder(name)).detect(PHOTO, **given)]
    for image in ({"Bytes": PHOTO}, {"S3Object": {"Bucket": "photos", "Name": "a photo.jpg"}}):
        found = detect_custom_labels(serving, user, project_version_arn=arn_of(serving, name), image=image, **given)
        assert found == {"CustomLabels": expected}
        assert all(("Geometry" in item) == (name == "detector") for item in found["CustomLabels"])
        confidences = [item["Confidence"] for item in found["CustomLabels"]]
        assert confidences == sorted(confidences, reverse=True)
        assert all(0 <= confidence <= 100 for confidence in confidences)


# checklist: I10
def test_nothing_found_is_an_empty_list(serving: Service, user: Caller) -> None:
    arn = arn_of(serving, "classifier")
    found = detect_custom_labels(serving, user, project_version_arn=arn, image={"Bytes": tiny.picture(0)})
    assert found == {"CustomLabels": []}


# checklist: I15, I16, I18
@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"no image", InvalidImageFormatException),
        (PHOTO[:400], InvalidImageFormatException),
        (tiny.picture(0, size=(63, 64)), InvalidParameterException),
        (tiny.picture(0, size=(64, 64 * 21)), InvalidParameterException),
        (tiny.picture(0, size=(4097, 400)), ImageTooLargeException),
        (bytes(MOST_BYTES + 1), ImageTooLargeException),
        (PHOTO + bytes(MOST_BYTES - len(PHOTO)), None),
    ],
    ids=["text", "cut off", "small", "long", "wide", "more than 4 MB", "exactly 4 MB"],
)
def test_an_image_outside_the_limits_is_refused(
    serving: Service, user: Caller, content: bytes, error: type[ServiceError] | None
) -> None:
    arn = arn_of(serving, "classifier")
    if error is None:
        assert detect_custom_labels(serving, user, project_version_arn=arn, image={"Bytes": content})["CustomLabels"]
        return
    with pytest.raises(error):
        detect_custom_labels(serving, user, project_version_arn=arn, image={"Bytes": content})


# checklist: I15
def test_an_object_may_have_15_megabytes(serving: Service, user: Caller) -> None:
    arn, place = arn_of(serving, "classifier"), {"S3Object": {"Bucket": "photos", "Name": "large"}}
    serving.objects.put("photos", "large", PHOTO + bytes(MOST_OBJECT_BYTES - len(PHOTO)))
    assert detect_custom_labels(serving, user, project_version_arn=arn, image=place)["CustomLabels"]
    serving.objects.put("photos", "large", PHOTO + bytes(MOST_OBJECT_BYTES - len(PHOTO) + 1))
    with pytest.raises(ImageTooLargeException):
        detect_custom_labels(serving, user, project_version_arn=arn, image=place)


# checklist: I17
@pytest.mark.parametrize(
    "place",
    [
        {"Bucket": "photos", "Name": "missing.jpg"},
        {"Bucket": "nowhere", "Name": "photo.jpg"},
        {"Bucket": "photos"},
        {"Bucket": "foreign", "Name": "photo.jpg"},
        {"Bucket": "photos", "Name": "photo.jpg", "Version": "3HL4kqtJvjVBH40Nrjfkd"},
        {"Bucket": "../photos", "Name": "photo.jpg"},
    ],
    ids=["no key", "no bucket", "no name", "another account's bucket", "a version", "no bucket's name"],
)
def test_an_object_that_cannot_be_had_is_refused(serving: Service, user: Caller, place: dict[str, str]) -> None:
    add_version(serving, f"of-{abs(hash(str(place)))}", "STOPPED", account=STRANGER)
    if place["Bucket"] == "foreign":
        serving.objects.create_bucket("foreign", STRANGER)
        serving.objects.put("foreign", "photo.jpg", PHOTO)
    serving.objects.put("photos", "photo.jpg", PHOTO)
    with pytest.raises(InvalidS3ObjectException, match="Unable to get object metadata from S3"):
        detect_custom_labels(
            serving, user, project_version_arn=arn_of(serving, "classifier"), image={"S3Object": place}
        )


# checklist: I17
def test_an_object_is_read_with_the_rights_of_who_asks(serving: Service) -> None:
    serving.objects.put("photos", "open/photo.jpg", PHOTO)
    serving.objects.put("photos", "closed/photo.jpg", PHOTO)
    robot = Caller(
        serving.account,
        "robot",
        (
            Statement("Allow", ("rekognition:DetectCustomLabels",), ("*",)),
            Statement("Allow", ("s3:GetObject",), ("arn:aws:s3:::photos/open/*",)),
        ),
    )
    arn = arn_of(serving, "classifier")
    place = {"S3Object": {"Bucket": "photos", "Name": "open/photo.jpg"}}
    assert detect_custom_labels(serving, robot, project_version_arn=arn, image=place)["CustomLabels"]
    place = {"S3Object": {"Bucket": "photos", "Name": "closed/photo.jpg"}}
    with pytest.raises(InvalidS3ObjectException):
        detect_custom_labels(serving, robot, project_version_arn=arn, image=place)
    with pytest.raises(AccessDeniedException):
        detect_custom_labels(serving, replace(robot, statements=()), project_version_arn=arn, image={"Bytes": PHOTO})


# checklist: I18
@pytest.mark.parametrize("image", [{}, {"Bytes": PHOTO, "S3Object": {"Bucket": "photos", "Name": "photo.jpg"}}])
def test_an_image_is_either_bytes_or_an_object(serving: Service, user: Caller, image: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameterException, match="either Bytes or S3Object"):
        detect_custom_labels(serving, user, project_version_arn=arn_of(serving, "classifier"), image=image)


@pytest.mark.parametrize("confidence", [-0.1, 100.1, float("nan")])
def test_a_confidence_is_a_percentage(serving: Service, user: Caller, confidence: float) -> None:
    arn = arn_of(serving, "classifier")
    with pytest.raises(InvalidParameterException, match="MinConfidence"):
        detect_custom_labels(serving, user, project_version_arn=arn, image={"Bytes": PHOTO}, min_confidence=confidence)


def test_another_account_does_not_see_a_running_model(serving: Service) -> None:
    with pytest.raises(ResourceNotFoundException):
        detect_custom_labels(
            serving,
            Caller.administrator(STRANGER),
            project_version_arn=arn_of(serving, "classifier"),
            image={"Bytes": PHOTO},
        )


# checklist: I16, L05
def test_real_odd_files_are_answered_or_refused_with_a_400(serving: Service, user: Caller, shared_data: Path) -> None:
    files = [path for path in sorted((shared_data / "odd_files").rglob("*")) if path.is_file()]
    refused: dict[str, int] = {}
    for path in files:
        image = {"Bytes": path.read_bytes()}
        try:
            detect_custom_labels(serving, user, project_version_arn=arn_of(serving, "detector"), image=image)
        except ServiceError as error:
            refused[path.name] = error.status
    assert set(refused.values()) <= {400}
    assert len(refused) < len(files)


@pytest.fixture
def serve() -> Iterator[Callable[[Service], Service]]:
    """serve(service) has its models run until the test ends."""
    with ExitStack() as stack:

        def run(service: Service) -> Service:
            running = service.with_units("here")
            assert running.units is not None
            stack.enter_context(closing(running.units))
            return running

        yield run


# checklist: I01, I04
def test_a_model_runs_stops_and_runs_again(
    service: Service, caller: Caller, serve: Callable[[Service], Service]
) -> None:
    tiny.classifier(model_folder(service, "v1"))
    arn = add_version(service, "v1", "TRAINING_COMPLETED", model="v1")
    service = serve(service)
    for _ in range(2):
        start_project_version(service, caller, project_version_arn=arn, min_inference_units=1)
        _until(service, arn, "RUNNING")
        assert state(service, arn)[1] == "The model is running."
        found = detect_custom_labels(service, caller, project_version_arn=arn, image={"Bytes": PHOTO}, max_results=1)
        assert [item["Name"] for item in found["CustomLabels"]] == ["blue"]
        stop_project_version(service, caller, project_version_arn=arn)
        with pytest.raises(ResourceNotReadyException, match="STOP"):
            detect_custom_labels(service, caller, project_version_arn=arn, image={"Bytes": PHOTO})
        _until(service, arn, "STOPPED")
        assert state(service, arn)[1] == "The model is stopped."


# checklist: I20
def test_a_model_whose_units_are_full_says_so_and_recovers(
    service: Service, caller: Caller, serve: Callable[[Service], Service]
) -> None:
    tiny.classifier(model_folder(service, "v1"))
    arn = add_version(service, "v1", "RUNNING", model="v1", min_units=1)
    service = serve(replace(service, settings=replace(service.settings, unit_queue=1)))

    def ask() -> dict[str, Any]:
        return detect_custom_labels(service, caller, project_version_arn=arn, image={"Bytes": PHOTO})

    expected = ask()
    assert service.units is not None
    fleet = service.units._fleet
    assert isinstance(fleet, Fleet)
    (unit,) = fleet._models[arn]._serving
    os.kill(unit.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        while not fleet._models[arn]._lanes._requests:
            time.sleep(0.001)
        with pytest.raises(ProvisionedThroughputExceededException, match="Provisioned Rate exceeded"):
            ask()
        os.kill(unit.pid, signal.SIGCONT)
        assert asked.result() == expected
    assert ask() == expected


def test_a_model_whose_network_is_damaged_fails_with_the_reason(
    service: Service, caller: Caller, serve: Callable[[Service], Service]
) -> None:
    (tiny.classifier(model_folder(service, "v1")) / "network.onnx").write_bytes(b"damaged")
    arn = add_version(service, "v1", "RUNNING", model="v1", min_units=1)
    broken = serve(service)
    with pytest.raises((InternalServerError, ResourceNotReadyException)):
        detect_custom_labels(broken, caller, project_version_arn=arn, image={"Bytes": PHOTO})
    _until(broken, arn, "FAILED")
    assert "The model cannot be loaded" in state(service, arn)[1]


def _until(service: Service, arn: str, status: str) -> None:
    deadline = time.monotonic() + 20
    while state(service, arn)[0] != status:
        assert time.monotonic() < deadline, f"{state(service, arn)} instead of {status}"
        time.sleep(0.01)
