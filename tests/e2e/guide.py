"""A user's script after AWS's developer guide: the calls of its samples, in their order, with the same unguarded reads.

It is told where the server is by the environment alone. Arguments: bucket, key of a picture, file with a line to add.
What it reads is printed as JSON; any member that a sample needs and does not find is a KeyError.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import ClientError
from PIL import Image

PAUSE = 0.1
"""Seconds between polls; the samples take 5 to 10."""


def main(bucket: str, photo: str, updates: str) -> dict[str, Any]:
    rekognition = boto3.client("rekognition")
    project = rekognition.create_project(ProjectName="guide")["ProjectArn"]
    empty = _project(rekognition, "guide")
    source = {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Name": "labels.manifest"}}}
    train = rekognition.create_dataset(ProjectArn=project, DatasetType="TRAIN", DatasetSource=source)["DatasetArn"]
    test = rekognition.create_dataset(ProjectArn=project, DatasetType="TEST")["DatasetArn"]
    for dataset in (train, test):
        _wait(partial(_dataset_status, rekognition, dataset), "CREATE_IN_PROGRESS", "CREATE_COMPLETE")
    rekognition.distribute_dataset_entries(Datasets=[{"Arn": train}, {"Arn": test}])
    for dataset in (train, test):  # from the answer on, no other state may be seen
        _wait(partial(_dataset_status, rekognition, dataset), "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE")
    with open(updates, encoding="utf-8") as file:
        rekognition.update_dataset_entries(DatasetArn=test, Changes={"GroundTruth": file.read()})
    _wait(partial(_dataset_status, rekognition, test), "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE")
    read: dict[str, Any] = {
        "empty": empty,
        "project": _project(rekognition, "guide"),
        "datasets": _dataset(rekognition, test),
    }
    read["entries"] = [_entries(rekognition, test, errors) for errors in (False, True)]

    version = _train(rekognition, project, bucket)
    read["trained"] = _model(rekognition, project, version)
    read["confusion"] = _pivot(boto3.resource("s3"), bucket, "guide/output/EvaluationResultSummary-guide-v1.json")
    rekognition.start_project_version(ProjectVersionArn=version, MinInferenceUnits=1)
    rekognition.get_waiter("project_version_running").wait(ProjectArn=project, VersionNames=[_name(version)])
    read["running"] = _model(rekognition, project, version)
    read["labels"] = _detect(rekognition, boto3.resource("s3"), version, bucket, photo)
    rekognition.stop_project_version(ProjectVersionArn=version)["Status"]
    _wait(lambda: _model(rekognition, project, version)["Status"], "STOPPING", "STOPPED")

    rekognition.delete_project_version(ProjectVersionArn=version)
    versions = {"ProjectArn": project, "VersionNames": [version.split("/")[3]]}
    _until(lambda: len(rekognition.describe_project_versions(**versions)["ProjectVersionDescriptions"]) == 0)
    for dataset in (train, test):
        rekognition.delete_dataset(DatasetArn=dataset)
        _until(partial(_is_deleted, rekognition, dataset))
    rekognition.delete_project(ProjectArn=project)["Status"]
    _until(lambda: len(rekognition.describe_projects(ProjectNames=["guide"])["ProjectDescriptions"]) == 0)
    return read


def _project(rekognition: Any, name: str) -> list[Any]:
    (project,) = rekognition.describe_projects(ProjectNames=[name])["ProjectDescriptions"]
    members = ("CreationTimestamp", "DatasetType", "DatasetArn", "Status", "StatusMessage", "StatusMessageCode")
    return [project["ProjectArn"], project["Status"]] + [
        [str(dataset[member]) for member in members] for dataset in project["Datasets"]
    ]


def _dataset(rekognition: Any, arn: str) -> list[Any]:
    found = rekognition.describe_dataset(DatasetArn=arn)["DatasetDescription"]
    shown = [found["Status"], found["StatusMessage"], found["StatusMessageCode"]]
    shown += [str(found["CreationTimestamp"]), str(found["LastUpdatedTimestamp"])]
    return shown + [found["DatasetStats"][member] for member in ("LabeledEntries", "TotalEntries", "TotalLabels")]


def _dataset_status(rekognition: Any, arn: str) -> str:
    return str(_dataset(rekognition, arn)[0])


def _entries(rekognition: Any, dataset: str, errors: bool) -> int:
    """As many as are listed, from an empty token on until a reply has none."""
    count, token = 0, ""
    while True:
        page = rekognition.list_dataset_entries(DatasetArn=dataset, HasErrors=errors, MaxResults=2, NextToken=token)
        count += len([json.loads(entry)["source-ref"] for entry in page["DatasetEntries"]])
        if "NextToken" not in page:
            return count
        token = page["NextToken"]


def _train(rekognition: Any, project: str, bucket: str) -> str:
    """Train a version and wait with the SDK's own waiter."""
    output = {"S3Bucket": bucket, "S3KeyPrefix": "guide/output"}
    version = rekognition.create_project_version(
        ProjectArn=project, VersionName="v1", OutputConfig=output, Tags={"customlabels:effort": "fast"}
    )["ProjectVersionArn"]
    waiter = rekognition.get_waiter("project_version_training_completed")
    waiter.wait(ProjectArn=project, VersionNames=["v1"])
    return str(version)


