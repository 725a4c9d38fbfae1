"""AWS's SDK for Python, unmodified: the specification's script, external manifests, paginators, presigned addresses."""

from __future__ import annotations

import io
import json
import re
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

from .conftest import FAST, Served, Trained, settled, status_of, two_datasets, until
from .pictures import Pictures


@pytest.fixture(scope="module")
def rekognition(server: Served) -> Any:
    return server.client("rekognition")


@pytest.fixture(scope="module")
def s3(server: Served) -> Any:
    return server.client("s3")


# checklist: A01, A02, A08, A11, B01, B09, C01, C02, C09, F01, F02, F11, G14, H01, H03, H07, H17, I01, I04, I05, I09
def test_the_specifications_script(rekognition: Any, s3: Any, bucket: str, pictures: Pictures) -> None:
    began = datetime.now(UTC)
    project = rekognition.create_project(ProjectName="demo")["ProjectArn"]
    (described,) = rekognition.describe_projects(ProjectNames=["demo"])["ProjectDescriptions"]
    assert described["Status"] in ("CREATING", "CREATED")
    assert described["Datasets"] == []
    assert abs(described["CreationTimestamp"] - began) < timedelta(seconds=2)
    train, test = two_datasets(rekognition, project, bucket, "boxes.manifest")
    assert settled(rekognition, train)["DatasetStats"]["TotalEntries"] == 16
    assert settled(rekognition, test)["DatasetStats"]["TotalEntries"] == 4

    version = rekognition.create_project_version(
        ProjectArn=project, VersionName="v1", OutputConfig={"S3Bucket": bucket, "S3KeyPrefix": "out"}, Tags=FAST
    )["ProjectVersionArn"]
    for arn, what in ((project, ""), (train, "/dataset/train"), (test, "/dataset/test"), (version, "/version/v1")):
        made = re.fullmatch(rf"arn:aws:rekognition:us-east-1:\d{{12}}:project/demo{what}/(\d{{13}})", arn)
        assert made, arn
        assert float(made[1]) / 1000 == pytest.approx(began.timestamp(), abs=60)
    found = rekognition.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
    assert [(v["Status"], bool(v["StatusMessage"])) for v in found] == [("TRAINING_IN_PROGRESS", True)]
    waiter = rekognition.get_waiter("project_version_training_completed")
    waiter.wait(ProjectArn=project, VersionNames=["v1"], WaiterConfig={"Delay": 2})
    (described,) = rekognition.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
    assert described["TrainingDataResult"]["Input"] == {}
    assert described["TestingDataResult"]["Input"] == {"AutoCreate": False}
    summary = _read_json(s3, described["EvaluationResult"]["Summary"])
    aggregated = summary["AggregatedEvaluationResults"]
    assert described["EvaluationResult"]["F1Score"] == aggregated["F1Score"] >= 0.8
    assert {"AveragePrecision", "AverageRecall"} <= set(aggregated)
    assert "ConfusionMatrix" not in aggregated
    assert set(_read_json(s3, described["ManifestSummary"])["statistics"]) == {"training", "testing"}

    assert rekognition.start_project_version(ProjectVersionArn=version, MinInferenceUnits=1)["Status"] == "STARTING"
    waiter = rekognition.get_waiter("project_version_running")
    waiter.wait(ProjectArn=project, VersionNames=["v1"], WaiterConfig={"Delay": 2})
    entry = pictures.entries[0]
    assert entry.boxes is not None
    data = (pictures.folder / entry.source_ref).read_bytes()
    found = rekognition.detect_custom_labels(ProjectVersionArn=version, Image={"Bytes": data}, MinConfidence=50)
    (label,) = found["CustomLabels"]
    assert label["Name"] == "disc"
    box = label["Geometry"]["BoundingBox"]
    truth = entry.boxes[0]
    got = (box["Left"] * 240, box["Top"] * 180, box["Width"] * 240, box["Height"] * 180)
    assert got == pytest.approx((truth.left, truth.top, truth.width, truth.height), abs=12)

    assert rekognition.stop_project_version(ProjectVersionArn=version)["Status"] == "STOPPING"
    until(lambda: status_of(rekognition, project, "v1") == "STOPPED", "the model's stop")
    assert rekognition.delete_project_version(ProjectVersionArn=version)["Status"] == "DELETING"
    until(lambda: status_of(rekognition, project, "v1") == "", "the version's end")
    for arn in (train, test):
        rekognition.delete_dataset(DatasetArn=arn)
        until(partial(_is_gone, rekognition, arn), "the dataset's end")
    assert rekognition.delete_project(ProjectArn=project)["Status"] == "DELETING"
    until(lambda: not rekognition.describe_projects(ProjectNames=["demo"])["ProjectDescriptions"], "the project's end")
    assert s3.head_object(Bucket=bucket, Key=pictures.keys[0])["ContentLength"] == len(data)


