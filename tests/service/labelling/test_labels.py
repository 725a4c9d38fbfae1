"""Labels as people keep them: there before any image has them, coloured, renamed and deleted everywhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from customlabels.service.access.caller import Caller
from customlabels.service.access.statements import Statement
from customlabels.service.errors import (
    AccessDeniedException,
    InvalidParameterException,
    ResourceAlreadyExistsException,
    ResourceInUseException,
    ResourceNotReadyException,
    ServiceError,
)
from customlabels.service.labelling.editing import assign_labels
from customlabels.service.labelling.labels import (
    add_labels,
    colour_label,
    delete_label,
    import_labels,
    list_labels,
    rename_label,
)
from customlabels.service.service import Service

from ..manifests import boxed, changed, label_counts, made, plain, ref, stats, tagged, work

Change = Callable[[Service, Caller, str], None]

LINES = [tagged("a.png", "cat"), boxed("b.png", "cat", "dog"), plain("c.png")]


def names(service: Service, caller: Caller, arn: str) -> list[str]:
    return [label["Name"] for label in list_labels(service, caller, arn)]


# checklist: K08
def test_labels_stay_though_no_image_has_them(service: Service, caller: Caller) -> None:
    arn = made(service, caller, LINES)
    add_labels(service, caller, arn, ["bird", "cat", "bird"])
    assert list_labels(service, caller, arn) == [
        {"Name": "cat", "Images": 2, "BoxedImages": 1, "Colour": None},
        {"Name": "dog", "Images": 1, "BoxedImages": 1, "Colour": None},
        {"Name": "bird", "Images": 0, "BoxedImages": 0, "Colour": None},
    ]
    changed(service, caller, arn, [plain("a.png"), plain("b.png")])
    assert names(service, caller, arn) == ["cat", "bird"]  # nobody asked for the dog to be kept
    assert label_counts(service, caller, arn) == {"cat": (0, 0), "bird": (0, 0)}  # the API lists them, too
    assert stats(service, caller, arn) == (3, 0, 0, 2)


def test_a_label_has_the_colour_that_it_is_given(service: Service, caller: Caller) -> None:
    arn = made(service, caller, LINES)
    colour_label(service, caller, arn, "dog", "#1a2B3c")
    assert [label["Colour"] for label in list_labels(service, caller, arn)] == [None, "#1a2B3c"]
    for colour in ("red", "#12345", "#1234567", "#12345g", "", "url(x)", "#123456\n"):
        with pytest.raises(InvalidParameterException, match="#1a2b3c"):
            colour_label(service, caller, arn, "dog", colour)
    colour_label(service, caller, arn, "dog", None)
    assert [label["Colour"] for label in list_labels(service, caller, arn)] == [None, None]


def test_labels_come_from_another_dataset_with_their_colours(service: Service, caller: Caller) -> None:
    source, arn = made(service, caller, LINES), made(service, caller, [tagged("z.png", "zebra")])
    colour_label(service, caller, source, "dog", "#112233")
    assert import_labels(service, caller, arn, source) == 2
    found = [(label["Name"], label["Colour"], label["Images"]) for label in list_labels(service, caller, arn)]
    assert found == [("zebra", None, 1), ("cat", None, 0), ("dog", "#112233", 0)]
    with pytest.raises(InvalidParameterException, match="no labels"):
        import_labels(service, caller, arn, made(service, caller, None))


def test_a_label_of_no_image_is_renamed_and_deleted_at_once(service: Service, caller: Caller) -> None:
    arn = made(service, caller, LINES)
    add_labels(service, caller, arn, ["brid", "wolf"])
    rename_label(service, caller, arn, "brid", "bird")
    rename_label(service, caller, arn, "bird", "bird")
    rename_label(service, caller, arn, "wolf", "dog", merge=True)
    assert names(service, caller, arn) == ["cat", "dog", "bird"]
    delete_label(service, caller, arn, "bird")
    assert names(service, caller, arn) == ["cat", "dog"]


def test_two_hundred_and_fifty_labels_are_the_most(service: Service, caller: Caller) -> None:
    arn = made(service, caller, LINES)
    add_labels(service, caller, arn, [f"label {i}" for i in range(248)])
    with pytest.raises(InvalidParameterException, match="251 labels; at most 250"):
        add_labels(service, caller, arn, ["one more"])
    with pytest.raises(InvalidParameterException, match="too many labels"):
        assign_labels(service, caller, arn, [ref("c.png")], ["one more"])
    assert len(names(service, caller, arn)) == 250
    rename_label(service, caller, arn, "cat", "puma")  # which has both for a while
    work(service)
    assert len(names(service, caller, arn)) == 250
    assert list_labels(service, caller, arn)[-1] == {"Name": "puma", "Images": 2, "BoxedImages": 1, "Colour": None}


REFUSED: list[tuple[Change, type[ServiceError], str]] = [
    (lambda s, c, arn: add_labels(s, c, arn, ["ok", ""]), InvalidParameterException, "1 to 256"),
    (lambda s, c, arn: add_labels(s, c, arn, ["\u2003 "]), InvalidParameterException, "blanks"),
    (lambda s, c, arn: add_labels(s, c, arn, ["ü" * 257]), InvalidParameterException, "257 characters"),
    (lambda s, c, arn: add_labels(s, c, arn, ["a\0"]), InvalidParameterException, "NUL"),
    (lambda s, c, arn: rename_label(s, c, arn, "cat", "a\0"), InvalidParameterException, "NUL"),
    (lambda s, c, arn: rename_label(s, c, arn, "cat", "dog"), ResourceAlreadyExistsException, "'dog' already"),
    (lambda s, c, arn: rename_label(s, c, arn, "bird", "dog"), InvalidParameterException, "2 labels, but none"),
    (lambda s, c, arn: delete_label(s, c, arn, "Cat"), InvalidParameterException, "none is named 'Cat'"),
    (lambda s, c, arn: delete_label(s, c, arn, "cat"), InvalidParameterException, "2 images have the label 'cat'"),
    (lambda s, c, arn: delete_label(s, c, arn, "dog"), InvalidParameterException, "1 image has the label"),
    (lambda s, c, arn: colour_label(s, c, arn, "bird", "#112233"), InvalidParameterException, "'bird'"),
]


def test_what_is_refused_changes_nothing(service: Service, caller: Caller) -> None:
    arn = made(service, caller, LINES)
    before = list_labels(service, caller, arn)
    for change, error, words in REFUSED:
        with pytest.raises(error, match=words):
            change(service, caller, arn)
        assert list_labels(service, caller, arn) == before, words


def test_labels_wait_while_others_are_renamed(service: Service, caller: Caller) -> None:
    arn = made(service, caller, LINES)
    rename_label(service, caller, arn, "cat", "puma")
    with pytest.raises(ResourceInUseException, match="UPDATE_IN_PROGRESS"):
        add_labels(service, caller, arn, ["bird"])
    with pytest.raises(ResourceNotReadyException):
        list_labels(service, caller, arn)
    work(service)
    assert names(service, caller, arn) == ["dog", "puma"]


def test_looking_does_not_allow_changes(service: Service, caller: Caller) -> None:
    arn = made(service, caller, LINES)
    looking = Caller(service.account, "eve", (Statement("Allow", ("rekognition:List*",), ("*",)),))
    assert names(service, looking, arn) == ["cat", "dog"]
    for change in (
        lambda: add_labels(service, looking, arn, ["bird"]),
        lambda: import_labels(service, looking, arn, arn),
        lambda: rename_label(service, looking, arn, "cat", "puma"),
        lambda: colour_label(service, looking, arn, "cat", None),
        lambda: delete_label(service, looking, arn, "cat", from_images=True),
    ):
        with pytest.raises(AccessDeniedException, match="UpdateDatasetEntries"):
            change()
