"""What becomes of a dataset once a job has worked on it, also where workers die or datasets are refused."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from customlabels.engine.work import MAX_ATTEMPTS, MAX_OUTAGES, work_on
from customlabels.service import dataset_jobs, datasets, entry_rows, importing, tags
from customlabels.service.access.caller import Caller
from customlabels.service.errors import ResourceNotFoundException, ResourceNotReadyException
from customlabels.service.service import Service
from customlabels.store.database import Database
from customlabels.store.objects import Stored, StoreUnavailable
from customlabels.store.tables import dataset_labels, entries, entry_labels, jobs

from .manifests import (
    asked,
    boxed,
    changed,
    described,
    keys,
    label_counts,
    listed,
    made,
    new_project,
    plain,
    stats,
    tagged,
    work,
)

LINES = [tagged("a.png", "cat"), boxed("b.png", "dog", "cat"), plain("c.png")]


# checklist: E01, E02
def test_an_update_replaces_whole_lines_and_adds_others_at_the_end(service: Service, caller: Caller) -> None:
    arn = made(service, caller, LINES)
    before = described(service, caller, arn)
    lines = [plain("new.png"), tagged("b.png", "bird"), tagged("A.png", "cat")]
    content = {"GroundTruth": ("\n".join(lines) + "\n").encode()}
    assert datasets.update_dataset_entries(service, caller, dataset_arn=arn, changes=content) == {}
    assert described(service, caller, arn)["Status"] == "UPDATE_IN_PROGRESS"
    assert stats(service, caller, arn) == (3, 2, 0, 2)
    time.sleep(0.002)
    work(service)
    after = described(service, caller, arn)
    assert after["Status"] == "UPDATE_COMPLETE"
    assert after["StatusMessage"] == "The dataset was successfully updated."
    assert after["LastUpdatedTimestamp"] > before["LastUpdatedTimestamp"]
    assert after["CreationTimestamp"] == before["CreationTimestamp"]
    assert keys(service, caller, arn) == ["a.png", "b.png", "c.png", "new.png", "A.png"]
    assert stats(service, caller, arn) == (5, 3, 0, 2)
    assert label_counts(service, caller, arn) == {"cat": (2, 0), "bird": (1, 0)}


# checklist: D06
def test_of_two_lines_for_one_image_in_an_update_the_first_is_kept(service: Service, caller: Caller) -> None:
    arn = made(service, caller, LINES)
    others = [plain(f"{number}.png") for number in range(5)]
    description = changed(service, caller, arn, [*others, tagged("c.png", "first"), tagged("c.png", "second")])
    assert description["Status"] == "UPDATE_COMPLETE"
    assert "1 line was left out (line 7: " in description["StatusMessage"]
    assert label_counts(service, caller, arn) == {"cat": (2, 1), "dog": (1, 1), "first": (1, 0)}


# checklist: E03
def test_listed_lines_can_be_sent_back(service: Service, caller: Caller) -> None:
    arn = made(service, caller, [*LINES, boxed("d.png", "cat", off=2), tagged("e.png", "x" * 257)])
    before = listed(service, caller, arn)
    assert stats(service, caller, arn) == (5, 3, 2, 3)
    description = changed(service, caller, arn, [json.dumps(entry) for entry in before])
    assert (description["Status"], description["StatusMessage"]) == (
        "UPDATE_COMPLETE",
        "The dataset was successfully updated.",
    )
    assert listed(service, caller, arn) == before
    assert stats(service, caller, arn) == (5, 3, 2, 3)
    edited = before[4] | {"label0-metadata": before[4]["label0-metadata"] | {"class-name": "short"}}
    changed(service, caller, arn, [json.dumps(edited)])
    assert stats(service, caller, arn) == (5, 4, 1, 4)
    assert "cl-errors" not in json.dumps(listed(service, caller, arn)[4])


# checklist: C10, C11, C12
@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            [plain("x.png").replace("pictures", "elsewhere")],
            "The manifest file contains images from multiple S3 buckets.",
        ),
        ([tagged("x.png", "1"), tagged("a.png", "2", "3", "4")], "The manifest file has too many labels."),
        ([plain(f"{number}.png") for number in range(3)], "The manifest file has too many rows."),
        ([plain("x.png"), "no JSON"], "The manifest file has too many terminal errors."),
    ],
)
def test_an_update_that_is_refused_changes_nothing(
    service: Service, caller: Caller, lines: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = made(service, caller, LINES)
    monkeypatch.setattr(importing, "MAX_LABELS", 5)  # of which two are taken, and one label is freed by no line
    monkeypatch.setattr(importing, "MAX_ENTRIES", 5)
    before = (listed(service, caller, arn), stats(service, caller, arn), label_counts(service, caller, arn))
    description = changed(service, caller, arn, lines)
    assert description["Status"] == "UPDATE_FAILED"
    assert description["StatusMessageCode"] == "CLIENT_ERROR"
    assert description["StatusMessage"].startswith(message)
    assert (listed(service, caller, arn), stats(service, caller, arn), label_counts(service, caller, arn)) == before
    assert changed(service, caller, arn, [plain("fine.png")])["Status"] == "UPDATE_COMPLETE"
    assert keys(service, caller, arn) == ["a.png", "b.png", "c.png", "fine.png"]


def test_the_limits_hold_for_what_the_dataset_becomes(
    service: Service, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "MAX_LABELS", 2)
    monkeypatch.setattr(importing, "MAX_ENTRIES", 3)
    arn = made(service, caller, LINES)
    assert changed(service, caller, arn, [tagged("b.png", "bird"), plain("c.png")])["Status"] == "UPDATE_COMPLETE"
    assert label_counts(service, caller, arn) == {"cat": (1, 0), "bird": (1, 0)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "The manifest file has too many terminal errors."),
        (
            b'{"source-ref": "s3://pictures/a"}\n{"source-ref": "s3://others/a"}',
            "The manifest file contains images from",
        ),
        ("\n".join(tagged(f"{n}.png", f"{n}") for n in range(251)).encode(), "The manifest file has too many labels."),
    ],
)
def test_a_manifest_that_is_refused_leaves_an_empty_failed_dataset(
    service: Service, caller: Caller, content: bytes, message: str
) -> None:
    arn = asked(service, caller, [])
    service.objects.put("pictures", "m/lines.manifest", content)
    work(service)
    description = described(service, caller, arn)
    assert description["Status"] == "CREATE_FAILED"
    assert description["StatusMessageCode"] == "CLIENT_ERROR"
    assert description["StatusMessage"].startswith(message)
    assert stats(service, caller, arn) == (0, 0, 0, 0)
    assert leftovers(service.database) == Counter()


def leftovers(database: Database) -> Counter[str]:
    """Numbers of rows that belong to datasets, and of jobs."""
    with database.read() as connection:
        tables = (entries, entry_labels, dataset_labels, jobs)
        return +Counter({table.name: len(connection.execute(table.select()).all()) for table in tables})


def test_a_manifest_that_vanished_or_grew_fails_the_dataset(
    service: Service, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = asked(service, caller, LINES)
    service.objects.delete("pictures", ["m/lines.manifest"])
    work(service)
    large = asked(service, caller, LINES)
    monkeypatch.setattr(dataset_jobs, "MAX_MANIFEST_BYTES", 10)
    work(service)
    for arn, message in (
        (gone, "The manifest file extension or contents are invalid."),
        (large, "The manifest file size exceeds the maximum supported size."),
    ):
        description = described(service, caller, arn)
        assert (description["Status"], description["StatusMessageCode"]) == ("CREATE_FAILED", "CLIENT_ERROR")
        assert description["StatusMessage"].startswith(message)


class Killed(BaseException):
    """Stands for the end of a worker's process: nobody catches it."""


