"""ListDatasetEntries: the lines, what is wrong with them, the filters, the pages."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customlabels.service import entry_search
from customlabels.service.access.caller import Caller
from customlabels.service.entries import list_dataset_entries
from customlabels.service.errors import InvalidPaginationTokenException
from customlabels.service.labels import list_dataset_labels
from customlabels.service.service import Service

from .manifests import boxed, changed, keys, label_counts, listed, made, paged, plain, ref, stats, tagged

Findings = dict[tuple[str | int, ...], list[str]]
METADATA = {
    "confidence": 1,
    "human-annotated": "yes",
    "creation-date": "2026-01-01T00:00:00",
    "class-name": "cat",
    "type": "groundtruth/image-classification",
}
BOXES = json.loads(boxed("x.png", "cat", "dog"))


def line(**members: Any) -> str:
    return json.dumps(
        {"source-ref": ref("x.png"), **{name.replace("_", "-"): value for name, value in members.items()}}
    )


def boxes(annotations: list[dict[str, int]], objects: int = -1, **metadata: Any) -> str:
    """A line with these annotations, with the sides that they do not give."""
    sides = {"class_id": 0, "left": 5, "top": 5, "width": 20, "height": 20}
    content = json.loads(json.dumps(BOXES))
    content["boxes"]["annotations"] = [{**sides, **annotation} for annotation in annotations]
    number = len(annotations) if objects < 0 else objects
    content["boxes-metadata"] |= {"objects": [{"confidence": 1}] * number, **metadata}
    return json.dumps(content)


def findings(entry: Any, at: tuple[str | int, ...] = ()) -> Findings:
    """The codes of `cl-errors` by where they stand."""
    found: Findings = {}
    if isinstance(entry, dict):
        if "cl-errors" in entry:
            assert all(set(item) == {"code", "message"} and item["message"] for item in entry["cl-errors"])
            found[at] = [item["code"] for item in entry["cl-errors"]]
        for key, value in entry.items():
            found |= findings(value, (*at, key))
    if isinstance(entry, list):
        for number, value in enumerate(entry):
            found |= findings(value, (*at, number))
    return found


AT = ("boxes", "annotations")


CASES: list[tuple[str, Findings, set[str]]] = [
    (line(any_name=3, any_name_metadata=METADATA), {}, {"cat"}),
    (tagged("x.png", "cat", "dog"), {}, {"cat", "dog"}),
    (boxed("x.png", "cat", "dog", "cat"), {}, {"cat", "dog"}),
    (line(a=1, a_metadata=METADATA | {"class-name": "sky"}, **BOXES), {}, {"sky", "cat", "dog"}),
    (plain("x.png"), {}, set()),
    (boxes([]), {}, set()),
    (
        line(a=1, a_metadata=METADATA | {"type": "groundtruth/wrongtype"}),
        {("a-metadata",): ["ERROR_UNSUPPORTED_USE_CASE_TYPE"], (): ["ERROR_NO_VALID_LABEL_ATTRIBUTES"]},
        set(),
    ),
    (line(a=1), {(): ["ERROR_NO_LABEL_ATTRIBUTES"]}, set()),
    (
        boxes([{}, {"left": 640}, {"top": -30}]),
        {(*AT, 1): ["ERROR_INVALID_BOUNDING_BOX"], (*AT, 2): ["ERROR_INVALID_BOUNDING_BOX"]},
        {"cat"},
    ),
    (
        boxes([{"left": 640}]),
        {(*AT, 0): ["ERROR_INVALID_BOUNDING_BOX"], ("boxes",): ["ERROR_NO_VALID_ANNOTATIONS"]},
        set(),
    ),
    (boxes([{}, {"class_id": 9}]), {("boxes-metadata",): ["ERROR_MISSING_CLASS_MAP_ID"]}, set()),
    (boxes([{}, {}], objects=1), {("boxes-metadata",): ["ERROR_MISSING_BOUNDING_BOX_CONFIDENCE"]}, set()),
    (boxes([{}] * 50), {}, {"cat"}),
    (boxes([{}] * 51), {("boxes",): ["ERROR_TOO_MANY_BOUNDING_BOXES"]}, set()),
    (boxes([{}, {"width": 1, "height": 1}]), {(*AT, 1): ["ERROR_BOUNDING_BOX_TOO_SMALL"]}, {"cat"}),
    (tagged("x.png", "x" * 256), {}, {"x" * 256}),
    (
        tagged("x.png", "x" * 257),
        {("label0-metadata",): ["ERROR_INVALID_LABEL_NAME_LENGTH"], (): ["ERROR_NO_VALID_LABEL_ATTRIBUTES"]},
        set(),
    ),
]


# checklist: D01, D02, D03, D04, D05, D09, D10, D11, D12, D13, D14, D15, D16, E05
def test_what_is_wrong_with_a_line_is_said_where_it_is(service: Service, caller: Caller) -> None:
    lines = [text.replace("x.png", f"{number:02}.png") for number, (text, _, _) in enumerate(CASES)]
    arn = made(service, caller, lines)
    found = listed(service, caller, arn)
    for number, (entry, (text, expected, labels)) in enumerate(zip(found, CASES, strict=True)):
        assert findings(entry) == expected, text
        assert entry["cl-metadata"] == {"is_labeled": bool(labels)}, text
        one = {"source_ref_contains": f"/{number:02}.png"}
        shown = {
            name
            for name in ("cat", "dog", "sky", "x" * 256)
            if keys(service, caller, arn, contains_labels=[name], **one)
        }
        assert shown == labels, text
    errors = sum(bool(expected) for _, expected, _ in CASES)
    assert stats(service, caller, arn)[:3] == (len(CASES), sum(bool(labels) for _, _, labels in CASES), errors)


# checklist: E04
def test_an_entry_is_compact_json_on_one_line(service: Service, caller: Caller) -> None:
    original = '{ "source-ref" : "s3://pictures/ü\\n.png",\t"a": 1, "a-metadata": %s, "more": {"x": [1.5, null]}}'
    arn = made(service, caller, [original % json.dumps(METADATA)])
    (text,) = paged(service, caller, arn)
    assert text == json.dumps(
        {**json.loads(original % json.dumps(METADATA)), "cl-metadata": {"is_labeled": True}},
        ensure_ascii=False,
        separators=(",", ":"),
    )
    assert "\n" not in text


LINES = [
    tagged("train/cat1.PNG", "cat"),
    tagged("train/both.png", "cat", "Dog"),
    plain("train/100%.png"),
    boxed("test/boxed.png", "Dog", declared=["never"]),
    boxed("test/a_b.png", "cat", off=1),
    boxed("test/off.png", off=1),
    plain("test/unpaired.png", label=1),
    tagged("bird/x.png", "bird"),
    boxed("bird/empty.png", declared=["bird"]),
]


FILTERS: list[tuple[dict[str, Any], str]] = [
    ({}, "cat1 both 100% boxed a_b off unpaired x empty"),
    ({"contains_labels": ["cat"]}, "cat1 both a_b"),
    ({"contains_labels": ["Dog", "bird"]}, "both boxed x"),
    ({"contains_labels": ["dog"]}, ""),
    ({"contains_labels": ["ca"]}, ""),
    ({"contains_labels": ["never"]}, ""),
    ({"contains_labels": ["none", "bird", "bird"]}, "x"),
    ({"contains_labels": ["\0"]}, ""),
    ({"labeled": True}, "cat1 both boxed a_b x"),
    ({"labeled": False}, "100% off unpaired empty"),
    ({"source_ref_contains": "train/"}, "cat1 both 100%"),
    ({"source_ref_contains": "b"}, "both boxed a_b x empty"),
    ({"source_ref_contains": ".PNG"}, "cat1"),
    ({"source_ref_contains": "%"}, "100%"),
    ({"source_ref_contains": "a_b"}, "a_b"),
    ({"source_ref_contains": "s3://pictures/test/"}, "boxed a_b off unpaired"),
    ({"source_ref_contains": "*"}, ""),
    ({"source_ref_contains": "'"}, ""),
    ({"source_ref_contains": "x\0"}, ""),
    ({"has_errors": True}, "a_b off unpaired"),
    ({"has_errors": False}, "cat1 both 100% boxed a_b off unpaired x empty"),
    ({"labeled": True, "has_errors": True}, "a_b"),
    ({"labeled": False, "has_errors": True}, "off unpaired"),
    ({"labeled": False, "contains_labels": ["cat"]}, ""),
    ({"contains_labels": ["cat", "Dog"], "source_ref_contains": "test/"}, "boxed a_b"),
    ({"contains_labels": ["cat", "Dog"], "has_errors": True}, "a_b"),
    (
        {
            "contains_labels": ["cat", "Dog"],
            "labeled": True,
            "source_ref_contains": "train",
            "has_errors": False,
        },
        "cat1 both",
    ),
]


# checklist: E06, E07, E08, E09, E10
@pytest.mark.parametrize("few", [1, 10**6], ids=["labels lead", "others lead"])
def test_filters_hold_all_together(service: Service, caller: Caller, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_search, "_FEW", few)
    arn = made(service, caller, LINES)
    for (filters, expected), size in product(FILTERS, (1, 3, 100)):
        found = keys(service, caller, arn, max_results=size, **filters)
        assert [key.split("/")[1].rpartition(".")[0] for key in found] == expected.split(), filters


# checklist: E11, E15
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(
    st.lists(
        st.tuples(st.sets(st.sampled_from(["cat", "dog", "bird"])), st.booleans(), st.sampled_from(["x", "y"])),
        max_size=12,
    ),
    st.sampled_from([1, 3, 100]),
)
def test_every_list_holds_every_entry_that_fits_once(
    service: Service, caller: Caller, images: list[tuple[set[str], bool, str]], size: int
) -> None:
    named = [(f"{where}/{number}.png", labels, bad) for number, (labels, bad, where) in enumerate(images)]
    lines = [boxed(key, *sorted(labels), off=int(bad)) for key, labels, bad in named]
    arn = made(service, caller, lines)
    choices: list[list[Any]] = [
        [None, ["cat"], ["bird", "dog"], ["none"]],
        [None, True, False],
        [None, "x/", "X"],
        [None, False, True],
    ]
    for wanted, labeled, text, errors in product(*choices):
        expected = [
            key
            for key, labels, bad in named
            if (wanted is None or labels & set(wanted))
            and (labeled is None or bool(labels) == labeled)
            and (text is None or text in key)
            and (not errors or bad)
        ]
        filters = {
            "contains_labels": wanted,
            "labeled": labeled,
            "source_ref_contains": text,
            "has_errors": errors,
        }
        assert keys(service, caller, arn, max_results=size, **filters) == expected
    total, labeled_entries, errors, labels = stats(service, caller, arn)
    assert len(keys(service, caller, arn)) == total
    assert len(keys(service, caller, arn, labeled=True)) == labeled_entries
    assert len(keys(service, caller, arn, has_errors=True)) == errors
    assert len(label_counts(service, caller, arn)) == labels


# checklist: E12
def test_the_last_page_has_no_token(service: Service, caller: Caller) -> None:
    arn = made(service, caller, [plain(f"{number}.png") for number in range(4)])
    given: dict[str, Any] = {"dataset_arn": arn, "max_results": 2}
    first = list_dataset_entries(service, caller, **given)
    assert first == list_dataset_entries(service, caller, **given, next_token="")
    assert len(first["NextToken"]) <= 1024
    second = list_dataset_entries(service, caller, **given, next_token=first["NextToken"])
    assert len(second["DatasetEntries"]) == 2
    assert "NextToken" not in second


def test_a_page_goes_on_where_the_last_ended_whatever_was_added(service: Service, caller: Caller) -> None:
    arn = made(service, caller, [plain(f"{number}.png") for number in range(4)])
    given: dict[str, Any] = {"dataset_arn": arn, "max_results": 2}
    token = list_dataset_entries(service, caller, **given)["NextToken"]
    changed(service, caller, arn, [plain("0.png", more=1), plain("new.png"), plain("2.png", more=1)])
    page = list_dataset_entries(service, caller, dataset_arn=arn, next_token=token)
    assert [json.loads(text)["source-ref"] for text in page["DatasetEntries"]] == [
        ref("2.png"),
        ref("3.png"),
        ref("new.png"),
    ]


# checklist: E13
def test_a_token_is_good_for_its_own_list_only(service: Service, caller: Caller) -> None:
    lines = [tagged(f"{number}.png", f"label {number}") for number in range(4)]
    arn, other = made(service, caller, lines), made(service, caller, lines)
    token = list_dataset_entries(service, caller, dataset_arn=arn, max_results=2, labeled=True)["NextToken"]
    labels_token = list_dataset_labels(service, caller, dataset_arn=arn, max_results=2)["NextToken"]
    wrong: list[dict[str, Any]] = [
        {"dataset_arn": arn, "next_token": token},
        {"dataset_arn": arn, "next_token": token, "labeled": False},
        {"dataset_arn": arn, "next_token": token, "labeled": True, "source_ref_contains": "a"},
        {"dataset_arn": other, "next_token": token, "labeled": True},
        {"dataset_arn": arn, "next_token": labels_token},
        {"dataset_arn": arn, "next_token": token[:-1], "labeled": True},
        {"dataset_arn": arn, "next_token": ("A" if token[0] != "A" else "B") + token[1:], "labeled": True},
        {"dataset_arn": arn, "next_token": "garbage", "labeled": True},
        {"dataset_arn": arn, "next_token": "ü", "labeled": True},
        {"dataset_arn": arn, "next_token": "A" * 1024, "labeled": True},
    ]
    for asked in wrong:
        with pytest.raises(InvalidPaginationTokenException):
            list_dataset_entries(service, caller, **asked)
    with pytest.raises(InvalidPaginationTokenException):
        list_dataset_labels(service, caller, dataset_arn=arn, next_token=token)
    again = list_dataset_entries(service, caller, dataset_arn=arn, max_results=1, labeled=True, next_token=token)
    assert json.loads(again["DatasetEntries"][0])["source-ref"] == ref("2.png")
