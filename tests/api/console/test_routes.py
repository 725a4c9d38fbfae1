"""All routes of the console, whatever they are given and whoever asks: an answer in words, and never a 500."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from customlabels.api.console.routes import MANY, ROUTES, UPLOADS
from customlabels.api.console.sign_in import HEADER
from customlabels.server import Server
from customlabels.service.service import Service

from .conftest import API, Browser, NewBrowser, NewDataset, code, good

ALL = pytest.mark.parametrize(("method", "route"), ROUTES, ids=str)
UNKNOWN = "arn:aws:rekognition:us-east-1:111122223333:project/pets{}/1690474772815"
LASTING = {"user/remove", "user/sign-out", "user/detach", "user/attach", "projects/delete", "examples", "me/password"}
"""Routes that would take from under the fuzz what other examples need, or take long: nothing right is sent there."""


def _picture() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (64, 64)).save(stream, "PNG")
    return stream.getvalue()


PICTURE = _picture()


@pytest.fixture(scope="session")
def known(admin: Browser, new_dataset: NewDataset, service: Service) -> dict[str, list[Any]]:
    """Values that mean something to the routes, by the names of their parameters."""
    dataset = new_dataset("console-fuzz")
    image = good(admin.put("images/upload", PICTURE, DatasetArn=dataset, Name="a.png", Label="cat"))
    bucket = good(admin.get("me"))["Bucket"]
    refs = [image["SourceRef"], "s3://nowhere/a.png", f"s3://{bucket}/" + "x" * 1100]
    archive = {"Archive": {"Bucket": bucket, "Name": "none.zip"}}
    folder = {"Folder": {"Bucket": bucket, "Prefix": "assets", "LabelsFromFolders": True}}
    box = {"Label": "cat", "Left": 1, "Top": 1, "Width": 20, "Height": 20}
    drawn = {"SourceRef": refs[0], "Width": 64, "Height": 64, "Boxes": [box]}
    return {
        "DatasetArn": [dataset, UNKNOWN.format("/dataset/train")],
        "SourceArn": [dataset, UNKNOWN.format("/dataset/train")],
        "ProjectArn": [admin.call("DescribeProjects")["ProjectDescriptions"][0]["ProjectArn"], UNKNOWN.format("")],
        **{name: [UNKNOWN.format("/version/v1")] for name in ("ProjectVersionArn", "First", "Second")},
        "SourceRef": refs,
        "SourceRefs": [refs, refs[:1]],
        "Images": [[drawn], [drawn, drawn], [{**drawn, "Boxes": [{**box, "Left": 2**40}]}]],
        "Source": [archive, folder, {}, {**archive, **folder}],
        "DatasetType": ["TRAIN", "TEST"],
        "Bucket": [bucket, "nowhere", ".."],
        "Key": ["assets/", "none"],
        "Prefix": ["assets/", ""],
        "Name": ["fuzz", "administrator", "nobody", "cat"],
        "NewName": ["dog", "cat"],
        "Names": [["cat", "dog"]],
        "Add": [["cat"]],
        "Remove": [["cat"]],
        "Policy": ["ReadOnly", "mine"],
        "Policies": [["ReadOnly"], ["none"]],
        "Document": ["{}", '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'],
        "Colour": ["#112233", "red", None],
        "Merge": [True, False],
        "FromImages": [True, False],
        "Labeled": ["true", "false", ""],
        "Errors": ["true", "maybe"],
        "Label": ["cat"],
        "Text": ["a"],
        "NextToken": ["AAAA", ""],
        "MaxResults": [1, 100, 0, 101],
        "Id": ["AKIAIOSFODNN7EXAMPLE"],
        "Password": ["short"],
        "OldPassword": [""],
    }


def sent(browser: Browser, method: str, route: str, query: dict[str, Any], body: bytes) -> Any:
    return browser.http.request(method, API + route, params=query, content=None if method == "GET" else body)


def check(response: Any) -> None:
    """A well-formed answer, and no fault of ours."""
    if response.status_code not in (200, 304):
        assert code(response).isidentifier()


WRONG: list[Any] = ["", " ", 0, -1, 1.5, 10**30, True, None, [], [None], [1], {}, {"a": 1}, [[]], "\0", "\ud800", "x"]


@ALL
def test_nothing_and_wrong_types_are_refused_with_words(admin: Browser, method: str, route: str, known: Any) -> None:
    for value in (..., *WRONG):
        body = {} if value is ... else dict.fromkeys(known, value)
        query = {name: v for name, v in body.items() if isinstance(v, str | int | float) and v != "\ud800"}
        check(sent(admin, method, route, query, json.dumps(body).encode()))


@pytest.mark.parametrize(
    "body", [b"{", b"null", b"[]", b'"x"', b"\xff", b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}"]
)
@pytest.mark.parametrize("route", ["images/find", "labels", "session", "session/link", "rekognition/CreateProject"])
def test_what_is_no_json_object_is_refused(admin: Browser, route: str, body: bytes) -> None:
    assert code(sent(admin, "POST", route, {}, body))


@pytest.mark.parametrize(("method", "route"), [key for key in ROUTES if key[1] not in LASTING], ids=str)
@given(data=st.data())
def test_whatever_is_asked_is_answered(
    admin: Browser, method: str, route: str, queries: Dicts, bodies: Dicts, data: st.DataObject
) -> None:
    if (method, route) in UPLOADS or method == "GET":
        query = data.draw(queries)
        repeated = {name: [value, value] if name in MANY else value for name, value in query.items()}
        check(sent(admin, method, route, repeated, data.draw(st.binary(max_size=20))))
    else:
        body = data.draw(bodies)
        check(sent(admin, method, route, {}, json.dumps(body).encode()))


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


Dicts = st.SearchStrategy[dict[str, Any]]


@pytest.fixture(scope="session")
def bodies(known: dict[str, list[Any]]) -> Dicts:
    """Made once: Hypothesis looks over a new strategy of so many parts for longer than it draws from it."""
    return st.fixed_dictionaries({}, optional={name: st.sampled_from(v) | _JUNK for name, v in known.items()})


@pytest.fixture(scope="session")
def queries(known: dict[str, list[Any]]) -> Dicts:
    texts = {name: [v for v in values if isinstance(v, str | int)] or ["x"] for name, values in known.items()}
    drawn = {name: st.sampled_from(values) | st.text(max_size=9).map(_utf8) for name, values in texts.items()}
    return st.fixed_dictionaries({}, optional=drawn)


@ALL
def test_who_is_not_signed_in_gets_nothing(server: Server, new_browser: NewBrowser, method: str, route: str) -> None:
    nobody = new_browser()
    response = sent(nobody, method, route, {"Name": "x"}, b"{}")
    assert (response.status_code, code(response)) == (401, "SignInRequired")
    assert HEADER in nobody.http.headers


@pytest.mark.parametrize(
    ("method", "route"),
    [("GET", "none"), ("POST", "images"), ("DELETE", "labels"), ("PATCH", "me"), ("GET", "session"), ("GET", "")],
)
def test_what_there_is_not_is_not_found(admin: Browser, method: str, route: str) -> None:
    assert code(sent(admin, method, route, {}, b"{}")) == "ResourceNotFoundException"


CHANGING: dict[str, dict[str, Any]] = {
    "images/labels": {"SourceRefs": ["{ref}"], "Add": ["evil"]},
    "images/boxes": {"Images": [{"SourceRef": "{ref}", "Width": 64, "Height": 64, "Boxes": []}]},
    "images/remove": {"SourceRefs": ["{ref}"]},
    "labels": {"Names": ["evil"]},
    "labels/import": {"SourceArn": "{arn}"},
    "labels/rename": {"Name": "cat", "NewName": "evil"},
    "labels/colour": {"Name": "cat", "Colour": "#000000"},
    "labels/delete": {"Name": "cat", "FromImages": True},
    "datasets": {"DatasetType": "TEST", "Source": {"Folder": {"Bucket": "{bucket}", "Prefix": "assets"}}},
    "projects/delete": {},
    "users": {"Name": "evil", "Policies": ["Administrator"]},
    "user/invite": {"Name": "administrator"},
    "user/remove": {"Name": "administrator"},
    "user/sign-out": {"Name": "administrator"},
    "user/attach": {"Name": "reader", "Policy": "Administrator"},
    "user/detach": {"Name": "administrator", "Policy": "Administrator"},
    "keys": {"Name": "administrator"},
    "keys/disable": {"Name": "administrator", "Id": "x"},
}


def asked(browser: Browser, route: str, body: dict[str, Any], names: dict[str, str]) -> Any:
    text = json.dumps({"DatasetArn": "{arn}", "ProjectArn": "{project}", **body})
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return sent(browser, "POST", route, {}, text.encode())


@pytest.fixture(scope="session")
def names(admin: Browser, new_dataset: NewDataset) -> dict[str, str]:
    """A dataset of the administrator with an image."""
    arn = new_dataset("console-rights")
    (project,) = admin.call("DescribeProjects", ProjectNames=["console-rights"])["ProjectDescriptions"]
    image = good(admin.put("images/upload", PICTURE, DatasetArn=arn, Name="a.png", Label="cat"))
    bucket = good(admin.get("me"))["Bucket"]
    return {"arn": arn, "ref": image["SourceRef"], "bucket": bucket, "project": project["ProjectArn"]}


def test_who_may_only_look_changes_nothing(admin: Browser, new_browser: NewBrowser, names: dict[str, str]) -> None:
    reader, arn = new_browser("reader", "ReadOnly"), names["arn"]
    before = good(admin.get("labels", DatasetArn=arn)), good(admin.get("users"))
    for route, body in CHANGING.items():
        assert code(asked(reader, route, body, names)) == "AccessDeniedException", route
    for route, query in (("images/upload", {"DatasetArn": arn}), ("archives", {})):
        assert code(reader.put(route, PICTURE, Name="b.png", **query)) == "AccessDeniedException", route
    assert (good(admin.get("labels", DatasetArn=arn)), good(admin.get("users"))) == before
    assert good(reader.get("images", DatasetArn=arn))["Images"]
    assert reader.get("thumbnail", SourceRef=names["ref"]).status_code == 200
    for route, query in (("users", {}), ("user", {"Name": "administrator"}), ("audit", {})):
        assert code(reader.get(route, **query)) == "AccessDeniedException"
    assert {route for method, route in ROUTES if method == "POST"} - set(CHANGING) == {
        "me/password",
        "images/find",
        "training/cancel",
        "examples",
    }


def test_another_account_reaches_nothing(stranger: Browser, names: dict[str, str]) -> None:
    arn, ref, bucket = names["arn"], names["ref"], names["bucket"]
    for route in ("images/labels", "images/boxes", "images/remove", "labels", "labels/rename", "projects/delete"):
        assert code(asked(stranger, route, CHANGING[route], names)) == "ResourceNotFoundException", route
    for route in ("images", "labels"):
        assert code(stranger.get(route, DatasetArn=arn)) == "ResourceNotFoundException"
    refused: dict[str, dict[str, str]] = {
        "thumbnail": {"SourceRef": ref},
        "image": {"SourceRef": ref},
        "object": {"Bucket": bucket, "Key": ref.removeprefix(f"s3://{bucket}/")},
        "folders": {"Bucket": bucket},
    }
    for route, query in refused.items():
        assert code(stranger.get(route, **query)) in ("AccessDeniedException", "ResourceNotFoundException"), route
    assert bucket not in good(stranger.get("folders"))["Buckets"]
    assert code(asked(stranger, "datasets", CHANGING["datasets"], names)) == "InvalidS3ObjectException"
    assert [user["Name"] for user in good(stranger.get("users"))["Users"]] == ["stranger"]
    assert code(stranger.get("user", Name="administrator")) == "ResourceNotFoundException"
    assert {event["principal"] for event in good(stranger.get("audit"))["Events"]} == {good(stranger.get("me"))["Arn"]}


def test_half_a_character_spoils_neither_answers_nor_the_audit_log(admin: Browser) -> None:
    half = b'"x\\ud800"'
    for route in ("rekognition/CreateProject", "rekognition/DescribeDataset", "rekognition/ListTagsForResource"):
        body = b'{"ProjectName": %b, "DatasetArn": %b, "ResourceArn": %b}' % (half, half, half)
        assert code(sent(admin, "POST", route, {}, body))
    assert good(admin.get("audit", Text="ud800"))["Events"]