class Interrupted:
    """A store whose objects come a few bytes at a time, and before whose `turn`th piece something happens."""

    def __init__(self, service: Service, turn: int, happens: Callable[[], None]) -> None:
        self._objects, self._turn, self._happens = service.objects, turn, happens

    def open(self, bucket: str, key: str) -> tuple[Stored, Iterator[bytes]]:
        return self._objects.head(bucket, key), self._pieces(self._objects.read(bucket, key))

    def _pieces(self, content: bytes) -> Iterator[bytes]:
        for number, start in enumerate(range(0, len(content), 200)):
            if number == self._turn:
                self._happens()
            yield content[start : start + 200]


def interrupted(service: Service, turn: int, happens: Callable[[], None]) -> Service:
    store: Any = Interrupted(service, turn, happens)
    return replace(service, objects=store)


def claim_and_work(service: Service, worker: str = "test") -> None:
    known = dataset_jobs.handlers(service)
    assert work_on(service.queue, list(known), worker, known)


MANY = [boxed(f"{number:02}.png", f"label {number % 7}", declared=["more"]) for number in range(30)]


def test_an_import_is_seen_only_when_it_is_whole(
    service: Service, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_jobs, "BATCH", 3)
    arn = asked(service, caller, MANY)
    seen: list[int] = []

    def look() -> None:
        assert described(service, caller, arn)["Status"] == "CREATE_IN_PROGRESS"
        assert stats(service, caller, arn) == (0, 0, 0, 0)
        with pytest.raises(ResourceNotReadyException):
            listed(service, caller, arn)
        seen.append(leftovers(service.database)["entries"])

    claim_and_work(interrupted(service, 40, look))
    assert 0 < seen[0] < 30
    assert stats(service, caller, arn) == (30, 30, 0, 8)


