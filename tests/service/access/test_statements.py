"""What statements allow and deny."""

from __future__ import annotations

import fnmatch
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customlabels.service.access.policies import parse
from customlabels.service.access.statements import Request, allowed, matches

V1 = "arn:aws:rekognition:us-east-1:111122223333:project/pets/version/v1/1690474772815"
V2 = V1.replace("v1", "v2")
DETECT = "rekognition:DetectCustomLabels"
Conditions = dict[str, dict[str, Any]]


def policy(*statements: tuple[str, str | list[str], str | list[str]]) -> dict[str, Any]:
    members = ("Effect", "Action", "Resource")
    return {"Version": "2012-10-17", "Statement": [dict(zip(members, s, strict=True)) for s in statements]}


# checklist: L02, L03
@pytest.mark.parametrize(
    ("statements", "action", "resource", "expected"),
    [
        ([("Allow", "*", "*")], DETECT, V1, True),
        ([("Allow", DETECT, V1)], DETECT, V1, True),
        ([("Allow", DETECT, V1)], DETECT, V2, False),
        ([("Allow", DETECT, V1)], "rekognition:StartProjectVersion", V1, False),
        ([("Allow", DETECT, V1)], "rekognition:DescribeProjects", "*", False),
        ([("Allow", DETECT, "arn:aws:rekognition:*:*:project/pets/version/v1/*")], DETECT, V1, True),
        ([("Allow", DETECT, "arn:aws:rekognition:*:*:project/pets/version/v1/*")], DETECT, V2, False),
        ([("Allow", DETECT, "arn:aws:rekognition:*:*:project/pets/version/v?/*")], DETECT, V2, True),
        ([("Allow", DETECT.upper(), V1)], DETECT, V1, True),
        ([("Allow", DETECT, V1.replace("pets", "Pets"))], DETECT, V1, False),
        ([("Allow", "rekognition:*Custom*", "*")], DETECT, V1, True),
        ([("Allow", "rekognition:Describe*", "*")], DETECT, V1, False),
        ([("Allow", ["s3:*", DETECT], [V2, V1])], DETECT, V1, True),
        ([("Allow", "*", "*"), ("Deny", "*", V1)], DETECT, V1, False),
        ([("Deny", "*", V1), ("Allow", "*", "*")], DETECT, V1, False),
        ([("Allow", "*", "*"), ("Deny", "*", V1)], DETECT, V2, True),
        ([("Allow", "*", "*"), ("Deny", "rekognition:det*", "*")], DETECT, V1, False),
        ([("Deny", "*", V2)], DETECT, V1, False),
    ],
)
def test_some_statement_must_allow_and_none_deny(
    statements: list[tuple[str, str, str]], action: str, resource: str, expected: bool
) -> None:
    assert allowed(parse(policy(*statements)), Request(action, resource)) is expected


def test_nobody_may_do_anything_without_a_policy() -> None:
    assert not allowed((), Request(DETECT, V1))


RED, BLUE = {"team": "red"}, {"team": "blue"}


@pytest.mark.parametrize(
    ("condition", "resource_tags", "request_tags", "expected"),
    [
        ({"StringEquals": {"aws:ResourceTag/team": "red"}}, RED, {}, True),
        ({"StringEquals": {"aws:ResourceTag/team": ["blue", "red"]}}, RED, {}, True),
        ({"StringEquals": {"aws:ResourceTag/team": "red"}}, BLUE, {}, False),
        ({"StringEquals": {"aws:ResourceTag/team": "red"}}, {}, {}, False),
        ({"StringEquals": {"aws:ResourceTag/team": "red"}}, {}, RED, False),
        ({"StringEquals": {"aws:resourcetag/TEAM": "red"}}, RED, {}, True),
        ({"StringEquals": {"aws:ResourceTag/team": "RED"}}, RED, {}, False),
        ({"StringEqualsIgnoreCase": {"aws:ResourceTag/team": "RED"}}, RED, {}, True),
        ({"StringNotEqualsIgnoreCase": {"aws:ResourceTag/team": "RED"}}, RED, {}, False),
        ({"StringEqualsIfExists": {"aws:ResourceTag/team": "red"}}, {}, {}, True),
        ({"StringEqualsIfExists": {"aws:ResourceTag/team": "red"}}, BLUE, {}, False),
        ({"StringNotEquals": {"aws:ResourceTag/team": "red"}}, BLUE, {}, True),
        ({"StringNotEquals": {"aws:ResourceTag/team": "red"}}, {}, {}, True),
        ({"StringNotEquals": {"aws:ResourceTag/team": ["blue", "red"]}}, RED, {}, False),
        ({"StringLike": {"aws:ResourceTag/team": "r*"}}, RED, {}, True),
        ({"StringLike": {"aws:ResourceTag/team": "r*"}}, BLUE, {}, False),
        ({"StringNotLike": {"aws:ResourceTag/team": "?ed"}}, RED, {}, False),
        ({"StringEquals": {"aws:RequestTag/team": "red"}}, {}, RED, True),
        ({"StringEquals": {"aws:RequestTag/team": "red"}}, RED, {}, False),
        ({"StringEquals": {"aws:RequestTag/team": "red", "aws:ResourceTag/team": "blue"}}, BLUE, RED, True),
        ({"StringEquals": {"aws:RequestTag/team": "red", "aws:ResourceTag/team": "blue"}}, RED, RED, False),
        ({"StringEquals": {"aws:RequestTag/team": "red"}, "StringLike": {"aws:ResourceTag/a": "*"}}, {}, RED, False),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["team", "cost"]}}, {}, {"team": "", "x": ""}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["team", "cost"]}}, {}, {"x": ""}, False),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["team", "cost"]}}, {}, {}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "cost"]}}, {}, {"team": "", "x": ""}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "cost"]}}, {}, {"team": ""}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "cost"]}}, {}, {}, True),
        ({"ForAllValues:StringNotLike": {"aws:TagKeys": "secret-*"}}, {}, {"secret-x": ""}, False),
    ],
)
def test_conditions_look_at_tags(
    condition: Conditions, resource_tags: dict[str, str], request_tags: dict[str, str], expected: bool
) -> None:
    document = policy(("Allow", "*", "*"))
    document["Statement"][0]["Condition"] = condition
    assert allowed(parse(document), Request(DETECT, V1, resource_tags, request_tags)) is expected


def test_a_deny_with_a_condition_denies_where_it_holds() -> None:
    document = policy(("Allow", "*", "*"), ("Deny", "*", "*"))
    document["Statement"][1]["Condition"] = {"StringEquals": {"aws:ResourceTag/secret": "yes"}}
    assert allowed(parse(document), Request(DETECT, V1))
    assert not allowed(parse(document), Request(DETECT, V1, {"Secret": "yes"}))


@given(pattern=st.text("ab*?.[", max_size=8), text=st.text("ab.[\n", max_size=8))
def test_wildcards_match_as_those_of_a_shell(pattern: str, text: str) -> None:
    plain = re.sub(r"\[", "[[]", pattern)  # in a shell it would begin a class of characters
    assert matches(pattern, text) == fnmatch.fnmatchcase(text, plain)


def test_a_hostile_pattern_takes_no_longer_than_another() -> None:
    """With a regular expression that backtracks this test would not end."""
    assert not matches("*a" * 500 + "b", "a" * 2000)
    assert matches("*a" * 500 + "*", "a" * 2000)
