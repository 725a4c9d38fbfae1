"""Values that botocore lets pass and the model does not allow, with AWS's words for them."""

from __future__ import annotations

import re
import sys
import unicodedata
from typing import Any

import pytest
from botocore.model import Shape

from customlabels.api.constraints import check, compiled
from customlabels.api.protocol import operation_model
from customlabels.api.rekognition import OPERATIONS

PROJECT = "arn:aws:rekognition:us-east-1:111122223333:project/pets/1690474772815"
DATASET = "arn:aws:rekognition:us-east-1:111122223333:project/pets/dataset/train/1690474772815"
VERSION = "arn:aws:rekognition:us-east-1:111122223333:project/pets/version/1/1690474772815"
S3 = {"S3Object": {"Bucket": "photos", "Name": "a.jpg"}}
OUTPUT = {"S3Bucket": "photos", "S3KeyPrefix": "out"}
POLICY = {"ProjectArn": PROJECT, "PolicyName": "p", "PolicyDocument": "{}"}
TRAINING = {"ProjectArn": PROJECT, "VersionName": "v", "OutputConfig": OUTPUT}


def violation(operation: str, request: dict[str, Any]) -> str | None:
    shape = operation_model(operation).input_shape
    assert shape is not None
    return check(shape, request)


def with_(base: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {**base, **changed}


# checklist: A09, A10, B03
@pytest.mark.parametrize(
    ("operation", "request_", "member", "must"),
    [
        ("CreateProject", {}, "projectName", "not be null"),
        ("CreateProject", {"ProjectName": ""}, "projectName", "have length greater than or equal to 1"),
        ("CreateProject", {"ProjectName": "x" * 256}, "projectName", "have length less than or equal to 255"),
        ("CreateProject", {"ProjectName": "bad name!"}, "projectName", "satisfy regular expression pattern"),
        ("CreateProject", {"ProjectName": "naïve"}, "projectName", "satisfy regular expression pattern"),
        ("CreateProject", {"ProjectName": "a\n"}, "projectName", "satisfy regular expression pattern"),
        ("CreateProject", {"ProjectName": "a", "Feature": "NOPE"}, "feature", "satisfy enum value set"),
        ("CreateProject", {"ProjectName": "a", "Tags": {"aws:x": "1"}}, "tags.key", "satisfy regular expression"),
        ("CreateProject", {"ProjectName": "a", "Tags": {"k": "<"}}, "tags.k.member", "satisfy regular expression"),
        ("CreateProject", {"ProjectName": "a", "Tags": {"k": "v" * 257}}, "tags.k.member", "have length less than"),
        (
            "CreateProject",
            {"ProjectName": "a", "Tags": {f"k{i}": "" for i in range(201)}},
            "tags",
            "have length less than or equal to 200",
        ),
        ("DescribeProjects", {"MaxResults": 0}, "maxResults", "have value greater than or equal to 1"),
        ("DescribeProjects", {"MaxResults": 101}, "maxResults", "have value less than or equal to 100"),
        ("DescribeProjects", {"NextToken": "x" * 1025}, "nextToken", "have length less than or equal to 1024"),
        ("DescribeProjects", {"ProjectNames": []}, "projectNames", "have length greater than or equal to 1"),
        ("DescribeProjects", {"ProjectNames": ["a"] * 11}, "projectNames", "have length less than or equal to 10"),
        ("DescribeProjects", {"ProjectNames": ["a", "b c"]}, "projectNames.2.member", "satisfy regular expression"),
        ("DescribeProjects", {"Features": ["CUSTOM_LABELS"] * 3}, "features", "have length less than or equal to 2"),
        ("DeleteProject", {"ProjectArn": "short"}, "projectArn", "have length greater than or equal to 20"),
        ("DeleteProject", {"ProjectArn": DATASET}, "projectArn", "satisfy regular expression pattern"),
        ("DeleteProject", {"ProjectArn": PROJECT.replace("1111", "१११")}, "projectArn", "satisfy regular expression"),
        ("DescribeDataset", {"DatasetArn": PROJECT}, "datasetArn", "satisfy regular expression pattern"),
        ("DescribeDataset", {"DatasetArn": DATASET.replace("train", "TRAIN")}, "datasetArn", "satisfy regular"),
        ("CreateDataset", {"ProjectArn": PROJECT, "DatasetType": "train"}, "datasetType", "satisfy enum value set"),
        ("ListDatasetEntries", {"DatasetArn": DATASET, "MaxResults": 101}, "maxResults", "have value less than"),
        (
            "ListDatasetEntries",
            {"DatasetArn": DATASET, "ContainsLabels": ["a"] * 11},
            "containsLabels",
            "have length less",
        ),
        (
            "ListDatasetEntries",
            {"DatasetArn": DATASET, "SourceRefContains": " \t"},
            "sourceRefContains",
            "satisfy regular",
        ),
        ("ListDatasetLabels", {"DatasetArn": DATASET, "MaxResults": 101}, "maxResults", "have value less than"),
        (
            "UpdateDatasetEntries",
            {"DatasetArn": DATASET, "Changes": {"GroundTruth": b"x" * 5242881}},
            "changes.groundTruth",
            "have length less than or equal to 5242880",
        ),
        (
            "UpdateDatasetEntries",
            {"DatasetArn": DATASET, "Changes": {"GroundTruth": b""}},
            "changes.groundTruth",
            "have length greater than or equal to 1",
        ),
        ("DistributeDatasetEntries", {"Datasets": [{"Arn": DATASET}]}, "datasets", "have length greater than"),
        ("DistributeDatasetEntries", {"Datasets": [{"Arn": DATASET}] * 3}, "datasets", "have length less than"),
        ("DistributeDatasetEntries", {"Datasets": [{"Arn": DATASET}, {}]}, "datasets.2.member.arn", "not be null"),
        ("CreateProjectVersion", with_(TRAINING, VersionName="v 1"), "versionName", "satisfy regular expression"),
        ("CreateProjectVersion", with_(TRAINING, VersionDescription="<b>"), "versionDescription", "satisfy regular"),
        ("CreateProjectVersion", with_(TRAINING, KmsKeyId="-"), "kmsKeyId", "satisfy regular expression"),
        (
            "CreateProjectVersion",
            with_(TRAINING, OutputConfig={"S3Bucket": "a/b/c"}),
            "outputConfig.s3Bucket",
            "satisfy regular expression",
        ),
        (
            "CreateProjectVersion",
            with_(TRAINING, OutputConfig={"S3KeyPrefix": "x" * 1025}),
            "outputConfig.s3KeyPrefix",
            "have length less than or equal to 1024",
        ),
        ("DescribeProjectVersions", {"ProjectArn": PROJECT, "MaxResults": 101}, "maxResults", "have value less than"),
        (
            "DescribeProjectVersions",
            {"ProjectArn": PROJECT, "VersionNames": ["a"] * 11},
            "versionNames",
            "have length less",
        ),
        (
            "StartProjectVersion",
            {"ProjectVersionArn": VERSION, "MinInferenceUnits": 0},
            "minInferenceUnits",
            "have value greater than or equal to 1",
        ),
        (
            "DetectCustomLabels",
            {"ProjectVersionArn": VERSION, "Image": S3, "MinConfidence": 100.1},
            "minConfidence",
            "have value less than or equal to 100",
        ),
        (
            "DetectCustomLabels",
            {"ProjectVersionArn": VERSION, "Image": S3, "MaxResults": -1},
            "maxResults",
            "have value greater than or equal to 0",
        ),
        (
            "DetectCustomLabels",
            {"ProjectVersionArn": VERSION, "Image": {"Bytes": b""}},
            "image.bytes",
            "have length greater",
        ),
        (
            "DetectCustomLabels",
            {"ProjectVersionArn": VERSION, "Image": {"S3Object": {"Bucket": "ab"}}},
            "image.s3Object.bucket",
            "have length greater than or equal to 3",
        ),
        ("PutProjectPolicy", with_(POLICY, PolicyName="x" * 129), "policyName", "have length less than"),
        ("PutProjectPolicy", with_(POLICY, PolicyDocument="x" * 2001), "policyDocument", "have length less than"),
        ("PutProjectPolicy", with_(POLICY, PolicyDocument="{Ā}"), "policyDocument", "satisfy regular expression"),
        ("PutProjectPolicy", with_(POLICY, PolicyRevisionId="xyz"), "policyRevisionId", "satisfy regular expression"),
        ("ListProjectPolicies", {"ProjectArn": PROJECT, "MaxResults": 6}, "maxResults", "have value less than"),
        ("TagResource", {"ResourceArn": PROJECT, "Tags": {"": "v"}}, "tags.key", "have length greater than"),
        ("TagResource", {"ResourceArn": PROJECT, "Tags": {"k" * 129: "v"}}, "tags.key", "have length less than"),
        (
            "UntagResource",
            {"ResourceArn": PROJECT, "TagKeys": [str(i) for i in range(201)]},
            "tagKeys",
            "have length less than or equal to 200",
        ),
    ],
)
def test_a_violation_is_named_as_aws_does(operation: str, request_: dict[str, Any], member: str, must: str) -> None:
    found = violation(operation, request_)
    assert found is not None
    assert " detected: Value " in found
    assert f" at '{member}' failed to satisfy constraint: Member must {must}" in found


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("CreateProject", {"ProjectName": "A-z_0.9", "Feature": "CONTENT_MODERATION", "AutoUpdate": "ENABLED"}),
        ("CreateProject", {"ProjectName": "x" * 255, "Tags": {"Größe": "", "a b/c:d=e+f-g@h._": "ü\u3000٣"}}),
        ("DescribeProjects", {"NextToken": "", "MaxResults": 100, "ProjectNames": ["a"] * 10}),
        ("ListDatasetEntries", {"DatasetArn": DATASET, "ContainsLabels": ["Border Collie", "ü"], "MaxResults": 1}),
        ("CreateProjectVersion", {**TRAINING, "VersionDescription": "It's (v.1), ok: yes;-_?", "OutputConfig": {}}),
        ("DetectCustomLabels", {"ProjectVersionArn": VERSION, "Image": {}, "MaxResults": 0, "MinConfidence": 100.0}),
        ("PutProjectPolicy", with_(POLICY, PolicyDocument='{\n\t"é": 1}\r\n')),
        ("TagResource", {"ResourceArn": "any text of twenty letters", "Tags": {}}),
    ],
)
def test_what_the_model_allows_passes(operation: str, request_: dict[str, Any]) -> None:
    assert violation(operation, request_) is None


