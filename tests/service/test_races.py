"""Of calls at the same moment that exclude each other, one succeeds and the others are told why not."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from customlabels.service import datasets, policies, projects
from customlabels.service.access.caller import Caller
from customlabels.service.service import Service

CALLS = 6
POLICY = (
    '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "rekognition:CopyProjectVersion", "Resource": "*"}}'
)

Race = Callable[[Service, Caller, str], Any]


def at_once(call: Callable[[], Any]) -> Counter[str]:
    """How often a call succeeded, and how often it raised what, made by several threads at the same moment."""
    ready, outcomes = threading.Barrier(CALLS), Counter[str]()

    def run() -> None:
        ready.wait()
        try:
            call()
        except Exception as error:
            outcomes[type(error).__name__] += 1
        else:
            outcomes["success"] += 1

    threads = [threading.Thread(target=run) for _ in range(CALLS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.fixture
def project(service: Service, caller: Caller) -> str:
    return str(projects.create_project(service, caller, project_name="pets")["ProjectArn"])


@pytest.mark.parametrize(
    ("call", "refusal"),
    [
        pytest.param(
            lambda service, caller, _: projects.create_project(service, caller, project_name="new"),
            "ResourceInUseException",
            id="create_project",
        ),
        pytest.param(
            lambda service, caller, arn: projects.delete_project(service, caller, project_arn=arn),
            "ResourceInUseException",
            id="delete_project",
        ),
        pytest.param(
            lambda service, caller, arn: datasets.create_dataset(
                service, caller, project_arn=arn, dataset_type="TRAIN"
            ),
            "ResourceAlreadyExistsException",
            id="create_dataset",
        ),
        pytest.param(
            lambda service, caller, arn: policies.put_project_policy(
                service, caller, project_arn=arn, policy_name="copy", policy_document=POLICY
            ),
            "ResourceAlreadyExistsException",
            id="put_project_policy",
        ),
    ],
)
def test_one_succeeds(service: Service, caller: Caller, project: str, call: Race, refusal: str) -> None:
    assert at_once(lambda: call(service, caller, project)) == {"success": 1, refusal: CALLS - 1}


def test_limits_hold(service: Service, caller: Caller, project: str) -> None:
    names = iter("abcdefgh")

    def put() -> None:
        policies.put_project_policy(
            service, caller, project_arn=project, policy_name=next(names), policy_document=POLICY
        )

    assert at_once(put) == {"success": 5, "ServiceQuotaExceededException": CALLS - 5}
