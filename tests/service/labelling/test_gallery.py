"""A page of images as people see them: the API's filters, read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from customlabels.service.access.caller import Caller
from customlabels.service.access.users import add_account
from customlabels.service.errors import (
    InvalidPaginationTokenException,
    InvalidParameterException,
    ResourceNotFoundException,
    ResourceNotReadyException,
)
from customlabels.service.labelling.gallery import MOST_FOUND, find_images, list_images
from customlabels.service.labelling.labels import rename_label
from customlabels.service.service import Service

from ..manifests import boxed, keys, made, plain, ref, tagged

LINES = [
    plain("zoo/a.png"),
    tagged("zoo/b.png", "cat", "dog"),
    boxed("home/c.png", "dog", off=1),
    plain("home/d.png", broken=1),
]
FILTERS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {}, "abcd"),
    ({"labels": ["dog"]}, {"contains_labels": ["dog"]}, "bc"),
    ({"labels": ["cat", "none"]}, {"contains_labels": ["cat", "none"]}, "b"),
    ({"labeled": True}, {"labeled": True}, "bc"),
    ({"labeled": False}, {"labeled": False}, "ad"),
    ({"errors": True}, {"has_errors": True}, "cd"),
    ({"text": "zoo/"}, {"source_ref_contains": "zoo/"}, "ab"),
    ({"text": ""}, {}, "abcd"),
    ({"text": "home", "errors": True, "labels": ["dog"]}, {"source_ref_contains": "c.png"}, "c"),
]


def seen(page: dict[str, Any]) -> list[str]:
    return [image["SourceRef"].removeprefix(ref("")) for image in page["Images"]]


def test_an_image_comes_with_all_that_is_known_of_it(service: Service, caller: Caller) -> None:
    arn = made(service, caller, LINES)
    first, second, third, fourth = list_images(service, caller, arn)["Images"]
    assert first == {
        "SourceRef": ref("zoo/a.png"),
        "Labels": [],
        "Boxes": [],
        "Width": None,
        "Height": None,
        "Labeled": False,
        "Errors": [],
    }
    assert (second["Labels"], second["Labeled"]) == (["cat", "dog"], True)
    assert third["Boxes"] == [{"Label": "dog", "Left": 5, "Top": 5, "Width": 20, "Height": 20}]
    assert (third["Width"], third["Height"]) == (640, 480)
    assert third["Errors"][0]["Code"] == "ERROR_INVALID_BOUNDING_BOX"
    assert "is not inside the image of 640x480 pixels" in third["Errors"][0]["Message"]
    assert [error["Code"] for error in fourth["Errors"]] == ["ERROR_NO_LABEL_ATTRIBUTES"]


# checklist: K06
def test_filters_are_those_of_the_api(service: Service, caller: Caller) -> None:
    arn = made(service, caller, LINES)
    for filters, api, expected in FILTERS:
        found = seen(list_images(service, caller, arn, **filters))
        assert [key[-5] for key in found] == list(expected), filters
        assert found == keys(service, caller, arn, **api)


# checklist: K06
def test_pages_show_every_image_once(service: Service, caller: Caller) -> None:
    arn = made(service, caller, LINES)
    found, token = [], None
    while True:
        page = list_images(service, caller, arn, token=token, limit=3)
        found += seen(page)
        token = page.get("NextToken")
        if token is None:
            break
    assert [key[-5] for key in found] == list("abcd")
    with pytest.raises(InvalidPaginationTokenException):
        list_images(service, caller, arn, token="AAAA")


def test_images_are_found_in_the_order_in_which_they_are_named(service: Service, caller: Caller) -> None:
    arn = made(service, caller, LINES)
    named = [ref(key) for key in ("home/c.png", "none.png", "zoo/a.png", "home/c.png")]
    found = find_images(service, caller, arn, named)
    assert seen({"Images": found}) == ["home/c.png", "zoo/a.png"]
    assert find_images(service, caller, arn, []) == []
    with pytest.raises(InvalidParameterException, match=f"up to {MOST_FOUND}"):
        find_images(service, caller, arn, named * 200)


def test_a_line_as_long_as_lines_may_be_can_be_seen(service: Service, caller: Caller) -> None:
    """What is wrong with it makes the stored line longer."""
    line = plain("a.png", note="x" * 99_900)
    arn = made(service, caller, [line + " " * (100_000 - len(line))])
    (image,) = list_images(service, caller, arn)["Images"]
    assert image["Errors"]


def test_only_those_who_may_look_see_images(service: Service, caller: Caller) -> None:
    arn = made(service, caller, LINES)
    stranger = Caller.administrator(add_account(service.database, "others"))
    for look in (lambda who: list_images(service, who, arn), lambda who: find_images(service, who, arn, [])):
        with pytest.raises(ResourceNotFoundException):
            look(stranger)
    rename_label(service, caller, arn, "dog", "wolf")
    with pytest.raises(ResourceNotReadyException):
        list_images(service, caller, arn)


def test_names_are_text_and_no_markup(service: Service, caller: Caller) -> None:
    name = "<img src=x onerror=alert(1)>"
    arn = made(service, caller, [json.dumps(json.loads(tagged(f"{name}.png", name)))])
    (image,) = list_images(service, caller, arn, labels=[name], text=name)["Images"]
    assert (image["SourceRef"], image["Labels"]) == (ref(f"{name}.png"), [name])