def test_several_violations_are_counted_and_long_values_cut() -> None:
    found = violation("DescribeProjects", {"MaxResults": 101, "ProjectNames": ["x" * 10_000]})
    assert found is not None
    assert found.startswith("2 validation errors detected: Value '101' at 'maxResults'")
    assert f"'{'x' * 200}...' at 'projectNames.1.member'" in found
    many = violation("TagResource", {"ResourceArn": PROJECT, "Tags": {f"<{i}": "" for i in range(200)}})
    assert many is not None
    assert many.startswith("200 validation errors detected")
    assert many.endswith("; and 190 more")
    assert many.count("failed to satisfy") == 10


def _patterns(shape: Shape, seen: set[str]) -> set[str]:
    if shape.name in seen:
        return set()
    seen.add(shape.name)
    inner = [*getattr(shape, "members", {}).values()]
    inner += [getattr(shape, name) for name in ("member", "key", "value") if hasattr(shape, name)]
    own = {shape.metadata["pattern"]} if "pattern" in shape.metadata else set()
    return own.union(*(_patterns(child, seen) for child in inner))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_pattern_of_the_model_is_understood(operation: str) -> None:
    shape = operation_model(operation).input_shape
    assert shape is not None
    for pattern in _patterns(shape, set()):
        compiled(pattern)


