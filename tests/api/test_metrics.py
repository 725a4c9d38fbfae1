"""Counts under CloudWatch's names, for Prometheus."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError
from prometheus_client.parser import text_string_to_metric_families

from customlabels.api.metrics import Metrics
from customlabels.engine.units import Counts
from customlabels.service.access.keys import Key

from .conftest import NewUser, Wire

VERSION = "arn:aws:rekognition:us-east-1:{}:project/pets/version/v1/1690474772815"
REMOTE = {"X-Forwarded-For": "192.0.2.7"}  # what a proxy on this machine says of its client


def value(text: bytes, name: str, **labels: str) -> float | None:
    samples = [s for family in text_string_to_metric_families(text.decode()) for s in family.samples]
    return next((s.value for s in samples if s.name == name and labels.items() <= s.labels.items()), None)


def test_calls_are_counted_by_how_they_ended() -> None:
    metrics = Metrics(dict)
    for status, code in (
        (200, "OK"),
        (200, "OK"),
        (400, "ResourceNotFoundException"),
        (400, "ProvisionedThroughputExceededException"),
        (500, "ThrottlingException"),
        (500, "InternalServerError"),
    ):
        metrics.record("DetectCustomLabels", status, code, 0.02)
    text = metrics.text()
    names = ("SuccessfulRequestCount", "UserErrorCount", "ThrottledCount", "ServerErrorCount")
    counts = [value(text, f"{name}_total", Operation="DetectCustomLabels") for name in names]
    assert counts == [2, 1, 2, 1]
    assert value(text, "ResponseTime_count", Operation="DetectCustomLabels") == 6
    assert value(text, "ResponseTime_sum", Operation="DetectCustomLabels") == pytest.approx(0.12)


def test_inference_units_are_told_by_model() -> None:
    def units() -> Mapping[str, Counts]:
        return {VERSION.format("111122223333"): Counts(1, 3, 2, 1), VERSION.format("444455556666"): Counts(4, 4, 4, 4)}

    text = Metrics(units).text()
    names = ("MinInferenceUnits", "MaxInferenceUnits", "DesiredInferenceUnits", "InServiceInferenceUnits")
    for account, expected in (("111122223333", [1, 3, 2, 1]), ("444455556666", [4, 4, 4, 4])):
        model = {"AccountId": account, "ProjectName": "pets", "VersionName": "v1"}
        assert [value(text, name, **model) for name in names] == expected


def test_the_server_counts_its_calls(rekognition: Any, wire: Wire) -> None:
    def counts() -> tuple[float, float]:
        text = wire.send("GET", "/metrics").body
        found = [
            value(text, f"{n}_total", Operation="DescribeProjects")
            for n in ("SuccessfulRequestCount", "UserErrorCount")
        ]
        return found[0] or 0, found[1] or 0

    before = counts()
    rekognition.describe_projects()
    with pytest.raises(ClientError):
        rekognition.describe_projects(MaxResults=101)
    assert counts() == (before[0] + 1, before[1] + 1)


# checklist: L01
def test_metrics_are_free_on_the_loopback_and_need_a_key_elsewhere(wire: Wire, new_user: NewUser) -> None:
    assert wire.send("GET", "/metrics").status == 200
    assert wire.send("GET", "/metrics", headers=REMOTE).status == 401
    assert wire.send("GET", "/metrics", headers=REMOTE | basic(Key(wire.key.id, "wrong"))).status == 401
    assert wire.send("GET", "/metrics", headers=REMOTE | {"Authorization": "Basic ?"}).status == 401
    assert wire.send("GET", "/metrics", headers=REMOTE | basic(wire.key)).status == 200
    signed = wire.signed("GET", "/metrics", b"", "monitoring")
    assert wire.send("GET", "/metrics", headers=REMOTE | signed).status == 200
    assert wire.send("GET", "/metrics", headers=REMOTE | basic(new_user("scraper", "ReadOnly"))).status == 200
    assert wire.send("GET", "/metrics", headers=REMOTE | basic(new_user("robot", "Inference-only"))).status == 403


def basic(key: Key) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key.id}:{key.secret}".encode()).decode()}
