"""Checks of whole manifests, and the three validation files of a training: spec 3.4 to 3.6.

Pure functions over entries whose lines and images were checked already; nothing here opens a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from customlabels.manifest.attributes import declared_labels
from customlabels.manifest.entry import Entry, Problem
from customlabels.manifest.groundtruth import Manifest, Rejected
from customlabels.manifest.lines import attach, dump, write_line
from customlabels.manifest.opener import S3
from customlabels.manifest.problems import OVERLAP_PERCENT, problem
from customlabels.manifest.split import labels_too_rare
from customlabels.manifest.task import Task, choose_task, labels_of, task_data
from customlabels.manifest.validate import is_usable

MAX_INVALID = 0.2
"""Share of invalid lines from which on a manifest is refused: above it."""

MAX_ENTRIES = 250_000
MAX_LABELS = 250
MIN_LABELS: dict[Task, int] = {"classification": 2, "detection": 1}

UseCase = Literal["IMAGE_LEVEL_LABELS", "OBJECT_LOCALIZATION", "NOT_DETERMINED"]
USE_CASES: dict[Task, UseCase] = {"classification": "IMAGE_LEVEL_LABELS", "detection": "OBJECT_LOCALIZATION"}


@dataclass(frozen=True)
class Part:
    """The training or the test half of what a training is given: entries with the problems of lines and images.

    `lines` counts the lines of the manifest, blank ones included; None: one for each entry and each rejected line.
    """

    entries: Sequence[Entry]
    rejected: Sequence[Rejected] = ()
    lines: int | None = None

    @property
    def total(self) -> int:
        return len(self.entries) + len(self.rejected) if self.lines is None else self.lines

    @property
    def usable(self) -> list[Entry]:
        return [entry for entry in self.entries if is_usable(entry)]

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels that are declared, on whatever line."""
        declared = (declared_labels(entry.attributes) or entry.all_labels for entry in self.entries)
        return tuple(dict.fromkeys(label for labels in declared for label in labels))


@dataclass(frozen=True)
class Counts:
    """Lines of a manifest: total = valid + invalid + ignored. `error_lines` are the numbers of lines with errors."""

    total: int
    valid: int
    invalid: int
    ignored: int
    error_lines: tuple[int, ...]


@dataclass(frozen=True)
class Verdict:
    """What the content checks found: a training goes on when there is no problem.

    `problems` concern both manifests; `use_case` is told for training and testing apart, because the checks may stop
    between the two.
    """

    task: Task
    training: tuple[Problem, ...]
    testing: tuple[Problem, ...]
    problems: tuple[Problem, ...]
    training_use_case: UseCase
    testing_use_case: UseCase

    @property
    def message(self) -> str:
        """The words for the status message: each finding once. Empty where there is none."""
        return " ".join(dict.fromkeys(p.message for p in (*self.training, *self.testing, *self.problems)))


def count_lines(part: Part) -> Counts:
    """Spec 3.5: invalid lines have an error of the whole line or no annotation that survived its errors; ignored ones
    have no annotation and no error (blank lines, too); all others are valid, even with a bad box among good ones."""
    valid, invalid = 0, len(part.rejected)
    error_lines = [r.problem.line for r in part.rejected]
    for entry in part.entries:
        if entry.has_errors:
            error_lines.append(entry.line)
        if entry.has_errors and (not is_usable(entry) or not entry.is_labeled):
            invalid += 1
        elif entry.is_labeled:
            valid += 1
    return Counts(part.total, valid, invalid, part.total - valid - invalid, tuple(sorted(error_lines)))


def check_content(training: Part, testing: Part, auto_split: bool = False) -> Verdict:
    """The terminal content errors of a training (spec 3.4), in the order in which AWS looks for them.

    With `auto_split` the two parts are a split of one manifest: its lines are judged as a whole, and it must have had
    two usable images of each label.
    """
    task = choose_task(training.entries, testing.entries)
    determined: UseCase = USE_CASES[task] if count_lines(training).valid else "NOT_DETERMINED"

    def stop(train: list[Problem], test: list[Problem], both: list[Problem]) -> Verdict:
        return Verdict(task, tuple(train), tuple(test), tuple(both), determined, "NOT_DETERMINED")

    both: list[Problem] = []
    train, test = (_rows(training, testing), []) if auto_split else (_rows(training), _rows(testing))
    if train or test:
        return stop(train, test, both)
    if auto_split:
        rare = labels_too_rare([*training.usable, *testing.usable])
        if rare:
            detail = f"labels with a single image: {', '.join(rare[:10])}"
            both = [problem("ERROR_INSUFFICIENT_IMAGES_PER_LABEL_FOR_AUTOSPLIT", detail=detail)]
            return stop(train, test, both)
    train = _number_of_labels(training.labels, MIN_LABELS[task], "LABELS")
    test = _number_of_labels(testing.labels, 1, "LABELS")
    both = _overlap("ERROR_INSUFFICIENT_LABEL_OVERLAP", training.labels, testing.labels)
    if train or test or both:
        return stop(train, test, both)

    data = task_data(training.entries, testing.entries, task)
    train_labels, test_labels = labels_of(data.train), labels_of(data.test)
    return Verdict(
        task,
        tuple(_number_of_labels(train_labels, MIN_LABELS[task], "USABLE_LABELS")),
        tuple(_number_of_labels(test_labels, 1, "USABLE_LABELS")),
        tuple(_overlap("ERROR_INSUFFICIENT_USABLE_LABEL_OVERLAP", train_labels, test_labels)),
        USE_CASES[task],
        USE_CASES[task],
    )


