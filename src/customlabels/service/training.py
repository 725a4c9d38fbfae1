"""A training from its job to its results: check, learn, evaluate, and tell how far it is. Runs in a training worker."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select, update

from customlabels.engine.work import Task
from customlabels.manifest.content import Part, Verdict, check_content, manifest_summary, validation_manifest
from customlabels.manifest.entry import Entry, Problem
from customlabels.manifest.groundtruth import API_RULES, Manifest, Rejected, parse
from customlabels.manifest.problems import MESSAGES, problem
from customlabels.manifest.split import split
from customlabels.manifest.task import task_data
from customlabels.manifest.validate import Checked, check_images
from customlabels.service import entries
from customlabels.service.access.caller import Caller
from customlabels.service.access.statements import Statement
from customlabels.service.arn import names_of
from customlabels.service.importing import MAX_MANIFEST_BYTES
from customlabels.service.outputs import OutputRefused, Outputs
from customlabels.service.pictures import Pictures
from customlabels.service.service import Service
from customlabels.service.version_models import forget_attempts, new_model_name
from customlabels.service.versions import CANCELLED, change, drop_snapshots
from customlabels.store.database import DatabaseUnavailable, now
from customlabels.store.objects import NoSuchBucket, ObjectError, ObjectTooLarge, StoreUnavailable
from customlabels.store.tables import versions

if TYPE_CHECKING:
    from customlabels.vision.progress import Monitor, Progress

log = logging.getLogger(__name__)
TEST_SHARE = 0.2
TELL_SECONDS = 1.0
"""How often the status message of a training changes at most."""
MOST_LOSSES = 200
"""Points of the training curve that are kept."""
COMPLETED = "The model is ready to run."


class TrainingRefused(Exception):
    """The training ends with this message for the user."""


def warm_up() -> None:
    """Load what trainings need, so that none waits for it."""
    from importlib.util import find_spec

    if find_spec("torch") is None:
        return
    began = time.monotonic()
    try:
        from customlabels.vision import classifier, detector, export  # noqa: F401
        from customlabels.vision.backbones import efficientnet_lite, ssd_mobilenet

        ssd_mobilenet.load_weights()
        for variant in efficientnet_lite.VARIANTS.values():
            efficientnet_lite.load_weights(variant)
    except Exception:
        log.exception("the training worker could not warm up; trainings will say what is missing")
    log.info("warm after %.1f s", time.monotonic() - began)


def train(service: Service, task: Task) -> None:
    """Do the job of a version that is TRAINING_IN_PROGRESS."""
    with service.database.read() as connection:
        row = connection.execute(select(versions).where(versions.c.arn == task.job.subject)).first()
    if row is None or row.status != "TRAINING_IN_PROGRESS":
        with service.database.write() as connection:
            task.finish(connection)
        return
    from customlabels.vision.progress import Cancelled

    training = _Training(service, task, row)
    try:
        training.run()
    except TrainingRefused as error:
        fail(service, task, str(error), training.results)
    except Cancelled:
        fail(service, task, CANCELLED, training.results)


def fail(service: Service, task: Task, reason: str, results: Mapping[str, Any] | None = None) -> None:
    """End a training in vain."""
    with service.database.write() as connection:
        task.finish(connection)
        row = connection.execute(select(versions).where(versions.c.arn == task.job.subject)).first()
        if row is not None and row.status == "TRAINING_IN_PROGRESS":
            snapshots = (row.training_snapshot, row.testing_snapshot)
            known = {"results": dict(results)} if results is not None else {}
            gone = {"training_snapshot": None, "testing_snapshot": None}
            change(connection, row, "TRAINING_FAILED", reason, ended=now(), **gone, **known)
            drop_snapshots(connection, snapshots)


@dataclass(frozen=True)
class _Looked:
    """Both parts with their images checked, and why none of a part's images could be read."""

    training: Part
    testing: Part
    training_unread: tuple[Problem, ...] = ()
    testing_unread: tuple[Problem, ...] = ()


