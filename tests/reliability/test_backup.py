"""A backup that is made while clients write has all that they were told before it began."""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path

from customlabels.service.access.caller import Caller
from customlabels.service.projects import describe_projects
from customlabels.service.service import open_service
from customlabels.store.backup import backup
from customlabels.store.restore import restore

from ..torture.operations import BUCKET
from .site import Site, until

WRITERS = 3


# checklist: L07
def test_what_was_acknowledged_before_a_backup_is_in_it(place: Site, tmp_path: Path) -> None:
    asked: list[int] = []
    acknowledged: list[int] = []
    numbers, over = count(1), threading.Event()

    def write() -> None:
        while not over.is_set():
            asked.append(number := next(numbers))
            place.s3.put_object(Bucket=BUCKET, Key=f"b/{number}", Body=f"{number}".encode() * 1000)
            place.new_project(f"backup-{number}")
            acknowledged.append(number)

    writers = [threading.Thread(target=write) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        until(lambda: len(acknowledged) > 10)
        before = list(acknowledged)
        made = backup(place.settings, tmp_path / "backup.tar")
    finally:
        over.set()
        for writer in writers:
            writer.join()
    assert made.missing == []
    elsewhere = replace(place.settings, home=tmp_path / "elsewhere", database_url="")
    assert restore(elsewhere, tmp_path / "backup.tar").missing == []
    with closing(open_service(elsewhere)) as service:
        described = describe_projects(service, Caller.administrator(service.account), max_results=10_000)
        names = {project["ProjectArn"].split("/")[1] for project in described["ProjectDescriptions"]}
        kept = {int(name.removeprefix("backup-")) for name in names if name.startswith("backup-")}
        assert set(before) <= kept <= set(asked)
        for number in kept:
            assert service.objects.read(BUCKET, f"b/{number}") == f"{number}".encode() * 1000