def _name(version: str) -> str:
    return version.split("version/", 1)[1].rpartition("/")[0]


def _model(rekognition: Any, project: str, version: str) -> dict[str, Any]:
    found = rekognition.describe_project_versions(ProjectArn=project, VersionNames=[_name(version)])
    (model,) = found["ProjectVersionDescriptions"]
    shown: dict[str, Any] = {
        name: str(model[name]) for name in ("CreationTimestamp", "ProjectVersionArn", "Status", "StatusMessage")
    }
    if "BillableTrainingTimeInSeconds" in model:
        shown["Minutes"] = model["BillableTrainingTimeInSeconds"] / 60
    if "EvaluationResult" in model:
        summary = model["EvaluationResult"]["Summary"]["S3Object"]
        shown |= {"F1Score": model["EvaluationResult"]["F1Score"], "Summary": [summary["Bucket"], summary["Name"]]}
    if "ManifestSummary" in model:
        shown["ManifestSummary"] = model["ManifestSummary"]["S3Object"]["Name"]
    if "OutputConfig" in model:
        shown["Output"] = f"s3://{model['OutputConfig']['S3Bucket']}/{model['OutputConfig']['S3KeyPrefix']}"
    if "MinInferenceUnits" in model:
        shown["MinInferenceUnits"] = model["MinInferenceUnits"]
    return shown


def _pivot(s3: Any, bucket: str, key: str) -> dict[str, dict[str, float]]:
    """The confusion matrix of an evaluation summary as rows of true labels and columns of predicted ones."""
    summary = json.loads(s3.Object(bucket, key).get()["Body"].read())
    rows: dict[str, dict[str, float]] = {label: {} for label in summary["EvaluationDetails"]["Labels"]}
    for cell in summary["AggregatedEvaluationResults"]["ConfusionMatrix"]:
        rows[cell["GroundTruthLabel"]][cell["PredictedLabel"]] = cell["Value"]
    return rows


def _detect(rekognition: Any, s3: Any, version: str, bucket: str, photo: str) -> list[Any]:
    image = Image.open(io.BytesIO(s3.Object(bucket, photo).get()["Body"].read()))
    place = {"S3Object": {"Bucket": bucket, "Name": photo}}
    found = rekognition.detect_custom_labels(Image=place, MinConfidence=60, ProjectVersionArn=version)
    shown = []
    for label in found["CustomLabels"]:
        box = label["Geometry"]["BoundingBox"] if "Geometry" in label else None
        pixels = box and [image.width * box["Left"], image.height * box["Top"]]
        shown.append([label["Name"], int(round(label["Confidence"], 0)), pixels])
    return shown


def _is_deleted(rekognition: Any, dataset: str) -> bool:
    try:
        rekognition.describe_dataset(DatasetArn=dataset)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return True
        raise
    return False


def _wait(status: Callable[[], str], while_in: str, wanted: str) -> None:
    """Poll a status that may only be one of two, as the samples do."""
    while (now := status()) != wanted:
        if now != while_in:
            raise SystemExit(f"Unexpected state: {now}, neither {while_in} nor {wanted}")
        time.sleep(PAUSE)


def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(PAUSE)


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
