"""CreateProjectVersion, DescribeProjectVersions, DeleteProjectVersion, and cancelling a training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, update

from customlabels.service import datasets, tags, versions
from customlabels.service.access.caller import Caller
from customlabels.service.access.statements import Statement
from customlabels.service.errors import (
    AccessDeniedException,
    InvalidPaginationTokenException,
    InvalidParameterException,
    LimitExceededException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from customlabels.service.service import Service
from customlabels.store.tables import datasets as dataset_rows
from customlabels.store.tables import entries, jobs
from customlabels.store.tables import versions as rows

from .manifests import asked, made, new_project, put, tagged
from .manifests import work as work_on_datasets
from .rows import add_version
from .trainings import OUTPUT, begin, describe, trained, work

LINES = [tagged(f"{i}.png", "cat" if i % 2 else "dog") for i in range(10)]
MANIFEST = {"GroundTruthManifest": {"S3Object": {"Bucket": "pictures", "Name": "m/lines.manifest"}}}
GIVEN: dict[str, Any] = {"training_data": {"Assets": [MANIFEST]}, "testing_data": {"AutoCreate": True}}


@pytest.fixture
def project(service: Service, caller: Caller) -> str:
    """A project with both datasets."""
    arn = new_project(service, caller, "pets")
    made(service, caller, LINES, arn, "TRAIN")
    made(service, caller, LINES, arn, "TEST")
    return arn


# checklist: F01, F11, B11
def test_a_new_version_trains(service: Service, caller: Caller, project: str) -> None:
    arn = begin(service, caller, project, version_description="first", kms_key_id="alias/mine", tags={"team": "a"})
    assert arn.startswith(f"{project.rpartition('/')[0]}/version/v1/")
    assert describe(service, caller, project, "v1") == {
        "ProjectVersionArn": arn,
        "CreationTimestamp": pytest.approx(int(arn.rpartition("/")[2]) / 1000),
        "Status": "TRAINING_IN_PROGRESS",
        "StatusMessage": "The model is being trained.",
        "OutputConfig": OUTPUT,
        "TrainingDataResult": {"Input": {}},
        "TestingDataResult": {"Input": {"AutoCreate": False}},
        "KmsKeyId": "alias/mine",
        "VersionDescription": "first",
        "Feature": "CUSTOM_LABELS",
    }
    assert tags.list_tags_for_resource(service, caller, resource_arn=arn) == {"Tags": {"team": "a"}}


# checklist: F03
def test_a_name_is_taken_once(service: Service, caller: Caller, project: str) -> None:
    begin(service, caller, project)
    with pytest.raises(ResourceInUseException, match="has a version v1 already"):
        begin(service, caller, project)


# checklist: F04, F05
@pytest.mark.parametrize(
    ("given", "words"),
    [
        (GIVEN, "leave out TrainingData and TestingData"),
        ({"training_data": {"Assets": [MANIFEST]}}, "leave out"),
        ({"testing_data": {"AutoCreate": True}}, "leave out"),
        ({"output_config": {}}, "OutputConfig needs an S3Bucket"),
        ({"feature_config": {"ContentModeration": {"ConfidenceThreshold": 1.0}}}, "adapters"),
        ({"tags": {"customlabels:effort": "much"}}, "may be fast, balanced or best"),
        ({"tags": {"customlabels:seed": "-1"}}, "whole number"),
    ],
)
def test_what_a_project_with_datasets_refuses(
    service: Service, caller: Caller, project: str, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidParameterException, match=words):
        begin(service, caller, project, **given)


# checklist: F05
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "has no datasets"),
        ({"training_data": {"Assets": [MANIFEST]}}, "both, or neither"),
        ({"testing_data": {"Assets": [MANIFEST]}}, "both, or neither"),
        ({"training_data": {"Assets": []}, "testing_data": {"AutoCreate": True}}, "TrainingData needs Assets"),
        ({**GIVEN, "testing_data": {"Assets": [MANIFEST], "AutoCreate": True}}, "either Assets"),
        ({**GIVEN, "testing_data": {}}, "either Assets"),
        ({**GIVEN, "training_data": {"Assets": [{}]}}, "S3Object"),
    ],
)
def test_what_a_project_without_datasets_refuses(
    service: Service, caller: Caller, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidParameterException, match=words):
        begin(service, caller, new_project(service, caller), **given)


# checklist: F06, F07
def test_manifests_are_shown_as_they_were_given(service: Service, caller: Caller) -> None:
    project = new_project(service, caller)
    given: dict[str, Any] = {**GIVEN, "testing_data": {"Assets": [], "AutoCreate": True}}
    begin(service, caller, project, **given)
    description = describe(service, caller, project, "v1")
    assert description["TrainingDataResult"]["Input"] == {"Assets": [MANIFEST]}
    assert description["TestingDataResult"]["Input"] == {"Assets": [], "AutoCreate": True}


# checklist: F08
def test_a_test_dataset_alone_is_not_enough(service: Service, caller: Caller) -> None:
    project = new_project(service, caller)
    made(service, caller, LINES, project, "TEST")
    with pytest.raises(InvalidParameterException, match="no training dataset"):
        begin(service, caller, project)


def test_datasets_must_be_settled(service: Service, caller: Caller) -> None:
    project = new_project(service, caller)
    asked(service, caller, LINES, project, "TRAIN")
    with pytest.raises(ResourceInUseException, match="CREATE_IN_PROGRESS"):
        begin(service, caller, project)


def test_a_dataset_that_failed_cannot_be_learnt_from(service: Service, caller: Caller) -> None:
    project = new_project(service, caller)
    made(service, caller, ["{", "{"], project, "TRAIN")
    with pytest.raises(InvalidParameterException, match="could not be created"):
        begin(service, caller, project)


def test_quotas(service: Service, caller: Caller, project: str) -> None:
    strict = replace(service, settings=replace(service.settings, max_trainings=1, max_versions=2))
    begin(strict, caller, project, "v1")
    with pytest.raises(LimitExceededException, match="CUSTOMLABELS_MAX_TRAININGS"):
        begin(strict, caller, project, "v2")
    lenient = replace(service, settings=replace(service.settings, max_trainings=0, max_versions=2))
    begin(lenient, caller, project, "v2")
    with pytest.raises(LimitExceededException, match="CUSTOMLABELS_MAX_VERSIONS"):
        begin(lenient, caller, project, "v3")


def test_another_account_sees_nothing(service: Service, caller: Caller, project: str) -> None:
    arn = begin(service, caller, project)
    stranger = Caller.administrator("999999999999")
    with pytest.raises(ResourceNotFoundException):
        versions.describe_project_versions(service, stranger, project_arn=project)
    with pytest.raises(ResourceNotFoundException):
        versions.delete_project_version(service, stranger, project_version_arn=arn)
    with pytest.raises(ResourceNotFoundException):
        begin(service, stranger, project, "v2")


def test_a_policy_decides(service: Service, caller: Caller, project: str) -> None:
    looking = Caller(caller.account, "anna", (Statement("Allow", ("rekognition:Describe*",), ("*",)),))
    assert versions.describe_project_versions(service, looking, project_arn=project)
    with pytest.raises(AccessDeniedException, match="rekognition:CreateProjectVersion"):
        begin(service, looking, project)


# checklist: F09
def test_versions_are_listed_newest_first(service: Service, caller: Caller, project: str) -> None:
    free = replace(service, settings=replace(service.settings, max_trainings=0))
    names = [f"v{i}" for i in range(5)]
    for name in names:
        begin(free, caller, project, name)

    def listed(**given: Any) -> list[str]:
        found: list[str] = []
        token = None
        while True:
            page = versions.describe_project_versions(service, caller, project_arn=project, next_token=token, **given)
            found += [item["ProjectVersionArn"].split("/")[3] for item in page["ProjectVersionDescriptions"]]
            if "NextToken" not in page:
                return found
            token = page["NextToken"]

    for size in (1, 2, 5, 100):
        assert listed(max_results=size) == names[::-1]
    assert listed(version_names=["v1", "v3", "nothing"]) == ["v3", "v1"]
    assert listed(version_names=["nothing"]) == []
    with pytest.raises(InvalidPaginationTokenException):
        versions.describe_project_versions(service, caller, project_arn=project, next_token="nonsense")


# checklist: F12, I05
@pytest.mark.parametrize("status", ["TRAINING_IN_PROGRESS", "STARTING", "RUNNING", "STOPPING", "COPYING_IN_PROGRESS"])
def test_a_version_in_work_cannot_be_deleted(service: Service, caller: Caller, status: str) -> None:
    arn = add_version(service, "v1", status)
    with pytest.raises(ResourceInUseException, match=status):
        versions.delete_project_version(service, caller, project_version_arn=arn)


# checklist: I05
@pytest.mark.parametrize("status", ["TRAINING_COMPLETED", "TRAINING_FAILED", "STOPPED", "FAILED", "COPYING_FAILED"])
def test_a_version_at_rest_can_be_deleted(service: Service, caller: Caller, status: str) -> None:
    arn = add_version(service, "v1", status)
    answer = versions.delete_project_version(service, caller, project_version_arn=arn)
    assert answer == {"Status": "DELETING"}
    with pytest.raises(ResourceInUseException):
        versions.delete_project_version(service, caller, project_version_arn=arn)
    work(service)
    with pytest.raises(ResourceNotFoundException):
        versions.delete_project_version(service, caller, project_version_arn=arn)


def test_a_deleted_version_leaves_nothing(service: Service, caller: Caller, project: str) -> None:
    arn = begin(service, caller, project)
    with service.database.write() as connection:
        folder = f"{connection.execute(select(rows.c.id)).scalar_one()}-{arn.rpartition('/')[2]}"
        connection.execute(update(rows).values(status="TRAINING_FAILED", model=folder))
        connection.execute(jobs.delete())
    service.model_folder(folder).mkdir(parents=True)
    versions.delete_project_version(service, caller, project_version_arn=arn)
    work(service)
    assert not service.model_folder(folder).exists()
    with service.database.read() as connection:
        snapshots = select(func.count()).select_from(dataset_rows).where(dataset_rows.c.arn.is_(None))
        assert connection.execute(snapshots).scalar_one() == 0
        assert connection.execute(select(func.count()).select_from(entries)).scalar_one() == 2 * len(LINES)
        assert tags.of(connection, arn) == {}


# checklist: L10
def test_a_training_can_be_cancelled(service: Service, caller: Caller, project: str) -> None:
    arn = begin(service, caller, project)
    versions.cancel_training(service, caller, arn)
    description = describe(service, caller, project, "v1")  # nobody has begun it, so it ends at once
    assert not work_is_waiting(service)
    assert (description["Status"], description["StatusMessage"]) == ("TRAINING_FAILED", "The training was cancelled.")
    with pytest.raises(ResourceInUseException, match="no training to cancel"):
        versions.cancel_training(service, caller, arn)


def work_is_waiting(service: Service) -> bool:
    with service.database.read() as connection:
        snapshots = select(func.count()).select_from(dataset_rows).where(dataset_rows.c.arn.is_(None))
        assert connection.execute(snapshots).scalar_one() == 0
        return connection.execute(select(jobs)).first() is not None


# checklist: F13
def test_what_happens_to_the_datasets_later_does_not_matter(service: Service, caller: Caller) -> None:
    project = new_project(service, caller)
    train = made(service, caller, [*LINES, "{bad"], project, "TRAIN")
    begin(service, caller, project)
    datasets.delete_dataset(service, caller, dataset_arn=train)
    work_on_datasets(service)
    work(service)
    description = describe(service, caller, project, "v1")
    # The images do not exist, so it ends here; but it was about ten lines, not about a dataset that is gone.
    assert description["StatusMessage"] == "Failed to copy images from S3 bucket."
    assert "ManifestSummary" in description


# checklist: G01
def test_an_empty_dataset_fails_without_files(service: Service, caller: Caller) -> None:
    project = new_project(service, caller)
    put(service, "")
    made(service, caller, None, project, "TRAIN")
    description = trained(service, caller, project)
    assert (description["Status"], description["StatusMessage"]) == ("TRAINING_FAILED", "The manifest file is empty.")
    assert "ManifestSummary" not in description
    assert "TrainingEndTimestamp" in description
    assert not {"EvaluationResult", "BillableTrainingTimeInSeconds"} & set(description)