# checklist: F06, F07
def test_external_manifests_with_a_test_set_of_its_own_making(rekognition: Any, s3: Any, bucket: str) -> None:
    project = rekognition.create_project(ProjectName="external")["ProjectArn"]
    manifest = {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Name": "labels.manifest"}}}
    before = s3.get_object(Bucket=bucket, Key="labels.manifest")["Body"].read()
    version = rekognition.create_project_version(
        ProjectArn=project,
        VersionName="1",
        OutputConfig={"S3Bucket": bucket, "S3KeyPrefix": "external/output/"},
        TrainingData={"Assets": [manifest]},
        TestingData={"Assets": [], "AutoCreate": True},
        Tags=FAST,
    )["ProjectVersionArn"]
    waiter = rekognition.get_waiter("project_version_training_completed")
    waiter.wait(ProjectArn=project, VersionNames=["1"], WaiterConfig={"Delay": 1})
    (described,) = rekognition.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
    assert described["TrainingDataResult"]["Input"] == {"Assets": [manifest]}
    assert described["TestingDataResult"]["Input"] == {"Assets": [], "AutoCreate": True}
    summary = _read_json(s3, described["EvaluationResult"]["Summary"])
    assert summary["EvaluationDetails"]["NumberOfTrainingImages"] == 16
    assert summary["EvaluationDetails"]["NumberOfTestingImages"] == 4
    assert s3.get_object(Bucket=bucket, Key="labels.manifest")["Body"].read() == before
    (found,) = rekognition.describe_projects(ProjectNames=["external"])["ProjectDescriptions"]
    assert found["Datasets"] == []
    rekognition.delete_project_version(ProjectVersionArn=version)


# checklist: H04, H06, H13, H16, I07, I08
def test_a_classifier_answers_alike_for_bytes_and_objects(
    rekognition: Any, s3: Any, bucket: str, pictures: Pictures, running: Trained
) -> None:
    for key in (pictures.keys[0], pictures.keys[-1]):
        bytes_ = {"Bytes": (pictures.folder / key).read_bytes()}
        stored = {"S3Object": {"Bucket": bucket, "Name": key}}
        by_bytes, by_name = (
            rekognition.detect_custom_labels(ProjectVersionArn=running.version, Image=image)["CustomLabels"]
            for image in (bytes_, stored)
        )
        assert by_bytes == by_name
        (label,) = by_bytes
        assert label["Name"] == key.split("/")[0]
        assert "Geometry" not in label
    found = rekognition.describe_project_versions(ProjectArn=running.project, VersionNames=[running.version_name])
    evaluation = found["ProjectVersionDescriptions"][0]["EvaluationResult"]
    assert evaluation["F1Score"] >= 0.9
    summary = _read_json(s3, evaluation["Summary"])
    shares: dict[str, float] = {}
    for cell in summary["AggregatedEvaluationResults"]["ConfusionMatrix"]:
        shares[cell["GroundTruthLabel"]] = shares.get(cell["GroundTruthLabel"], 0) + cell["Value"]
    assert shares == pytest.approx({"disc": 1, "cross": 1})
    labels = summary["LabelEvaluationResults"]
    for measure in ("F1Score", "Precision", "Recall"):
        mean = sum(label["Metrics"][measure] for label in labels) / len(labels)
        assert summary["AggregatedEvaluationResults"][measure] == pytest.approx(mean, abs=1e-9)


# checklist: E11, J01, J02, J03, J07
def test_every_paginator_gives_each_item_once(
    rekognition: Any, s3: Any, bucket: str, pictures: Pictures, trained: Trained
) -> None:
    names = [f"paged-{i}" for i in range(4)]
    projects = [rekognition.create_project(ProjectName=name)["ProjectArn"] for name in names]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "111111111111"},
                "Action": "rekognition:CopyProjectVersion",
                "Resource": trained.version,
            }
        ],
    }
    for i in range(4):
        rekognition.put_project_policy(
            ProjectArn=trained.project, PolicyName=f"p{i}", PolicyDocument=json.dumps(policy)
        )
        rekognition.copy_project_version(
            SourceProjectArn=trained.project,
            SourceProjectVersionArn=trained.version,
            DestinationProjectArn=projects[0],
            VersionName=f"copy-{i}",
            OutputConfig={"S3Bucket": bucket, "S3KeyPrefix": f"copies/{i}"},
        )
    for i in range(4):
        until(partial(_has_status, rekognition, projects[0], f"copy-{i}", "COPYING_COMPLETED"), "a copy")

    wanted = [
        ("describe_projects", {}, "ProjectArn", {trained.project, *projects}),
        ("describe_project_versions", {"ProjectArn": projects[0]}, "VersionName", {f"copy-{i}" for i in range(4)}),
        ("list_dataset_entries", {"DatasetArn": trained.train}, "source-ref", None),
        ("list_dataset_labels", {"DatasetArn": trained.train}, "LabelName", {"disc", "cross"}),
        ("list_project_policies", {"ProjectArn": trained.project}, "PolicyName", {f"p{i}" for i in range(4)}),
    ]
    for operation, arguments, key, expected in wanted:
        for size in (1, 3, 5 if operation == "list_project_policies" else 100):
            pages = rekognition.get_paginator(operation).paginate(**arguments, PaginationConfig={"PageSize": size})
            found = [_name(item, key) for item in pages.result_key_iters()[0]]
            assert len(found) == len(set(found)), (operation, size)
            if expected is None:
                assert len(found) == 16
                assert set(found) < {f"s3://{bucket}/{picture}" for picture in pictures.keys}
            else:
                assert expected <= set(found), (operation, size)

    (copy,) = rekognition.describe_project_versions(ProjectArn=projects[0], VersionNames=["copy-0"])[
        "ProjectVersionDescriptions"
    ]
    assert copy["SourceProjectVersionArn"] == trained.version
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix="copies/0/")["Contents"]]
    assert any("EvaluationResultSummary" in key for key in keys)
    key = pictures.keys[3]
    answers = []
    for project, name, arn in (
        (trained.project, trained.version_name, trained.version),
        (projects[0], "copy-0", copy["ProjectVersionArn"]),
    ):
        rekognition.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
        waiter = rekognition.get_waiter("project_version_running")
        waiter.wait(ProjectArn=project, VersionNames=[name], WaiterConfig={"Delay": 1})
        image = {"S3Object": {"Bucket": bucket, "Name": key}}
        found = rekognition.detect_custom_labels(ProjectVersionArn=arn, Image=image, MinConfidence=0)
        answers.append(found["CustomLabels"])
        rekognition.stop_project_version(ProjectVersionArn=arn)
        until(partial(_has_status, rekognition, project, name, "STOPPED"), "a stop")
    assert answers[0] == answers[1]
    assert len(answers[0]) == 2
    for i in range(4):
        rekognition.delete_project_policy(ProjectArn=trained.project, PolicyName=f"p{i}")
        rekognition.delete_project_version(ProjectVersionArn=_copy(rekognition, projects[0], i))
    until(
        lambda: not rekognition.describe_project_versions(ProjectArn=projects[0])["ProjectVersionDescriptions"],
        "the copies' end",
    )
    for project in projects:
        rekognition.delete_project(ProjectArn=project)


