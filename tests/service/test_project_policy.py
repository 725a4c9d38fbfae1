"""Which documents are project policies, and whom they allow what."""

from __future__ import annotations

import json
from typing import Any

import pytest

from customlabels.service.errors import MalformedPolicyDocumentException
from customlabels.service.project_policy import decide, parse

OTHER = "111111111111"
ADMIN = f"arn:aws:iam::{OTHER}:user/Admin"
ONE = "arn:aws:rekognition:us-east-1:123456789012:project/my_project/version/test_1/1627045542080"
TWO = "arn:aws:rekognition:us-east-1:123456789012:project/my_project/version/test_2/1627045542081"


def statement(**changes: Any) -> dict[str, Any]:
    """The one of AWS's documentation, with members changed, or left out where they are `...`."""
    members = {
        "Effect": "Allow",
        "Principal": {"AWS": ADMIN},
        "Action": "rekognition:CopyProjectVersion",
        "Resource": ONE,
    }
    return {name: value for name, value in (members | changes).items() if value is not ...}


def document(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [
        ("*", True),
        ({"AWS": "*"}, True),
        ({"AWS": OTHER}, True),
        ({"AWS": f"arn:aws:iam::{OTHER}:root"}, True),
        ({"AWS": ADMIN}, True),
        ({"AWS": ["222222222222", ADMIN]}, True),
        ({"AWS": "222222222222"}, False),
        ({"AWS": "arn:aws:iam::222222222222:root"}, False),
        ({"AWS": f"arn:aws:iam::{OTHER}:user/Administrator"}, False),
        ({"AWS": f"arn:aws:iam::{OTHER}:role/Admin"}, False),
    ],
)
def test_principals(principal: Any, allowed: bool) -> None:
    grants = parse(document(statement(Principal=principal)))
    assert decide(grants, ADMIN, ONE) == ("Allow" if allowed else None)


# checklist: L03
@pytest.mark.parametrize(
    ("resource", "versions"),
    [
        (ONE, [ONE]),
        ([ONE, TWO], [ONE, TWO]),
        ("*", [ONE, TWO]),
        ("arn:aws:rekognition:*:*:project/my_project/version/*", [ONE, TWO]),
        ("arn:aws:rekognition:us-east-1:123456789012:project/my_project/version/test_?/*", [ONE, TWO]),
        ("arn:aws:rekognition:us-east-1:123456789012:project/my_project/*", [ONE, TWO]),
        ("arn:aws:rekognition:us-east-1:123456789012:project/my_project/version/test_2/*", [TWO]),
        ("arn:aws:rekognition:us-east-1:999999999999:project/my_project/version/*", []),
    ],
)
def test_resources(resource: Any, versions: list[str]) -> None:
    grants = parse(document(statement(Resource=resource)))
    assert [version for version in (ONE, TWO) if decide(grants, ADMIN, version)] == versions


# checklist: J04, L03
@pytest.mark.parametrize(
    ("effects", "decision"),
    [
        (["Allow"], "Allow"),
        (["ALLOW"], "Allow"),
        (["Allow", "deny"], "Deny"),
        (["DENY", "allow"], "Deny"),
        (["Deny"], "Deny"),
    ],
)
def test_deny_wins_in_any_case_and_order(effects: list[str], decision: str) -> None:
    assert decide(parse(document(*(statement(Effect=effect) for effect in effects))), ADMIN, ONE) == decision


@pytest.mark.parametrize(
    "content",
    [
        {"Statement": [statement()]},
        {"Version": "2008-10-17", "Id": "mine", "Statement": statement(Sid="one")},
        {"Version": "2012-10-17", "Statement": [statement(Action=["Rekognition:copyprojectversion"])]},
    ],
)
def test_other_ways_to_write_it(content: dict[str, Any]) -> None:
    assert decide(parse(json.dumps(content)), ADMIN, ONE) == "Allow"


# checklist: J06
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("[" * 2000, "no JSON"),
        ("[]", "must be a JSON object"),
        ("{}", "must have a Statement"),
        ('{"Statement": []}', "must have a Statement"),
        ('{"Statement": [1]}', "Statement 1 must be a JSON object"),
        ('{"Statement": [], "Statement": []}', "occurs twice"),
        (json.dumps({"Version": "2011", "Statement": statement()}), "Version is '2011'"),
        (json.dumps({"Statements": statement(), "Statement": statement()}), "has Statements"),
        (document(statement(Effect=...)), "has no Effect"),
        (document(statement(Effect="Maybe")), "Effect 'Maybe'"),
        (document(statement(Effect=1)), "Effect 1"),
        (document(statement(Principal=...)), "has no Principal"),
        (document(statement(), statement(Principal=...)), "Statement 2 has no Principal"),
        (document(statement(Principal="me")), "Principal that is neither"),
        (document(statement(Principal={"Service": "rekognition.amazonaws.com"})), "one member AWS"),
        (document(statement(Principal={"AWS": []})), "must be a text or a list"),
        (document(statement(Principal={"AWS": "1111"})), "Principal '1111'"),
        (document(statement(Principal={"AWS": "arn:aws:iam::111111111111:user/*"})), "Principal 'arn"),
        (document(statement(Action=...)), "has no Action"),
        (document(statement(Action="rekognition:DetectCustomLabels")), "can only have rekognition:CopyProjectVersion"),
        (document(statement(Action=["rekognition:CopyProjectVersion", "s3:GetObject"])), "Action 's3:GetObject'"),
        (document(statement(Action="rekognition:*")), "can only have rekognition:CopyProjectVersion"),
        (document(statement(Action=..., NotAction="rekognition:CopyProjectVersion")), "has NotAction"),
        (document(statement(NotPrincipal="*")), "has NotPrincipal"),
        (document(statement(NotResource=ONE)), "has NotResource"),
        (document(statement(Resource=...)), "has no Resource"),
        (document(statement(Resource="arn:aws:s3:::bucket/key")), "must be the ARN of a model version"),
        (
            document(statement(Resource=ONE.partition("/version")[0] + "/1627045542080")),
            "must be the ARN of a model version",
        ),
        (document(statement(Resource=[ONE, 1])), "must be a text or a list"),
        (document(statement(Condition={"Bool": {"aws:SecureTransport": "true"}})), "has Condition"),
    ],
)
def test_what_is_no_project_policy_is_refused_with_words(text: str, words: str) -> None:
    with pytest.raises(MalformedPolicyDocumentException, match=words):
        parse(text)
