"""The names of projects, datasets and model versions: arn:aws:rekognition:REGION:ACCOUNT:project/NAME/..."""

from __future__ import annotations

import re

NAME = r"[a-zA-Z0-9_.\-]{1,255}"
_HEAD = r"arn:[a-z\d-]+:rekognition:[a-z\d-]+:\d{12}:project/"
PROJECT = re.compile(rf"{_HEAD}{NAME}/[0-9]+")
DATASET = re.compile(rf"{_HEAD}{NAME}/dataset/(train|test)/[0-9]+")
VERSION = re.compile(rf"{_HEAD}{NAME}/version/{NAME}/[0-9]+")


def project_arn(region: str, account: str, name: str, created: int) -> str:
    """`created` in milliseconds, as in all ARNs."""
    return f"arn:aws:rekognition:{region}:{account}:project/{name}/{created}"


def dataset_arn(project: str, type: str, created: int) -> str:
    """Of the dataset of a project's ARN; `type` is TRAIN or TEST."""
    return f"{project.rpartition('/')[0]}/dataset/{type.lower()}/{created}"


def version_arn(project: str, name: str, created: int) -> str:
    """Of a model version of a project's ARN."""
    return f"{project.rpartition('/')[0]}/version/{name}/{created}"


def account_of(arn: str) -> str:
    return arn.split(":")[4]


def user_arn(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:user/{name}"


def names_of(arn: str) -> tuple[str, str]:
    """(project name, version name) of a model version's ARN."""
    parts = arn.split(":", 5)[5].split("/")
    return parts[1], parts[3]


def names_of_dataset(arn: str) -> tuple[str, str, str]:
    """(project name, train or test, when it was created) of a dataset's ARN."""
    parts = arn.split(":", 5)[5].split("/")
    return parts[1], parts[3], parts[4]