# checklist: F10, G14
def test_the_trainings_waiter_fails_at_once_where_the_training_did(rekognition: Any, s3: Any, bucket: str) -> None:
    one = json.dumps({"source-ref": f"s3://{bucket}/nowhere.png"}) + "\n"
    s3.put_object(Bucket=bucket, Key="nothing.manifest", Body=one.encode())
    project = rekognition.create_project(ProjectName="failing")["ProjectArn"]
    asset = {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Name": "nothing.manifest"}}}
    arn = rekognition.create_project_version(
        ProjectArn=project,
        VersionName="1",
        OutputConfig={"S3Bucket": bucket, "S3KeyPrefix": "failing"},
        TrainingData={"Assets": [asset]},
        TestingData={"Assets": [asset]},
    )["ProjectVersionArn"]
    waiter = rekognition.get_waiter("project_version_training_completed")
    with pytest.raises(WaiterError, match="TRAINING_FAILED"):
        waiter.wait(ProjectArn=project, VersionNames=["1"], WaiterConfig={"Delay": 1})
    (described,) = rekognition.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
    assert "EvaluationResult" not in described
    summary = _read_json(s3, described["ManifestSummary"])
    assert summary["statistics"]["training"]["total_json_lines"] == 1
    rekognition.delete_project_version(ProjectVersionArn=arn)


@pytest.mark.parametrize("version", [None, "s3v4"], ids=["as the SDK comes", "version 4"])
def test_presigned_addresses_carry_a_picture_both_ways(
    version: str | None, server: Served, bucket: str, pictures: Pictures
) -> None:
    s3 = server.client("s3", config=Config(signature_version=version))
    data = (pictures.folder / pictures.keys[0]).read_bytes()
    where = {"Bucket": bucket, "Key": "presigned/ä b+c.png"}
    put = s3.generate_presigned_url("put_object", Params=where, ExpiresIn=60)
    # urllib sends a type of its own, which the older signatures cover.
    request = urllib.request.Request(put, data=data, method="PUT", headers={"Content-Type": ""})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    get = s3.generate_presigned_url("get_object", Params=where, ExpiresIn=60)
    with urllib.request.urlopen(get) as answer:
        assert answer.read() == data
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(get.replace("presigned/", "elsewhere/"))


def test_a_large_upload_goes_in_parts_and_comes_back(s3: Any, bucket: str) -> None:
    data = bytes(range(256)) * (9 * 4096)  # 9 MiB: above the SDK's threshold for multipart uploads
    s3.upload_fileobj(io.BytesIO(data), bucket, "large.bin")
    assert "-" in s3.head_object(Bucket=bucket, Key="large.bin")["ETag"]
    back = io.BytesIO()
    s3.download_fileobj(bucket, "large.bin", back)
    assert back.getvalue() == data


# checklist: A06, A07, B02, B10
def test_errors_are_the_exceptions_that_scripts_catch(rekognition: Any) -> None:
    gone = rekognition.create_project(ProjectName="gone")["ProjectArn"]
    rekognition.delete_project(ProjectArn=gone)
    until(lambda: not rekognition.describe_projects(ProjectNames=["gone"])["ProjectDescriptions"], "the project's end")
    again = rekognition.create_project(ProjectName="gone")["ProjectArn"]
    assert again != gone
    with pytest.raises(rekognition.exceptions.ResourceNotFoundException) as caught:
        rekognition.describe_project_versions(ProjectArn=gone)
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert response["ResponseMetadata"]["RequestId"]
    assert response["Error"]["Message"]
    with pytest.raises(rekognition.exceptions.ResourceInUseException):
        rekognition.create_project(ProjectName="gone")
    with pytest.raises(ClientError) as refused:
        rekognition.detect_labels(Image={"Bytes": b"x"})
    assert "DetectCustomLabels" in refused.value.response["Error"]["Message"]
    rekognition.delete_project(ProjectArn=again)


def _read_json(s3: Any, place: dict[str, Any]) -> Any:
    found = place["S3Object"]
    return json.loads(s3.get_object(Bucket=found["Bucket"], Key=found["Name"])["Body"].read())


def _name(item: Any, key: str) -> str:
    if isinstance(item, str):
        return str(json.loads(item)[key])
    return str(item["ProjectVersionArn"].split("/")[3] if key == "VersionName" else item[key])


def _has_status(rekognition: Any, project: str, version: str, status: str) -> bool:
    return status_of(rekognition, project, version) == status


def _copy(rekognition: Any, project: str, number: int) -> str:
    found = rekognition.describe_project_versions(ProjectArn=project, VersionNames=[f"copy-{number}"])
    return str(found["ProjectVersionDescriptions"][0]["ProjectVersionArn"])


def _is_gone(rekognition: Any, dataset: str) -> bool:
    try:
        rekognition.describe_dataset(DatasetArn=dataset)
    except rekognition.exceptions.ResourceNotFoundException:
        return True
    return False
