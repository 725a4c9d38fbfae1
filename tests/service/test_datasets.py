"""CreateDataset, DescribeDataset, DeleteDataset, UpdateDatasetEntries, DistributeDatasetEntries: what they answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from customlabels.service import datasets, entries, labels, projects
from customlabels.service.access.caller import Caller
from customlabels.service.access.statements import Statement
from customlabels.service.datasets import create_dataset, delete_dataset, describe_dataset
from customlabels.service.errors import (
    AccessDeniedException,
    InvalidParameterException,
    InvalidS3ObjectException,
    ResourceAlreadyExistsException,
    ResourceInUseException,
    ResourceNotFoundException,
    ResourceNotReadyException,
    ServiceError,
)
from customlabels.service.service import Service
from customlabels.store.tables import accounts

from .manifests import (
    asked,
    boxed,
    changed,
    described,
    keys,
    label_counts,
    listed,
    made,
    new_project,
    plain,
    put,
    stats,
    tagged,
    work,
)

LINES = [tagged("a.png", "cat"), boxed("b.png", "dog", "cat"), plain("c.png")]


@pytest.fixture
def project(service: Service, caller: Caller) -> str:
    return new_project(service, caller)


def other_account(service: Service) -> str:
    """The id of a second account."""
    with service.database.write() as connection:
        connection.execute(accounts.insert(), {"id": "999999999999", "name": "other", "created": 0})
    return "999999999999"


# checklist: C01, C07
def test_a_dataset_from_nothing_is_empty_and_complete(service: Service, caller: Caller, project: str) -> None:
    arn = create_dataset(service, caller, project_arn=project, dataset_type="TEST")["DatasetArn"]
    assert arn.startswith(project.rpartition("/")[0] + "/dataset/test/")
    work(service)
    description = described(service, caller, arn)
    assert description["CreationTimestamp"] == int(arn.rpartition("/")[2]) / 1000
    assert description["LastUpdatedTimestamp"] >= description["CreationTimestamp"]
    assert description["Status"] == "CREATE_COMPLETE"
    assert description["StatusMessage"] == "The dataset was successfully created."
    assert description["StatusMessageCode"] == "SUCCESS"
    zero = {"LabeledEntries": 0, "TotalEntries": 0, "TotalLabels": 0, "ErrorEntries": 0}
    assert description["DatasetStats"] == zero
    assert listed(service, caller, arn) == []
    assert label_counts(service, caller, arn) == {}


# checklist: C02
def test_a_dataset_from_a_manifest(service: Service, caller: Caller, project: str) -> None:
    arn = asked(service, caller, LINES, project)
    description = described(service, caller, arn)
    assert description["Status"] == "CREATE_IN_PROGRESS"
    assert stats(service, caller, arn) == (0, 0, 0, 0)
    work(service)
    description = described(service, caller, arn)
    assert description["Status"] == "CREATE_COMPLETE"
    assert description["StatusMessage"] == "The dataset was successfully created from the manifest file."
    assert description["StatusMessageCode"] == "SUCCESS"
    assert stats(service, caller, arn) == (3, 2, 0, 2)
    assert keys(service, caller, arn) == ["a.png", "b.png", "c.png"]
    assert label_counts(service, caller, arn) == {"cat": (2, 1), "dog": (1, 1)}


# checklist: C03
@pytest.mark.parametrize(("type", "elsewhere"), [("TRAIN", True), ("TEST", True), ("TEST", False)])
def test_a_copy_is_a_dataset_of_its_own(
    service: Service, caller: Caller, project: str, type: str, elsewhere: bool
) -> None:
    source = made(service, caller, [*LINES, boxed("d.png", "cat", off=1)], project)
    target = new_project(service, caller) if elsewhere else project
    given: dict[str, Any] = {"project_arn": target, "dataset_type": type, "dataset_source": {"DatasetArn": source}}
    arn = create_dataset(service, caller, **given)["DatasetArn"]
    work(service)
    assert described(service, caller, arn)["Status"] == "CREATE_COMPLETE"
    before = listed(service, caller, source)
    assert listed(service, caller, arn) == before
    assert stats(service, caller, arn) == stats(service, caller, source) == (4, 3, 1, 3)
    assert label_counts(service, caller, arn) == label_counts(service, caller, source)
    changed(service, caller, source, [tagged("a.png", "bird"), tagged("new.png", "cat")])
    assert listed(service, caller, arn) == before
    changed(service, caller, arn, [tagged("other.png", "fish")])
    assert keys(service, caller, arn) == ["a.png", "b.png", "c.png", "d.png", "other.png"]
    assert keys(service, caller, source) == ["a.png", "b.png", "c.png", "d.png", "new.png"]
    assert keys(service, caller, arn, contains_labels=["cat"]) == ["a.png", "b.png", "d.png"]


# checklist: C04
def test_a_project_has_one_dataset_of_a_type(service: Service, caller: Caller, project: str) -> None:
    arn = made(service, caller, LINES, project)
    with pytest.raises(ResourceAlreadyExistsException):
        create_dataset(service, caller, project_arn=project, dataset_type="TRAIN")
    create_dataset(service, caller, project_arn=project, dataset_type="TEST")
    delete_dataset(service, caller, dataset_arn=arn)
    with pytest.raises(ResourceAlreadyExistsException):
        create_dataset(service, caller, project_arn=project, dataset_type="TRAIN")
    work(service)
    create_dataset(service, caller, project_arn=project, dataset_type="TRAIN")


# checklist: C05
@pytest.mark.parametrize(
    "source",
    [
        {},
        {"GroundTruthManifest": {}},
        {"GroundTruthManifest": {"S3Object": {}}},
        {"GroundTruthManifest": {"S3Object": {"Bucket": "pictures", "Name": "a"}}, "DatasetArn": "arn"},
    ],
)
def test_a_source_is_a_manifest_or_a_dataset(
    service: Service, caller: Caller, project: str, source: dict[str, Any]
) -> None:
    with pytest.raises(InvalidParameterException):
        create_dataset(service, caller, project_arn=project, dataset_type="TRAIN", dataset_source=source)
    assert projects.describe_projects(service, caller)["ProjectDescriptions"][0]["Datasets"] == []


# checklist: C06
@pytest.mark.parametrize(
    "place",
    [
        {"Bucket": "pictures", "Name": "none"},
        {"Bucket": "no-such-bucket", "Name": "m/lines.manifest"},
        {"Bucket": "pictures"},
        {"Name": "m/lines.manifest"},
        {"Bucket": "..", "Name": "m/lines.manifest"},
        {"Bucket": "pictures", "Name": "m/lines.manifest", "Version": "3HL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY"},
        {"Bucket": "theirs", "Name": "m/lines.manifest"},
    ],
)
def test_a_manifest_that_cannot_be_read_is_refused_at_once(
    service: Service, caller: Caller, project: str, place: dict[str, str]
) -> None:
    put(service, "\n".join(LINES))
    service.objects.create_bucket("theirs", other_account(service))
    service.objects.put("theirs", "m/lines.manifest", b"{}")
    source = {"GroundTruthManifest": {"S3Object": place}}
    with pytest.raises(InvalidS3ObjectException, match="Unable to get object metadata from S3"):
        create_dataset(service, caller, project_arn=project, dataset_type="TRAIN", dataset_source=source)
    assert projects.describe_projects(service, caller)["ProjectDescriptions"][0]["Datasets"] == []


def test_the_manifest_is_read_with_the_callers_permission(service: Service, caller: Caller, project: str) -> None:
    source = put(service, "\n".join(LINES))
    rekognition = Statement("Allow", ("rekognition:*",), ("*",))
    given: dict[str, Any] = {"project_arn": project, "dataset_type": "TRAIN", "dataset_source": source}
    for resource, error in (
        ("arn:aws:s3:::pictures/x*", InvalidS3ObjectException),
        ("arn:aws:s3:::pictures/m/*", None),
    ):
        who = Caller(service.account, "who", (rekognition, Statement("Allow", ("s3:GetObject",), (resource,))))
        if error:
            with pytest.raises(error):
                create_dataset(service, who, **given)
        else:
            create_dataset(service, who, **given)


def test_a_copy_needs_permission_to_list_the_source(service: Service, caller: Caller) -> None:
    source = made(service, caller, LINES)
    target = new_project(service, caller, "target")
    given: dict[str, Any] = {"project_arn": target, "dataset_type": "TRAIN", "dataset_source": {"DatasetArn": source}}
    create = Statement("Allow", ("rekognition:CreateDataset",), ("*",))
    with pytest.raises(AccessDeniedException, match="rekognition:ListDatasetEntries"):
        create_dataset(service, Caller(service.account, "who", (create,)), **given)
    listing = Statement("Allow", ("rekognition:ListDatasetEntries",), (source,))
    create_dataset(service, Caller(service.account, "who", (create, listing)), **given)


@pytest.mark.parametrize("denied", ["CreateDataset", "DescribeDataset", "DeleteDataset", "UpdateDatasetEntries"])
def test_permissions_are_asked_for(service: Service, caller: Caller, project: str, denied: str) -> None:
    dataset = made(service, caller, LINES, project)
    statements = (Statement("Allow", ("*",), ("*",)), Statement("Deny", (f"rekognition:{denied}",), ("*",)))
    who = Caller(service.account, "who", statements)
    given: dict[str, dict[str, Any]] = {
        "CreateDataset": {"project_arn": project, "dataset_type": "TEST"},
        "DescribeDataset": {"dataset_arn": dataset},
        "DeleteDataset": {"dataset_arn": dataset},
        "UpdateDatasetEntries": {"dataset_arn": dataset, "changes": {"GroundTruth": b"{}"}},
    }
    verbs: dict[str, Callable[..., Any]] = {
        "CreateDataset": create_dataset,
        "DescribeDataset": describe_dataset,
        "DeleteDataset": delete_dataset,
        "UpdateDatasetEntries": datasets.update_dataset_entries,
    }
    with pytest.raises(AccessDeniedException, match=denied):
        verbs[denied](service, who, **given[denied])
    assert described(service, caller, dataset)["Status"] == "CREATE_COMPLETE"


# checklist: C09
def test_a_deleted_dataset_is_gone_and_the_images_stay(service: Service, caller: Caller, project: str) -> None:
    arn = made(service, caller, LINES, project)
    service.objects.put("pictures", "a.png", b"picture")
    assert delete_dataset(service, caller, dataset_arn=arn) == {}
    assert described(service, caller, arn)["Status"] == "DELETE_IN_PROGRESS"
    work(service)
    with pytest.raises(ResourceNotFoundException):
        described(service, caller, arn)
    assert projects.describe_projects(service, caller)["ProjectDescriptions"][0]["Datasets"] == []
    assert service.objects.read("pictures", "a.png") == b"picture"


@dataclass(frozen=True)
class Verbs:
    """What can be done with a dataset in some state, each a call."""

    service: Service
    caller: Caller

    def update(self, arn: str) -> None:
        given = {"GroundTruth": plain("new.png").encode()}
        datasets.update_dataset_entries(self.service, self.caller, dataset_arn=arn, changes=given)

    def distribute(self, arn: str) -> None:
        project = projects.describe_projects(self.service, self.caller)["ProjectDescriptions"][0]
        (test,) = [item["DatasetArn"] for item in project["Datasets"] if item["DatasetType"] == "TEST"]
        datasets.distribute_dataset_entries(self.service, self.caller, datasets=[{"Arn": arn}, {"Arn": test}])

    def list_entries(self, arn: str) -> None:
        entries.list_dataset_entries(self.service, self.caller, dataset_arn=arn)

    def list_labels(self, arn: str) -> None:
        labels.list_dataset_labels(self.service, self.caller, dataset_arn=arn)

    def delete(self, arn: str) -> None:
        delete_dataset(self.service, self.caller, dataset_arn=arn)

    def copy(self, arn: str) -> None:
        target = new_project(self.service, self.caller)
        given: dict[str, Any] = {"project_arn": target, "dataset_type": "TEST", "dataset_source": {"DatasetArn": arn}}
        create_dataset(self.service, self.caller, **given)


InUse, NotReady, Invalid = ResourceInUseException, ResourceNotReadyException, InvalidParameterException
VERBS = ("update", "distribute", "list_entries", "list_labels", "delete", "copy")
STATES: dict[str, tuple[type[ServiceError] | None, ...]] = {
    "CREATE_IN_PROGRESS": (InUse, NotReady, NotReady, NotReady, InUse, Invalid),
    "UPDATE_IN_PROGRESS": (InUse, NotReady, NotReady, NotReady, InUse, Invalid),
    "CREATE_COMPLETE": (None,) * 6,
    "UPDATE_COMPLETE": (None,) * 6,
    "UPDATE_FAILED": (None,) * 6,
    "CREATE_FAILED": (InUse, NotReady, NotReady, NotReady, None, Invalid),
    "DELETE_IN_PROGRESS": (InUse, NotReady, InUse, InUse, InUse, Invalid),
}
"""What each of the verbs raises in each state."""


def in_state(service: Service, caller: Caller, project: str, state: str) -> str:
    """A training dataset in a state, by the calls that lead there."""
    lines = [tagged(f"{number}.png", "cat") for number in range(4)]
    bad = [*lines, plain("x.png").replace("s3://pictures", "s3://elsewhere")]
    if state in ("CREATE_IN_PROGRESS", "CREATE_COMPLETE", "CREATE_FAILED"):
        arn = asked(service, caller, bad if state == "CREATE_FAILED" else lines, project)
        if state != "CREATE_IN_PROGRESS":
            work(service)
    else:
        arn = made(service, caller, lines, project)
    if state.startswith("UPDATE"):
        content = {"GroundTruth": bad[-1 if state == "UPDATE_FAILED" else 0].encode()}
        datasets.update_dataset_entries(service, caller, dataset_arn=arn, changes=content)
        if state != "UPDATE_IN_PROGRESS":
            work(service)
    if state == "DELETE_IN_PROGRESS":
        delete_dataset(service, caller, dataset_arn=arn)
    assert described(service, caller, arn)["Status"] == state
    return arn


# checklist: C08, C12
@pytest.mark.parametrize("state", STATES)
def test_what_is_possible_depends_on_the_state(service: Service, caller: Caller, state: str) -> None:
    for verb, error in zip(VERBS, STATES[state], strict=True):
        project = new_project(service, caller)
        create_dataset(service, caller, project_arn=project, dataset_type="TEST")
        arn = in_state(service, caller, project, state)
        call = getattr(Verbs(service, caller), verb)
        if error is None:
            call(arn)
        else:
            with pytest.raises(error):
                call(arn)
            assert described(service, caller, arn)["Status"] == state, verb
        work(service)


# checklist: E17
def test_distribution_is_from_a_full_training_to_an_empty_test_dataset_of_its_project(
    service: Service, caller: Caller, project: str
) -> None:
    other = new_project(service, caller)
    train = made(service, caller, LINES, project)
    test = made(service, caller, None, project, "TEST")
    train_elsewhere = made(service, caller, None, other)
    test_elsewhere = made(service, caller, LINES, other, "TEST")
    for pair in (
        (train, train),
        (train, train_elsewhere),
        (test, test_elsewhere),
        (train, test_elsewhere),
        (train_elsewhere, test),
        (train_elsewhere, test_elsewhere),
    ):
        with pytest.raises(InvalidParameterException):
            distribute(service, caller, *pair)
    changed(service, caller, test, [plain("x.png")])
    with pytest.raises(InvalidParameterException, match="must be empty"):
        distribute(service, caller, train, test)
    with pytest.raises(ResourceNotFoundException):
        distribute(service, caller, train, test + "0")


def distribute(service: Service, caller: Caller, *arns: str) -> None:
    datasets.distribute_dataset_entries(service, caller, datasets=[{"Arn": arn} for arn in arns])


@pytest.mark.parametrize(
    "arn", ["arn:aws:rekognition:us-east-1:{}:project/pets/dataset/train/1", "no arn at all, but long enough"]
)
def test_an_unknown_dataset_is_not_found(service: Service, caller: Caller, arn: str) -> None:
    given: dict[str, Any] = {"dataset_arn": arn.format(service.account)}
    for call in (describe_dataset, delete_dataset, entries.list_dataset_entries, labels.list_dataset_labels):
        with pytest.raises(ResourceNotFoundException):
            call(service, caller, **given)
    with pytest.raises(ResourceNotFoundException):
        datasets.update_dataset_entries(service, caller, **given, changes={"GroundTruth": b"{}"})


def test_another_account_does_not_see_it(service: Service, caller: Caller, project: str) -> None:
    arn = made(service, caller, LINES, project)
    stranger = Caller.administrator(other_account(service))
    for call in (describe_dataset, delete_dataset, entries.list_dataset_entries, labels.list_dataset_labels):
        with pytest.raises(ResourceNotFoundException):
            call(service, stranger, dataset_arn=arn)
    own = new_project(service, stranger)
    with pytest.raises(ResourceNotFoundException):
        create_dataset(service, stranger, project_arn=own, dataset_type="TRAIN", dataset_source={"DatasetArn": arn})