@pytest.mark.parametrize("turn", [0, 1, 20, 50])
def test_an_import_whose_worker_was_killed_is_done_anew(
    service: Service, caller: Caller, turn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_jobs, "BATCH", 3)
    arn = asked(service, caller, MANY)

    def kill() -> None:
        raise Killed

    with pytest.raises(Killed):
        claim_and_work(interrupted(service, turn, kill))
    assert described(service, caller, arn)["Status"] == "CREATE_IN_PROGRESS"
    service.queue.release("test")
    work(service)
    assert described(service, caller, arn)["Status"] == "CREATE_COMPLETE"
    assert stats(service, caller, arn) == (30, 30, 0, 8)
    assert keys(service, caller, arn) == [f"{number:02}.png" for number in range(30)]
    assert label_counts(service, caller, arn)["label 0"] == (5, 5)


def test_a_worker_that_lost_its_import_writes_no_more(
    service: Service, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_jobs, "BATCH", 3)
    arn = asked(service, caller, MANY)

    def lose() -> None:  # as after a pause longer than the lease: another worker has done it all
        service.queue.release("slow")
        work(service)

    claim_and_work(interrupted(service, 40, lose), "slow")
    assert described(service, caller, arn)["Status"] == "CREATE_COMPLETE"
    assert stats(service, caller, arn) == (30, 30, 0, 8)
    assert leftovers(service.database) == {"entries": 30, "entry_labels": 30, "dataset_labels": 8}


def test_an_import_that_kills_every_worker_is_given_up(service: Service, caller: Caller) -> None:
    arn = asked(service, caller, MANY)

    def kill() -> None:
        raise Killed

    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(Killed):
            claim_and_work(interrupted(service, 1, kill))
        service.queue.release("test")
    work(service)
    description = described(service, caller, arn)
    assert (description["Status"], description["StatusMessageCode"]) == ("CREATE_FAILED", "SERVICE_ERROR")
    assert leftovers(service.database) == Counter()