def test_classes_of_unicode_are_those_of_java() -> None:
    """Each character is a tag's value if and only if it is a letter, a separator, a number, or of those listed."""
    tag = compiled(r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$")
    characters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    wrong = [
        c for c in characters if (unicodedata.category(c)[0] in "LZN" or c in "_.:/=+-@") != bool(tag.fullmatch(c))
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("java", "text", "fits"),
    [
        (r"[\d]{2}\d", "123", True),
        (r"[\d]{2}\d", "12٣", False),
        (r".{1,}", "a b", True),
        (r".{1,}", "a\u2028b", False),
        (r".*\S.*", " \u00a0 ", True),
        (r".*\S.*", " \t ", False),
        (r"[.]", ".", True),
        (r"[.]", "x", False),
    ],
)
def test_patterns_mean_what_they_mean_in_java(java: str, text: str, fits: bool) -> None:
    assert bool(compiled(java).fullmatch(text)) is fits


@pytest.mark.parametrize("pattern", [r"\p{Lu}", r"[\S]", r"\w+", r"a\b"])
def test_a_pattern_that_may_mean_something_else_is_not_guessed(pattern: str) -> None:
    with pytest.raises(ValueError, match=re.escape(pattern[pattern.index("\\") :][:2])):
        compiled(pattern)