def check_dataset(manifest: Manifest) -> tuple[Problem, ...]:
    """Why a manifest cannot become, or be added to, a dataset as a whole (spec 2.5)."""
    found = []
    if manifest.lines > MAX_ENTRIES:
        found.append(problem("ERROR_MANIFEST_ROWS_EXCEEDS_MAXIMUM", detail=f"{manifest.lines:,} of {MAX_ENTRIES:,}"))
    if len(manifest.rejected) > MAX_INVALID * manifest.lines:
        detail = f"{len(manifest.rejected)} of {manifest.lines} lines; at most {MAX_INVALID:.0%} are allowed"
        found.append(problem("ERROR_TOO_MANY_RECORDS_IN_ERROR", detail=detail))
    if len(manifest.labels) > MAX_LABELS:
        detail = f"{len(manifest.labels)} labels; at most {MAX_LABELS} are allowed"
        found.append(problem("ERROR_MANIFEST_TOO_MANY_LABELS", detail=detail))
    return (*found, *_buckets(manifest.entries))


def validation_manifest(part: Part) -> Iterator[str]:
    """The lines of a manifest, all of them in their order, with `errors` and `warnings` where they belong.

    Raises ValueError where two entries have the same line number.
    """
    lines: dict[int, Entry | Rejected] = {entry.line: entry for entry in part.entries}
    lines.update((r.problem.line, r) for r in part.rejected)
    if len(lines) < len(part.entries) + len(part.rejected):
        raise ValueError("Two entries have the same line number; number them before writing a validation manifest.")
    end = max(part.total, max(lines, default=0))
    for number in range(1, end + 1):
        match lines.get(number):
            case Entry() as entry:
                yield write_line(entry, findings="errors")
            case Rejected(found, content):
                yield dump(attach(content, [found], "errors"))
            case None:
                yield ""


def manifest_summary(training: Part, testing: Part, verdict: Verdict) -> dict[str, Any]:
    """The manifest summary file as a JSON object (spec 3.6)."""
    return {
        "statistics": {
            "training": _statistics(count_lines(training), verdict.training_use_case, verdict.training),
            "testing": _statistics(count_lines(testing), verdict.testing_use_case, verdict.testing),
        },
        "errors": [_wire(p) for p in verdict.problems],
    }


def _statistics(counts: Counts, use_case: UseCase, problems: Sequence[Problem]) -> dict[str, Any]:
    return {
        "use_case": use_case,
        "total_json_lines": counts.total,
        "valid_json_lines": counts.valid,
        "invalid_json_lines": counts.invalid,
        "ignored_json_lines": counts.ignored,
        "error_json_line_indices": list(counts.error_lines),
        "errors": [_wire(p) for p in problems],
    }


def _wire(found: Problem) -> dict[str, str]:
    return {"code": found.code, "message": found.message}


def _rows(*parts: Part) -> list[Problem]:
    found, counts = [], [count_lines(part) for part in parts]
    invalid, total = sum(c.invalid for c in counts), sum(c.total for c in counts)
    if invalid > MAX_INVALID * total:
        detail = f"{invalid} of {total} lines; at most {MAX_INVALID:.0%} are allowed"
        found.append(problem("ERROR_TOO_MANY_INVALID_ROWS_IN_MANIFEST", detail=detail))
    return [*found, *_buckets([entry for part in parts for entry in part.entries])]


def _buckets(entries: Sequence[Entry]) -> list[Problem]:
    refs = (e.source_ref for e in entries if e.source_ref.startswith(S3))
    buckets = dict.fromkeys(ref.removeprefix(S3).partition("/")[0] for ref in refs)
    if len(buckets) < 2:
        return []
    return [problem("ERROR_IMAGES_IN_MULTIPLE_S3_BUCKETS", detail=f"buckets {', '.join(list(buckets)[:5])}")]


def _number_of_labels(labels: Sequence[str], minimum: int, kind: Literal["LABELS", "USABLE_LABELS"]) -> list[Problem]:
    if len(labels) < minimum:
        return [problem(f"ERROR_MANIFEST_TOO_FEW_{kind}", detail=f"{len(labels)}; at least {minimum} must be there")]
    if len(labels) > MAX_LABELS:
        return [problem("ERROR_MANIFEST_TOO_MANY_LABELS", detail=f"{len(labels)}; at most {MAX_LABELS} are allowed")]
    return []


def _overlap(code: str, training: Sequence[str], testing: Sequence[str]) -> list[Problem]:
    common = set(training) & set(testing)
    if 100 * len(common) >= OVERLAP_PERCENT * len(training):
        return []
    detail = (
        f"{len(common)} of {len(training)} training labels are in the test set; at least {OVERLAP_PERCENT} % must be"
    )
    return [problem(code, detail=detail)]
