"""CreateProject, DescribeProjects, DeleteProject."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from customlabels.service import clock, datasets, policies, projects, tags
from customlabels.service.access.caller import Caller
from customlabels.service.access.statements import Statement
from customlabels.service.errors import (
    AccessDeniedException,
    InvalidPaginationTokenException,
    InvalidParameterException,
    LimitExceededException,
    ResourceInUseException,
    ResourceNotFoundException,
    ServiceError,
)
from customlabels.service.projects import (
    create_project,
    delete_project,
    delete_project_with_contents,
    describe_projects,
)
from customlabels.service.service import Service
from customlabels.store.tables import accounts, jobs, project_policies, versions
from customlabels.store.tables import tags as tag_rows

from .manifests import BUCKET, asked, made, new_project, tagged, work
from .rows import CREATED, add_version, model_folder, state
from .trainings import work as work_on_models

STRANGER = "999999999999"
POLICY = (
    '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "rekognition:CopyProjectVersion", "Resource": "*"}}'
)


@pytest.fixture
def stranger(service: Service) -> Caller:
    """The administrator of another account."""
    with service.database.write() as connection:
        connection.execute(accounts.insert(), {"id": STRANGER, "name": "other", "created": 0})
    return Caller.administrator(STRANGER)


def described(service: Service, caller: Caller, **given: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = describe_projects(service, caller, **given)["ProjectDescriptions"]
    return found


def names(service: Service, caller: Caller, **given: Any) -> list[str]:
    return [item["ProjectArn"].split("/")[1] for item in described(service, caller, **given)]


# checklist: B01, B04
def test_a_new_project_is_there_at_once(service: Service, caller: Caller) -> None:
    arn = new_project(service, caller, "pets")
    assert re.fullmatch(rf"arn:aws:rekognition:us-east-1:{service.account}:project/pets/\d{{13}}", arn)
    (project,) = described(service, caller)
    assert project == {
        "ProjectArn": arn,
        "CreationTimestamp": int(arn.rpartition("/")[2]) / 1000,
        "Status": "CREATED",
        "Feature": "CUSTOM_LABELS",
        "Datasets": [],
    }


# checklist: B05
def test_a_project_names_its_datasets(service: Service, caller: Caller) -> None:
    project = new_project(service, caller)
    arns = [made(service, caller, None, project, type) for type in ("TRAIN", "TEST")]
    (description,) = described(service, caller)
    assert [item["DatasetArn"] for item in description["Datasets"]] == arns
    assert description["Datasets"][1] == {
        "CreationTimestamp": int(arns[1].rpartition("/")[2]) / 1000,
        "DatasetType": "TEST",
        "DatasetArn": arns[1],
        "Status": "CREATE_COMPLETE",
        "StatusMessage": "The dataset was successfully created.",
        "StatusMessageCode": "SUCCESS",
    }


# checklist: B02
@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"project_name": "pets"}, ResourceInUseException),
        ({"project_name": "new", "feature": "CONTENT_MODERATION"}, InvalidParameterException),
        ({"project_name": "new", "auto_update": "ENABLED"}, InvalidParameterException),
        ({"project_name": "new", "tags": {"aws:x": "y"}}, InvalidParameterException),
    ],
)
def test_what_is_refused_makes_no_project(
    service: Service, caller: Caller, given: dict[str, Any], error: type[ServiceError]
) -> None:
    new_project(service, caller, "pets")
    with pytest.raises(error):
        create_project(service, caller, **given)
    assert names(service, caller) == ["pets"]


def test_names_differ_by_case_and_by_account(service: Service, caller: Caller, stranger: Caller) -> None:
    for who, name in ((caller, "pets"), (caller, "Pets"), (stranger, "pets")):
        new_project(service, who, name)
    assert names(service, caller) == ["Pets", "pets"]
    assert names(service, stranger) == ["pets"]


@pytest.mark.parametrize(("limit", "possible"), [(2, 2), (0, 4)])
def test_the_number_of_projects_is_limited_but_for_zero(
    service: Service, caller: Caller, stranger: Caller, limit: int, possible: int
) -> None:
    limited = replace(service, settings=replace(service.settings, max_projects=limit))
    new_project(limited, stranger)
    for number in range(possible):
        new_project(limited, caller, f"p{number}")
    if limit:
        with pytest.raises(LimitExceededException, match="CUSTOMLABELS_MAX_PROJECTS"):
            new_project(limited, caller)
    assert len(described(limited, caller)) == possible


# checklist: B06
def test_describe_filters_by_name_and_feature(service: Service, caller: Caller) -> None:
    for name in ("a", "b", "c"):
        new_project(service, caller, name)
    assert names(service, caller) == ["c", "b", "a"]  # newest first
    assert names(service, caller, project_names=["a", "c", "none"]) == ["c", "a"]
    assert names(service, caller, project_names=["none"]) == []
    assert names(service, caller, features=["CUSTOM_LABELS", "CONTENT_MODERATION"]) == ["c", "b", "a"]
    assert names(service, caller, features=["CONTENT_MODERATION"]) == []


# checklist: E11, E12
@pytest.mark.parametrize("size", [1, 3, 100])
def test_pages_hold_every_project_once(service: Service, caller: Caller, size: int) -> None:
    for number in range(7):
        new_project(service, caller, f"p{number}")
    found, token = [], ""
    while True:
        page = describe_projects(service, caller, max_results=size, next_token=token)
        assert len(page["ProjectDescriptions"]) <= size
        found += [item["ProjectArn"].split("/")[1] for item in page["ProjectDescriptions"]]
        if "NextToken" not in page:
            break
        token = page["NextToken"]
    assert found == [f"p{number}" for number in reversed(range(7))]


# checklist: E13
def test_a_token_is_good_for_its_own_list_only(service: Service, caller: Caller, stranger: Caller) -> None:
    for name in ("a", "b"):
        new_project(service, caller, name)
    token = describe_projects(service, caller, max_results=1)["NextToken"]
    with pytest.raises(InvalidPaginationTokenException):
        describe_projects(service, caller, next_token=token, project_names=["a"])
    with pytest.raises(InvalidPaginationTokenException):
        describe_projects(service, stranger, next_token=token)


# checklist: B07, B08
def test_a_project_goes_after_its_datasets_and_models(service: Service, caller: Caller) -> None:
    project = add_version(service, "v1", "TRAINING_COMPLETED").replace("/version/v1", "")
    with pytest.raises(ResourceInUseException, match="model versions \\(v1\\)"):
        delete_project(service, caller, project_arn=project)
    project = new_project(service, caller, "other")
    dataset = made(service, caller, None, project)
    with pytest.raises(ResourceInUseException, match="datasets \\(TRAIN\\)"):
        delete_project(service, caller, project_arn=project)
    datasets.delete_dataset(service, caller, dataset_arn=dataset)
    with pytest.raises(ResourceInUseException, match="datasets"):  # it is not gone yet
        delete_project(service, caller, project_arn=project)
    work(service)
    delete_project(service, caller, project_arn=project)
    work(service)
    assert names(service, caller) == ["pets"]


# checklist: B09
def test_a_deleted_project_disappears_with_its_policies_and_tags(service: Service, caller: Caller) -> None:
    arn = create_project(service, caller, project_name="pets", tags={"team": "shelter"})["ProjectArn"]
    policies.put_project_policy(service, caller, project_arn=arn, policy_name="copy", policy_document=POLICY)
    assert delete_project(service, caller, project_arn=arn) == {"Status": "DELETING"}
    assert described(service, caller)[0]["Status"] == "DELETING"
    with pytest.raises(ResourceInUseException):
        delete_project(service, caller, project_arn=arn)
    with pytest.raises(ResourceInUseException):
        create_project(service, caller, project_name="pets")
    with pytest.raises(ResourceInUseException):
        datasets.create_dataset(service, caller, project_arn=arn, dataset_type="TRAIN")
    work(service)
    assert described(service, caller) == []
    with service.database.read() as connection:
        assert connection.execute(select(project_policies)).all() == []
        assert connection.execute(select(tag_rows)).all() == []


# checklist: K02
def test_a_project_goes_with_all_that_it_has(service: Service, caller: Caller) -> None:
    version = add_version(service, "v1", "TRAINING_COMPLETED")
    project = version.replace("/version/v1", "")
    folder = model_folder(service, f"{_row_of(service, version)}-{CREATED}")
    dataset = made(service, caller, [tagged("a.png", "cat")], project)
    made(service, caller, None, project, "TEST")
    tags.tag_resource(service, caller, resource_arn=dataset, tags={"a": "b"})
    delete_project_with_contents(service, caller, project)
    assert described(service, caller)[0]["Status"] == "DELETING"
    assert state(service, version)[0] == "DELETING"
    with pytest.raises(ResourceInUseException):
        delete_project_with_contents(service, caller, project)
    work(service)
    assert described(service, caller) != []  # its model is not gone yet
    work_on_models(service)
    with service.database.write() as connection:
        connection.execute(jobs.update().values(lease_until=0))
    work(service)
    assert described(service, caller) == []
    assert not folder.exists()
    with service.database.read() as connection:
        assert [connection.execute(select(table)).all() for table in (tag_rows, jobs)] == [[], []]
    assert service.objects.head(BUCKET, "m/lines.manifest")  # what is in buckets stays


def _row_of(service: Service, version: str) -> int:
    with service.database.read() as connection:
        return int(connection.execute(select(versions.c.id).where(versions.c.arn == version)).scalar_one())


# checklist: K02
@pytest.mark.parametrize("status", ["TRAINING_IN_PROGRESS", "RUNNING", "STARTING", "COPYING_IN_PROGRESS"])
def test_a_model_in_work_keeps_its_project(service: Service, caller: Caller, status: str) -> None:
    add_version(service, "v0", "TRAINING_COMPLETED")
    project = add_version(service, "v1", status).replace("/version/v1", "")
    made(service, caller, None, project)
    with pytest.raises(ResourceInUseException, match=f"v1 is {status}: stop it"):
        delete_project_with_contents(service, caller, project)
    assert described(service, caller)[0]["Status"] == "CREATED"
    assert described(service, caller)[0]["Datasets"][0]["Status"] == "CREATE_COMPLETE"


def test_a_dataset_in_work_keeps_its_project(service: Service, caller: Caller) -> None:
    project = new_project(service, caller)
    dataset = asked(service, caller, [tagged("a.png", "cat")], project)
    with pytest.raises(ResourceInUseException, match=f"{dataset} is CREATE_IN_PROGRESS: wait"):
        delete_project_with_contents(service, caller, project)
    work(service)
    delete_project_with_contents(service, caller, project)


def test_what_is_in_a_project_is_deleted_only_by_those_who_may(
    service: Service, caller: Caller, stranger: Caller
) -> None:
    project = new_project(service, caller)
    dataset = made(service, caller, None, project)
    tags.tag_resource(service, caller, resource_arn=dataset, tags={"keep": "yes"})
    kept = {"StringEquals": {"aws:ResourceTag/keep": "yes"}}
    everything = Statement("Allow", ("*",), ("*",))
    table = [
        ((Statement("Allow", ("rekognition:DeleteProject",), ("*",)),), "DeleteDataset"),
        ((everything, Statement("Deny", ("rekognition:DeleteDataset",), ("*",), kept)), "DeleteDataset"),
        ((Statement("Allow", ("rekognition:DeleteDataset",), ("*",)),), "DeleteProject"),
    ]
    for statements, missing in table:
        with pytest.raises(AccessDeniedException, match=f"rekognition:{missing}"):
            delete_project_with_contents(service, Caller(caller.account, "eve", statements), project)
    with pytest.raises(ResourceNotFoundException):
        delete_project_with_contents(service, stranger, project)
    assert described(service, caller)[0]["Status"] == "CREATED"


# checklist: B10
def test_a_name_used_again_has_another_arn(service: Service, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: 1_700_000_000_000)  # all within one millisecond
    seen = set()
    for _ in range(3):
        arn = new_project(service, caller, "pets")
        seen.add(arn)
        seen.add(made(service, caller, None, arn))
        with pytest.raises(ResourceNotFoundException):
            delete_project(service, caller, project_arn=f"{arn}0")
        datasets.delete_dataset(service, caller, dataset_arn=made(service, caller, None, arn, "TEST"))
        datasets.delete_dataset(service, caller, dataset_arn=described(service, caller)[0]["Datasets"][0]["DatasetArn"])
        work(service)
        delete_project(service, caller, project_arn=arn)
        work(service)
    assert len(seen) == 6


@pytest.mark.parametrize("arn", ["arn:aws:rekognition:us-east-1:{}:project/none/1", "no arn at all, but long enough"])
def test_an_unknown_project_is_not_found(service: Service, caller: Caller, arn: str) -> None:
    with pytest.raises(ResourceNotFoundException):
        delete_project(service, caller, project_arn=arn.format(service.account))


def test_another_account_does_not_see_it(service: Service, caller: Caller, stranger: Caller) -> None:
    arn = new_project(service, caller)
    with pytest.raises(ResourceNotFoundException):
        delete_project(service, stranger, project_arn=arn)
    with pytest.raises(ResourceNotFoundException):
        datasets.create_dataset(service, stranger, project_arn=arn, dataset_type="TRAIN")
    assert described(service, stranger) == []


# checklist: B11
def test_tags_given_at_creation_are_kept(service: Service, caller: Caller) -> None:
    given = {"team": "shelter", "empty": ""}
    arn = create_project(service, caller, project_name="pets", tags=given)["ProjectArn"]
    assert tags.list_tags_for_resource(service, caller, resource_arn=arn) == {"Tags": given}


def test_permissions_are_asked_for(service: Service, caller: Caller) -> None:
    arn = new_project(service, caller, "pets")
    here = f"arn:aws:rekognition:*:{service.account}:project/pets/*"
    creator = Caller(service.account, "creator", (Statement("Allow", ("rekognition:CreateProject",), (here,)),))
    with pytest.raises(AccessDeniedException, match="rekognition:CreateProject"):
        create_project(service, creator, project_name="others")
    with pytest.raises(ResourceInUseException):
        create_project(service, creator, project_name="pets")
    with pytest.raises(AccessDeniedException, match="rekognition:DescribeProjects on resource: \\*"):
        describe_projects(service, creator)
    with pytest.raises(AccessDeniedException, match="rekognition:DeleteProject"):
        delete_project(service, creator, project_arn=arn)


def test_permissions_can_depend_on_tags(service: Service, caller: Caller) -> None:
    condition = {"StringEquals": {"aws:RequestTag/team": "shelter"}}
    owned = {"StringEquals": {"aws:ResourceTag/team": "shelter"}}
    who = Caller(
        service.account,
        "labeler",
        (
            Statement("Allow", ("rekognition:CreateProject",), ("*",), condition),
            Statement("Allow", ("rekognition:DeleteProject",), ("*",), owned),
        ),
    )
    with pytest.raises(AccessDeniedException):
        create_project(service, who, project_name="a", tags={"team": "other"})
    mine = create_project(service, who, project_name="a", tags={"team": "shelter"})["ProjectArn"]
    others = create_project(service, caller, project_name="b", tags={"team": "other"})["ProjectArn"]
    delete_project(service, who, project_arn=mine)
    with pytest.raises(AccessDeniedException):
        delete_project(service, who, project_arn=others)


def test_tags_of_another_account_cannot_be_probed(service: Service, caller: Caller) -> None:
    owned = {"StringEquals": {"aws:ResourceTag/team": "shelter"}}
    probe = Caller(STRANGER, "probe", (Statement("Allow", ("*",), ("*",), owned),))
    for value in ("shelter", "other"):
        arn = create_project(service, caller, project_name=value, tags={"team": value})["ProjectArn"]
        with pytest.raises(AccessDeniedException):
            delete_project(service, probe, project_arn=arn)
    assert projects.describe_projects(service, caller, project_names=["shelter"])["ProjectDescriptions"]