class _Training:
    """One run of a training, from reading what it was given to its results."""

    def __init__(self, service: Service, task: Task, row: Row[Any]) -> None:
        self.service = service
        self.task = task
        self.row = row
        self.began = datetime.now(UTC)
        statements = tuple(
            Statement(s["effect"], tuple(s["actions"]), tuple(s["resources"]), s["conditions"])
            for s in task.job.payload["statements"]
        )
        self.caller = Caller(row.account, task.job.payload["caller"], statements)
        project, version = names_of(row.arn)
        self.outputs = Outputs.of(service, self.caller, row.output, project, version)
        self.pictures = Pictures(service.objects, self.caller)
        self.results: dict[str, Any] = {}
        self._told = 0.0
        self._started = time.monotonic()
        self._losses: list[tuple[float, float]] = []

    def run(self) -> None:
        """Raises TrainingRefused, Cancelled, LeaseLost."""
        from customlabels.vision.hub.models import find_backbone
        from customlabels.vision.preparing import prepared
        from customlabels.vision.progress import Monitor
        from customlabels.vision.runtime import RuntimeMissing
        from customlabels.vision.train import train_prepared
        from customlabels.vision.weights import WeightsError

        self.task.renew()
        monitor = Monitor(self._tell, self.task.cancelled)
        monitor.check()
        try:
            self.outputs.check()
            named = self.task.job.payload.get("backbone")
            hub = None if named is None else find_backbone(named)
            given, tests, auto = self._read()
            looked = self._look(given, tests, monitor)
            training, testing = looked.training, looked.testing
            verdict = _judge(looked, auto)
            self._write_validation(training, testing, verdict)
            if verdict.message:
                raise TrainingRefused(verdict.message)
            chosen = task_data(training.entries, testing.entries)
            ready = prepared(chosen, training.labels, self.pictures.read, self.pictures.read)
            name = new_model_name(self.row)
            model = train_prepared(
                ready,
                self.service.models.new(name),
                effort=self.row.effort,
                seed=self.row.seed,
                began=self.began,
                monitor=monitor,
                version_arn=self.row.arn,
                hub=hub,
                extract=self.service.extract(self.caller),
            )
            files = self.outputs.put_evaluation(model.folder)
            self.service.models.keep(name)
        except OutputRefused as error:
            log.warning("%s: %s", self.row.arn, error)
            raise TrainingRefused(MESSAGES["ERROR_CANNOT_WRITE_OUTPUT_S3_BUCKET"]) from error
        except (RuntimeMissing, WeightsError) as error:
            raise TrainingRefused(str(error)) from error
        assert model.evaluation is not None
        self._complete(name, model.evaluation.f1, files)

    def _read(self) -> tuple[Manifest, Manifest | None, bool]:
        """What is to be learnt from and tested on (None: a part of the first). Raises TrainingRefused."""
        auto = bool(self.row.testing_input.get("AutoCreate"))
        if self.row.training_snapshot is not None:
            training = self._snapshot(self.row.training_snapshot)
            testing = None if auto else self._snapshot(self.row.testing_snapshot)
        else:
            training = self._manifest(self.row.training_input["Assets"])
            testing = None if auto else self._manifest(self.row.testing_input["Assets"])
        for manifest in (training, testing):
            if manifest is not None and not manifest.entries and not manifest.rejected:
                raise TrainingRefused(MESSAGES["ERROR_EMPTY_MANIFEST"])
        return training, testing, auto

    def _snapshot(self, dataset_id: int) -> Manifest:
        with self.service.database.read() as connection:
            return parse((line for _, line in entries.lines(connection, dataset_id)), API_RULES)

    def _manifest(self, assets: Sequence[Mapping[str, Any]]) -> Manifest:
        lines: list[bytes] = []
        for asset in assets:
            place = asset["GroundTruthManifest"]["S3Object"]
            lines += self._object(place["Bucket"], place["Name"]).splitlines()
        return parse(lines, API_RULES)

    def _object(self, bucket: str, key: str) -> bytes:
        try:
            mine = self.service.objects.bucket(bucket).account == self.row.account
            if not mine or not self.caller.may("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}"):
                raise TrainingRefused(MESSAGES["ERROR_INVALID_PERMISSIONS_MANIFEST_S3_BUCKET"])
            return self.service.objects.read(bucket, key, MAX_MANIFEST_BYTES)
        except NoSuchBucket as error:
            raise TrainingRefused(MESSAGES["ERROR_INVALID_PERMISSIONS_MANIFEST_S3_BUCKET"]) from error
        except StoreUnavailable:
            raise
        except ObjectTooLarge as error:
            raise TrainingRefused(MESSAGES["ERROR_MANIFEST_SIZE_TOO_LARGE"]) from error
        except ObjectError as error:
            raise TrainingRefused(MESSAGES["ERROR_MANIFEST_INACCESSIBLE_OR_UNSUPPORTED_FORMAT"]) from error

    def _look(self, training: Manifest, testing: Manifest | None, monitor: Monitor) -> _Looked:
        """Check the images of both parts, and divide the first where there is no second."""
        halves = 1 if testing is None else 2
        checked, unread = self._check(training, monitor.span(0.0, 0.04 / halves))
        if testing is not None:
            tested, untested = self._check(testing, monitor.span(0.02, 0.04))
            return _Looked(
                Part(checked.entries, training.rejected, training.lines),
                Part(tested.entries, testing.rejected, testing.lines),
                unread,
                untested,
            )
        _, chosen = split(checked.usable, TEST_SHARE, self.row.seed, checked.fingerprint)
        taken = {entry.line for entry in chosen}
        kept = [entry for entry in checked.entries if entry.line not in taken]
        return _Looked(_renumbered(kept, training.rejected), _renumbered(chosen, ()), unread)

    def _check(self, manifest: Manifest, monitor: Monitor) -> tuple[Checked, tuple[Problem, ...]]:
        pictures = Pictures(self.service.objects, self.caller)
        checked = check_images(
            manifest.entries,
            pictures.read,
            progress=lambda done, total: monitor.report("reading", done / max(1, total)),
            examine=self.service.decoders.examine,
        )
        if pictures.opened or not pictures.asked:
            return checked, ()
        refused = pictures.refused == pictures.asked
        code = "ERROR_INVALID_PERMISSIONS_IMAGES_S3_BUCKET" if refused else "ERROR_FAILED_IMAGES_S3_COPY"
        return checked, (problem(code),)

    def _write_validation(self, training: Part, testing: Part, verdict: Verdict) -> None:
        """The three validation files, and where they are, for whoever asks while the training goes on."""
        for kind, part in (("TrainingManifestWithValidation", training), ("TestingManifestWithValidation", testing)):
            self.outputs.put(kind, (f"{line}\n".encode() for line in validation_manifest(part)))
        summary = manifest_summary(training, testing, verdict)
        self.outputs.put("ManifestSummary", json.dumps(summary).encode())
        self.results = {
            "ManifestSummary": self.outputs.place("ManifestSummary"),
            "TrainingDataResult": {"Validation": self.outputs.assets("TrainingManifestWithValidation")},
            "TestingDataResult": {"Validation": self.outputs.assets("TestingManifestWithValidation")},
        }
        with self.service.database.write() as connection:
            self.task.require(connection)
            mine = versions.c.id == self.row.id
            connection.execute(update(versions).where(mine).values(results=self.results))

    def _complete(self, name: str, f1: float, files: Mapping[str, Any]) -> None:
        results = {**self.results, "EvaluationResult": {"F1Score": f1, **files["EvaluationResult"]}}
        auto = {"AutoCreate": bool(self.row.testing_input.get("AutoCreate"))}
        for kind, further in (("TrainingDataResult", {}), ("TestingDataResult", auto)):
            output = {**further, **files[kind]["Output"]}
            results[kind] = {**self.results[kind], "Output": output}
        ended = now()
        with self.service.database.write() as connection:
            self.task.finish(connection)
            change(
                connection,
                self.row,
                "TRAINING_COMPLETED",
                COMPLETED,
                ended=ended,
                billable_seconds=math.ceil(time.monotonic() - self._started),
                f1=f1,
                results=results,
                model=name,
                progress=self._progress("done", 1.0, 0.0),
                training_snapshot=None,
                testing_snapshot=None,
            )
            drop_snapshots(connection, (self.row.training_snapshot, self.row.testing_snapshot))
        forget_attempts(self.service, self.row, name)

    def _tell(self, progress: Progress) -> None:
        if progress.loss is not None and math.isfinite(progress.loss):
            self._losses.append((progress.fraction, progress.loss))
        at = time.monotonic()
        if at - self._told < TELL_SECONDS:
            return
        self._told = at
        left = "" if progress.seconds_left is None else f", about {math.ceil(progress.seconds_left)} s left"
        values = {
            "status_message": f"Training: {100 * progress.fraction:.0f} %{left}",
            "progress": self._progress(progress.phase, progress.fraction, progress.seconds_left),
        }
        try:
            with self.service.database.write() as connection:
                mine = (versions.c.id == self.row.id) & (versions.c.status == "TRAINING_IN_PROGRESS")
                connection.execute(update(versions).where(mine).values(values))
        except DatabaseUnavailable as error:  # no reason to lose the training; the next message may get through
            log.warning("%s: %s", self.row.arn, error)

    def _progress(self, phase: str, fraction: float, seconds_left: float | None) -> dict[str, Any]:
        """What `versions.progress` holds: of the losses so many that a curve can be drawn."""
        step = -(-len(self._losses) // MOST_LOSSES) or 1
        shown = self._losses[::-step][::-1]
        return {
            "Phase": phase,
            "Fraction": fraction,
            "SecondsLeft": seconds_left,
            "Losses": [[round(at, 4), float(f"{loss:.5g}")] for at, loss in shown],
        }


def _judge(looked: _Looked, auto: bool) -> Verdict:
    """What is wrong with the manifests as a whole; where no image of one could be read, that before all else."""
    verdict = check_content(looked.training, looked.testing, auto)
    if not looked.training_unread and not looked.testing_unread:
        return verdict
    training, testing = looked.training_unread or verdict.training, looked.testing_unread or verdict.testing
    return replace(verdict, training=training, testing=testing, problems=())


def _renumbered(kept: Sequence[Entry], rejected: Sequence[Rejected]) -> Part:
    """A part of a manifest as a manifest of its own: lines numbered from 1, in their old order."""
    mixed: list[Entry | Rejected] = sorted([*kept, *rejected], key=_line)
    new_entries, new_rejected = [], []
    for number, item in enumerate(mixed, 1):
        if isinstance(item, Entry):
            new_entries.append(replace(item, line=number))
        else:
            new_rejected.append(replace(item, problem=replace(item.problem, line=number)))
    return Part(new_entries, new_rejected, len(mixed))


def _line(item: Entry | Rejected) -> int:
    return item.line if isinstance(item, Entry) else item.problem.line
