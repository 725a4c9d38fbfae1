"""The job that renames a label in all images, or takes it from them: whatever happens to its worker, in the end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import update

from customlabels.engine.work import work_on
from customlabels.service import dataset_jobs
from customlabels.service.access.caller import Caller
from customlabels.service.applying import apply
from customlabels.service.labelling import relabelling
from customlabels.service.labelling.labels import colour_label, delete_label, list_labels, rename_label
from customlabels.service.service import Service
from customlabels.store.tables import datasets

from ..manifests import ABOUT, boxed, described, keys, label_counts, listed, made, plain, stats, tagged, work


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relabelling, "BATCH", 2)


LINES = [
    boxed("a.png", declared=["cat"]),  # somebody looked for cats, and there is none
    tagged("b.png", "cat", "dog", note="kept"),
    boxed("c.png", "cat", "dog", "cat"),
    tagged("d.png", "dog"),
    json.dumps(json.loads(boxed("e.png", "cat")) | json.loads(tagged("e.png", "cat"))),
    boxed("f.png", "bird", declared=["cat"]),
    boxed("g.png", "cat", off=1),
]


# checklist: K08
def test_a_label_is_renamed_in_all_images(service: Service, caller: Caller) -> None:
    arn = made(service, caller, LINES)
    colour_label(service, caller, arn, "cat", "#112233")
    before = stats(service, caller, arn)
    rename_label(service, caller, arn, "cat", "puma")
    assert described(service, caller, arn)["Status"] == "UPDATE_IN_PROGRESS"
    work(service)
    assert described(service, caller, arn)["Status"] == "UPDATE_COMPLETE"
    counts = label_counts(service, caller, arn)
    assert counts == {"dog": (3, 1), "bird": (1, 1), "off": (0, 0), "puma": (4, 3)}
    assert stats(service, caller, arn) == before
    assert [label["Colour"] for label in list_labels(service, caller, arn) if label["Name"] == "puma"] == ["#112233"]
    lines = listed(service, caller, arn)
    assert '"cat"' not in json.dumps(lines)
    assert lines[1]["note"] == "kept"
    assert [line["source-ref"][-5] for line in lines] == list("abcdefg")
    assert keys(service, caller, arn, contains_labels=["puma"]) == ["b.png", "c.png", "e.png", "g.png"]


def test_a_label_is_merged_with_another_one(service: Service, caller: Caller) -> None:
    arn = made(service, caller, LINES)
    rename_label(service, caller, arn, "cat", "dog", merge=True)
    work(service)
    assert label_counts(service, caller, arn) == {"dog": (5, 3), "bird": (1, 1), "off": (0, 0)}
    both = listed(service, caller, arn)[1]
    assert [name for name in both if name.endswith("-metadata") and name != "cl-metadata"] == ["label1-metadata"]


def test_a_label_is_taken_from_all_images(service: Service, caller: Caller) -> None:
    arn = made(service, caller, LINES)
    delete_label(service, caller, arn, "cat", from_images=True)
    work(service)
    assert label_counts(service, caller, arn) == {"dog": (3, 1), "bird": (1, 1), "off": (0, 0)}
    assert stats(service, caller, arn)[:2] == (7, 4)
    assert len(listed(service, caller, arn)[2]["boxes"]["annotations"]) == 1


def test_lines_that_only_declare_a_label_or_have_errors_are_changed_too(service: Service, caller: Caller) -> None:
    many: dict[str, Any] = {
        "many": [0],
        "many-metadata": {**ABOUT, "class-map": {"0": "cat"}, "type": "groundtruth/image-classification-multilabel"},
    }
    broken = {"BB": 1, "BB-metadata": {"type": "groundtruth/object-detection", "class-map": {"0": "cät\"'"}}}
    arn = made(service, caller, [plain("a.png", **many), plain("b.png", **broken), tagged("c.png", "dog")])
    for name in ("cat", "cät\"'"):
        delete_label(service, caller, arn, name, from_images=True)
        work(service)
    assert label_counts(service, caller, arn) == {"dog": (1, 0)}


def test_a_job_that_was_killed_is_done_to_its_end(
    service: Service, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = made(service, caller, LINES)
    rename_label(service, caller, arn, "cat", "puma")
    done: list[bool] = []

    class Killed(BaseException):
        pass

    def apply_once(*given: Any, **more: Any) -> None:
        if done:
            raise Killed
        done.append(True)
        apply(*given, **more)

    monkeypatch.setattr(relabelling, "apply", apply_once)
    known = dataset_jobs.handlers(service)
    with pytest.raises(Killed):
        work_on(service.queue, list(known), "first", known)
    monkeypatch.setattr(relabelling, "apply", apply)
    service.queue.release("first")
    work(service)
    assert described(service, caller, arn)["Status"] == "UPDATE_COMPLETE"
    assert label_counts(service, caller, arn) == {"dog": (3, 1), "bird": (1, 1), "off": (0, 0), "puma": (4, 3)}


def test_the_job_of_a_dataset_that_is_gone_ends(service: Service, caller: Caller) -> None:
    arn = made(service, caller, LINES)
    rename_label(service, caller, arn, "cat", "puma")
    with service.database.write() as connection:
        connection.execute(update(datasets).where(datasets.c.arn == arn).values(arn=f"{arn}0"))
    work(service)
    with service.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM jobs WHERE kind = 'dataset.relabel'").scalar() == 0
