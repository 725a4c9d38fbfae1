"""CopyProjectVersion, within an account and between two."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from customlabels.service import policies, versions
from customlabels.service.access.caller import Caller
from customlabels.service.access.statements import Statement
from customlabels.service.access.users import add_account
from customlabels.service.copies import copy_project_version
from customlabels.service.errors import (
    AccessDeniedException,
    InvalidParameterException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from customlabels.service.outputs import EVALUATION_FILES
from customlabels.service.service import Service
from customlabels.store.tables import projects
from customlabels.store.tables import versions as rows
from customlabels.vision.model import Model

from .. import tiny
from .manifests import BUCKET, new_project
from .rows import add_version
from .trainings import OUTPUT, describe, read, work


@pytest.fixture
def source(service: Service) -> str:
    """A trained version of a project "pets"."""
    service.objects.create_bucket(BUCKET, service.account)
    folder = tiny.classifier(service.model_folder("source"))
    for name in EVALUATION_FILES.values():
        (folder / name).write_text(json.dumps({"from": name}))
    return add_version(service, "v1", "TRAINING_COMPLETED", model="source", f1=0.75)


def ask(service: Service, caller: Caller, source: str, destination: str, **given: Any) -> str:
    """The ARN of a copy that was begun."""
    project = given.pop("source_project_arn", None) or _project_of(service, source)
    return _ask_for(service, caller, source, project, destination, **given)


def _ask_for(service: Service, caller: Caller, source: str, project: str, destination: str, **given: Any) -> str:
    answer = copy_project_version(
        service,
        caller,
        source_project_arn=project,
        source_project_version_arn=source,
        destination_project_arn=destination,
        **{"version_name": "copied", "output_config": OUTPUT, **given},
    )
    return str(answer["ProjectVersionArn"])


def _project_of(service: Service, version: str) -> str:
    with service.database.read() as connection:
        query = select(projects.c.arn).join(rows, rows.c.project_id == projects.c.id).where(rows.c.arn == version)
        return str(connection.execute(query).scalar_one())


# checklist: J01, J02, J03
def test_a_copy_is_the_same_model_in_another_project(service: Service, caller: Caller, source: str) -> None:
    destination = new_project(service, caller, "copies")
    arn = ask(service, caller, source, destination, tags={"a": "b"})
    assert arn.startswith(f"{destination.rpartition('/')[0]}/version/copied/")
    assert describe(service, caller, destination, "copied")["Status"] == "COPYING_IN_PROGRESS"
    work(service)
    copied = describe(service, caller, destination, "copied")
    assert copied["Status"] == "COPYING_COMPLETED"
    assert copied["SourceProjectVersionArn"] == source
    assert copied["EvaluationResult"]["F1Score"] == 0.75
    place = copied["EvaluationResult"]["Summary"]
    assert place["S3Object"]["Name"] == "out/EvaluationResultSummary-copies-copied.json"
    assert json.loads(read(service, place)) == {"from": "EvaluationResultSummary.json"}
    assert json.loads(read(service, copied["TestingDataResult"]["Output"])) == {"from": "TestingGroundTruth.json"}
    first, second = (Model.load(folder) for folder in sorted(service.settings.models.iterdir()))
    assert first.folder != second.folder
    assert first.thresholds == second.thresholds
    picture = tiny.picture(200, 90, 10)
    assert list(first.detect(picture, 0)) == list(second.detect(picture, 0))


def test_a_copy_outlives_its_source(service: Service, caller: Caller, source: str) -> None:
    destination = new_project(service, caller, "copies")
    ask(service, caller, source, destination)
    work(service)
    versions.delete_project_version(service, caller, project_version_arn=source)
    work(service)
    (folder,) = (folder for folder in service.settings.models.iterdir() if folder.name != "source")
    assert Model.load(folder).labels == tiny.LABELS


def test_what_is_wrong_with_a_request(service: Service, caller: Caller, source: str) -> None:
    destination = new_project(service, caller, "copies")
    untrained = add_version(service, "v2", "TRAINING_FAILED")
    with pytest.raises(InvalidParameterException, match="only a trained one"):
        ask(service, caller, untrained, destination)
    with pytest.raises(InvalidParameterException, match="S3Bucket"):
        ask(service, caller, source, destination, output_config={})
    with pytest.raises(InvalidParameterException, match="not of the project"):
        ask(service, caller, source, destination, source_project_arn=destination)
    with pytest.raises(ResourceNotFoundException, match="no model version"):
        _ask_for(service, caller, source.replace("/v1/", "/v9/"), _project_of(service, source), destination)
    with pytest.raises(ResourceNotFoundException, match="no project"):
        ask(service, caller, source, destination.replace("copies", "other"))
    ask(service, caller, source, destination)
    with pytest.raises(ResourceInUseException, match="already"):
        ask(service, caller, source, destination)


def test_a_copy_that_cannot_write_its_files_fails(service: Service, caller: Caller, source: str) -> None:
    destination = new_project(service, caller, "copies")
    ask(service, caller, source, destination, output_config={"S3Bucket": "nowhere"})
    work(service)
    copied = describe(service, caller, destination, "copied")
    assert (copied["Status"], copied["StatusMessage"]) == ("COPYING_FAILED", "Unable to write to output S3 bucket.")


@pytest.fixture
def partner(service: Service) -> Caller:
    """The administrator of another account, which has a bucket."""
    account = add_account(service.database, "partner")
    service.objects.create_bucket("theirs", account)
    return Caller.administrator(account)


def _allow(service: Service, caller: Caller, source: str, effect: str, principal: str, name: str) -> None:
    statement = {
        "Effect": effect,
        "Principal": {"AWS": principal},
        "Action": "rekognition:CopyProjectVersion",
        "Resource": source,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    project = _project_of(service, source)
    policies.put_project_policy(service, caller, project_arn=project, policy_name=name, policy_document=document)


# checklist: J04
def test_another_account_needs_a_policy_and_no_deny(
    service: Service, caller: Caller, partner: Caller, source: str
) -> None:
    destination = new_project(service, partner, "mine")
    theirs = {"S3Bucket": "theirs", "S3KeyPrefix": "out"}
    with pytest.raises(AccessDeniedException, match="rekognition:CopyProjectVersion"):
        ask(service, partner, source, destination, output_config=theirs)
    _allow(service, caller, source, "Allow", partner.account, "allow")
    ask(service, partner, source, destination, output_config=theirs)
    work(service)
    assert describe(service, partner, destination, "copied")["Status"] == "COPYING_COMPLETED"
    _allow(service, caller, source, "Deny", partner.account, "deny")
    with pytest.raises(AccessDeniedException):
        ask(service, partner, source, destination, output_config=theirs, version_name="again")


# checklist: J04
def test_a_deny_holds_within_the_account_too(service: Service, caller: Caller, source: str) -> None:
    destination = new_project(service, caller, "copies")
    _allow(service, caller, source, "Deny", caller.arn, "deny")
    with pytest.raises(AccessDeniedException):
        ask(service, caller, source, destination)


def test_within_the_account_the_callers_own_policy_decides(service: Service, caller: Caller, source: str) -> None:
    destination = new_project(service, caller, "copies")
    rights = Statement("Allow", ("rekognition:CopyProjectVersion",), (destination,))
    with pytest.raises(AccessDeniedException):
        ask(service, Caller(caller.account, "anna", (rights,)), source, destination)