def test_a_store_that_is_away_for_long_is_the_services_fault(service: Service, caller: Caller) -> None:
    arn = asked(service, caller, MANY)

    def away() -> None:
        raise StoreUnavailable("The store cannot be reached.")

    for _ in range(MAX_OUTAGES):
        claim_and_work(interrupted(service, 20, away))
        assert described(service, caller, arn)["Status"] == "CREATE_IN_PROGRESS"
        with service.database.write() as connection:  # it was put off until later
            connection.execute(update(jobs).values(lease_until=0))
    claim_and_work(interrupted(service, 20, away))
    description = described(service, caller, arn)
    assert (description["Status"], description["StatusMessageCode"]) == ("CREATE_FAILED", "SERVICE_ERROR")
    assert "The store cannot be reached." in description["StatusMessage"]
    datasets.delete_dataset(service, caller, dataset_arn=arn)
    work(service)
    assert leftovers(service.database) == Counter()


def test_an_update_that_breaks_changes_nothing(
    service: Service, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = made(service, caller, LINES)
    before = listed(service, caller, arn)

    def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    with monkeypatch.context() as patch:
        patch.setattr("customlabels.service.counting.change", broken)
        description = changed(service, caller, arn, [tagged("a.png", "dog"), plain("new.png")])
    assert (description["Status"], description["StatusMessageCode"]) == ("UPDATE_FAILED", "SERVICE_ERROR")
    assert "a defect" in description["StatusMessage"]
    assert listed(service, caller, arn) == before
    assert changed(service, caller, arn, [plain("new.png")])["Status"] == "UPDATE_COMPLETE"


def test_a_deletion_that_breaks_is_tried_again(
    service: Service, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_jobs, "RETRY_SECONDS", -1.0)
    monkeypatch.setattr(dataset_jobs, "BATCH", 7)
    arn = made(service, caller, MANY)
    calls: list[int] = []
    real = entry_rows.remove_first

    def broken(*given: Any) -> bool:
        calls.append(1)
        if len(calls) in (2, 4):
            raise RuntimeError("a defect")
        return real(*given)

    monkeypatch.setattr(entry_rows, "remove_first", broken)
    datasets.delete_dataset(service, caller, dataset_arn=arn)
    claim_and_work(service)
    assert described(service, caller, arn)["Status"] == "DELETE_IN_PROGRESS"
    assert 0 < leftovers(service.database)["entries"] < 30
    work(service)
    with pytest.raises(ResourceNotFoundException):
        described(service, caller, arn)
    assert leftovers(service.database) == Counter()


def test_deleting_a_dataset_leaves_others_alone(service: Service, caller: Caller) -> None:
    kept, gone = made(service, caller, MANY), made(service, caller, MANY)
    datasets.delete_dataset(service, caller, dataset_arn=gone)
    work(service)
    assert stats(service, caller, kept) == (30, 30, 0, 8)
    assert leftovers(service.database) == {"entries": 30, "entry_labels": 30, "dataset_labels": 8}


def test_a_job_without_its_dataset_ends(service: Service, caller: Caller) -> None:
    project = new_project(service, caller)
    with service.database.write() as connection:
        for kind in dataset_jobs.handlers(service):
            service.queue.add(connection, kind, project + "0", {"manifest": {}, "lines": "", "test": "none"})
    work(service)
    assert leftovers(service.database) == Counter()


def distributed(service: Service, caller: Caller, lines: list[str]) -> tuple[str, str]:
    """ARNs of the training and the test dataset after a distribution."""
    project = new_project(service, caller)
    train = made(service, caller, lines, project)
    test = made(service, caller, None, project, "TEST")
    datasets.distribute_dataset_entries(service, caller, datasets=[{"Arn": test}, {"Arn": train}])
    for arn in (train, test):
        assert described(service, caller, arn)["Status"] == "UPDATE_IN_PROGRESS"
    work(service)
    return train, test


# checklist: E16, E19
def test_distribution_moves_a_fifth_of_each_label(service: Service, caller: Caller) -> None:
    names = ["cat"] * 40 + ["dog"] * 25 + ["bird"] * 5
    lines = [
        tagged(f"{number:02}.png", name) if number % 2 else boxed(f"{number:02}.png", name)
        for number, name in enumerate(names)
    ]
    train, test = distributed(service, caller, lines)
    for arn in (train, test):
        description = described(service, caller, arn)
        assert (description["Status"], description["StatusMessageCode"]) == ("UPDATE_COMPLETE", "SUCCESS")
    kept, moved = keys(service, caller, train), keys(service, caller, test)
    assert (len(kept), len(moved)) == (56, 14)
    assert sorted(kept + moved) == [f"{number:02}.png" for number in range(70)]
    assert (kept, moved) == (sorted(kept), sorted(moved))  # both in the old order
    assert stats(service, caller, train) == (56, 56, 0, 3)
    assert stats(service, caller, test) == (14, 14, 0, 3)
    counts = [{name: n for name, (n, _) in label_counts(service, caller, arn).items()} for arn in (train, test)]
    assert counts == [{"cat": 32, "dog": 20, "bird": 4}, {"cat": 8, "dog": 5, "bird": 1}]
    assert keys(service, caller, test, contains_labels=["bird"])[0] >= "65.png"
    changed(service, caller, test, [plain("later.png")])
    assert keys(service, caller, test) == [*moved, "later.png"]


def test_distribution_takes_labeled_entries_only_and_keeps_lines(service: Service, caller: Caller) -> None:
    lines = [tagged(f"{number}.png", "cat", "dog") for number in range(10)] + [plain(f"u{n}.png") for n in range(10)]
    lines += [boxed(f"e{number}.png", off=1) for number in range(5)]
    train, test = distributed(service, caller, lines)
    assert stats(service, caller, train) == (23, 8, 5, 3)
    assert stats(service, caller, test) == (2, 2, 0, 2)
    (line, _) = listed(service, caller, test)
    assert line["label1-metadata"]["class-name"] == "dog"
    assert line["cl-metadata"] == {"is_labeled": True}


def test_the_same_entries_are_always_distributed_alike(service: Service, caller: Caller) -> None:
    lines = [tagged(f"{number}.png", f"label {number % 3}") for number in range(30)]
    _, first = distributed(service, caller, lines)
    _, second = distributed(service, caller, lines)
    assert keys(service, caller, first) == keys(service, caller, second)


# checklist: E18
@pytest.mark.parametrize(
    "lines", [[*[tagged(f"{number}.png", "cat") for number in range(10)], tagged("x.png", "rare")], [plain("a.png")]]
)
def test_too_few_images_of_a_label_change_nothing(service: Service, caller: Caller, lines: list[str]) -> None:
    train, test = distributed(service, caller, lines)
    for arn in (train, test):
        description = described(service, caller, arn)
        assert (description["Status"], description["StatusMessageCode"]) == ("UPDATE_FAILED", "CLIENT_ERROR")
        assert description["StatusMessage"].startswith(
            "The manifest file doesn't have enough labeled images to distribute the dataset."
        )
    assert len(keys(service, caller, train)) == len(lines)
    assert keys(service, caller, test) == []
    changed(service, caller, train, [tagged("y.png", "rare"), tagged("a.png", "rare")])
    datasets.distribute_dataset_entries(service, caller, datasets=[{"Arn": train}, {"Arn": test}])
    work(service)
    assert described(service, caller, test)["Status"] == "UPDATE_COMPLETE"


def test_a_distribution_that_breaks_changes_nothing(
    service: Service, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("customlabels.service.entry_rows.move", broken)
    train, test = distributed(service, caller, [tagged(f"{number}.png", "cat") for number in range(10)])
    for arn in (train, test):
        description = described(service, caller, arn)
        assert (description["Status"], description["StatusMessageCode"]) == ("UPDATE_FAILED", "SERVICE_ERROR")
    assert stats(service, caller, train) == (10, 10, 0, 1)
    assert stats(service, caller, test) == (0, 0, 0, 0)


def test_tags_of_a_dataset_survive_its_updates(service: Service, caller: Caller) -> None:
    arn = made(service, caller, LINES)
    tags.tag_resource(service, caller, resource_arn=arn, tags={"a": "b"})
    changed(service, caller, arn, [plain("new.png")])
    assert tags.list_tags_for_resource(service, caller, resource_arn=arn) == {"Tags": {"a": "b"}}
