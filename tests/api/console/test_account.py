"""Users, keys and policies in the browser: what a key can do then, who may give what, and the audit log."""

from __future__ import annotations

import json
from typing import Any

import pytest

from customlabels.service.access.keys import Key, KeyRing
from customlabels.service.service import Service

from ..conftest import Client
from .conftest import Browser, NewBrowser, code, good

PASSWORD = "correct horse"
DETECT = {"Statement": {"Effect": "Allow", "Action": "rekognition:DescribeProjects", "Resource": "*"}}


def user(browser: Browser, name: str) -> dict[str, Any]:
    return good(browser.get("user", Name=name))


def test_a_user_is_invited_and_signs_in(admin: Browser, new_browser: NewBrowser) -> None:
    token = good(admin.post("users", Name="ida", Policies=["Labeler"]))["Token"]
    assert {"Name": "ida", "Policies": ["Labeler"]} in good(admin.get("users"))["Users"]
    ida = new_browser()
    good(ida.post("session/link", Token=token))
    assert good(ida.get("me"))["MayManageUsers"] is False
    good(ida.post("me/password", Password=PASSWORD))
    good(ida.post("me/password", Password=PASSWORD + "s", OldPassword=PASSWORD))
    good(admin.post("user/sign-out", Name="ida"))
    assert code(ida.get("me")) == "SignInRequired"
    good(ida.post("session/link", Token=good(admin.post("user/invite", Name="ida"))["Token"]))
    good(admin.post("user/remove", Name="ida"))
    assert code(ida.get("me")) == "SignInRequired"
    assert code(admin.get("user", Name="ida")) == "ResourceNotFoundException"


def test_a_key_made_in_the_console_is_good_for_the_api(
    admin: Browser, new_browser: NewBrowser, client: Client, service: Service
) -> None:
    kay = new_browser("kay", "ReadOnly")
    made = good(kay.post("keys", Name="kay"))
    rekognition = client("rekognition", Key(made["Id"], made["Secret"]))
    assert rekognition.describe_projects()["ResponseMetadata"]["HTTPStatusCode"] == 200
    for shown in (user(admin, "kay"), good(kay.get("keys", Name="kay"))):
        assert [key["Id"] for key in shown["Keys"]] == [made["Id"]]
        assert made["Secret"] not in json.dumps(shown)
    for other in ({"Name": "administrator"}, {"Name": "kay", "Id": "AKIAIOSFODNN7EXAMPLE"}):
        assert code(kay.post("keys/disable", **{"Id": made["Id"], **other})) in (
            "AccessDeniedException",
            "InvalidParameterException",
        )
    good(kay.post("keys/disable", Name="kay", Id=made["Id"]))
    assert KeyRing(service.database).find(made["Id"]) is None


def test_policies_are_presets_or_json(admin: Browser, new_browser: NewBrowser) -> None:
    ben = new_browser("ben")
    assert code(ben.post("rekognition/DescribeProjects")) == "AccessDeniedException"
    good(admin.post("user/attach", Name="ben", Policy="mine", Document=json.dumps(DETECT)))
    assert ben.call("DescribeProjects")
    assert user(admin, "ben")["Policies"] == [{"Name": "mine", "Preset": False, "Document": DETECT}]
    good(admin.post("user/detach", Name="ben", Policy="mine"))
    assert code(ben.post("rekognition/DescribeProjects")) == "AccessDeniedException"
    table = [
        ({"Policy": "mine", "Document": "{"}, "InvalidParameterException"),
        ({"Policy": "mine", "Document": '{"Statement": []}'}, "InvalidParameterException"),
        ({"Policy": "mine", "Document": "[" * 5000}, "InvalidParameterException"),
        ({"Policy": "ReadOnly", "Document": json.dumps(DETECT)}, "InvalidParameterException"),
        ({"Policy": "none"}, "ResourceNotFoundException"),
        ({"Policy": "ReadOnly", "Name": "nobody"}, "ResourceNotFoundException"),
        ({"Policy": "x" * 129, "Document": json.dumps(DETECT)}, "InvalidParameterException"),
    ]
    for given, error in table:
        assert code(admin.post("user/attach", **{"Name": "ben", **given})) == error
    assert user(admin, "ben")["Policies"] == []


def test_who_may_make_users_cannot_make_mightier_ones(admin: Browser, new_browser: NewBrowser) -> None:
    clerk = new_browser("clerk")
    document = {"Statement": {"Effect": "Allow", "Action": "iam:CreateUser", "Resource": "*"}}
    good(admin.post("user/attach", Name="clerk", Policy="clerk", Document=json.dumps(document)))
    assert code(clerk.post("users", Name="boss", Policies=["Administrator"])) == "AccessDeniedException"
    good(clerk.post("users", Name="temp"))
    assert [row["Policies"] for row in good(admin.get("users"))["Users"] if row["Name"] in ("boss", "temp")] == [[]]


@pytest.mark.parametrize("name", ["", "a b", "<b>", "x" * 65, "ü", "a/b"])
def test_names_that_users_cannot_have_are_refused(admin: Browser, name: str) -> None:
    assert code(admin.post("users", Name=name)) == "InvalidParameterException"


def test_the_last_administrator_stays(admin: Browser) -> None:
    assert code(admin.post("user/remove", Name="administrator")) == "InvalidParameterException"
    assert good(admin.get("me"))["User"] == "administrator"


# checklist: L06
def test_the_audit_log_shows_what_was_done_newest_first(admin: Browser, rekognition: Any) -> None:
    rekognition.create_project(ProjectName="audited")
    code(admin.post("labels", DatasetArn="audited-dataset", Names=["x"]))
    first, second = good(admin.get("audit", Text="AUDITED-dataset"))["Events"][0], good(admin.get("audit"))["Events"]
    assert (first["operation"], first["resource"]) == ("Console labels", "audited-dataset")
    assert first["result"] == "ResourceNotFoundException"
    assert len(second) <= 500
    assert [event["time"] for event in second] == sorted((event["time"] for event in second), reverse=True)
    assert any(event["operation"] == "CreateProject" for event in second[:50])
