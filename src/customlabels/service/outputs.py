"""The files that a training leaves in its output bucket: their names, and how they are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from customlabels.service.access.caller import Caller
from customlabels.service.service import Service
from customlabels.store.objects import CHUNK, ObjectError, StoreUnavailable

VALIDATION_FILES = ("ManifestSummary", "TrainingManifestWithValidation", "TestingManifestWithValidation")
EVALUATION_FILES = {
    "EvaluationResultSummary": "EvaluationResultSummary.json",
    "TrainingGroundTruth": "TrainingGroundTruth.json",
    "TestingGroundTruth": "TestingGroundTruth.json",
}
"""Kind of file to its name in a model's folder."""
REPORT = "report.html"


class OutputRefused(Exception):
    """The output bucket cannot be written; the text says why."""


@dataclass(frozen=True)
class Outputs:
    """Writes below an OutputConfig, with the rights of a caller, for one version of a project."""

    service: Service
    caller: Caller
    bucket: str
    prefix: str
    project: str
    version: str

    @classmethod
    def of(cls, service: Service, caller: Caller, config: Mapping[str, str], project: str, version: str) -> Outputs:
        return cls(service, caller, config["S3Bucket"], config.get("S3KeyPrefix", ""), project, version)

    def key(self, kind: str, suffix: str = "json") -> str:
        """Where a kind of file goes: PREFIX/KIND-PROJECT-VERSION.json."""
        name = f"{kind}-{self.project}-{self.version}.{suffix}"
        return f"{self.prefix.rstrip('/')}/{name}" if self.prefix.rstrip("/") else name

    def place(self, kind: str) -> dict[str, Any]:
        """An S3Object, as descriptions name files."""
        return {"S3Object": {"Bucket": self.bucket, "Name": self.key(kind)}}

    def assets(self, kind: str) -> dict[str, Any]:
        """A list of one manifest, as descriptions name them."""
        return {"Assets": [{"GroundTruthManifest": self.place(kind)}]}

    def check(self) -> None:
        """Raises OutputRefused where the caller may not write there, StoreUnavailable where nobody can, for now."""
        for kind in (*VALIDATION_FILES, *EVALUATION_FILES):
            self._require(self.key(kind))
        try:
            if self.service.objects.bucket(self.bucket).account != self.caller.account:
                raise OutputRefused(f"The bucket {self.bucket} belongs to another account.")
        except StoreUnavailable:
            raise
        except ObjectError as error:
            raise OutputRefused(str(error)) from error

    def put(self, kind: str, content: bytes | Iterable[bytes], media: str = "application/json") -> None:
        """Write a file. Raises OutputRefused, StoreUnavailable."""
        key = self.key(kind, "html" if media == "text/html" else "json")
        self._require(key)
        try:
            self.service.objects.put(self.bucket, key, content, {"content-type": media})
        except StoreUnavailable:
            raise
        except ObjectError as error:
            raise OutputRefused(str(error)) from error

    def put_evaluation(self, folder: Path) -> dict[str, Any]:
        """Write the evaluation files of a model's folder; returns the members of the description that name them.

        Raises OutputRefused, StoreUnavailable, OSError.
        """
        for kind, name in EVALUATION_FILES.items():
            self.put(kind, _chunks(folder / name))
        if (folder / REPORT).is_file():
            self.put("Report", _chunks(folder / REPORT), "text/html")
        return {
            "EvaluationResult": {"Summary": self.place("EvaluationResultSummary")},
            "TrainingDataResult": {"Output": self.assets("TrainingGroundTruth")},
            "TestingDataResult": {"Output": self.assets("TestingGroundTruth")},
        }

    def _require(self, key: str) -> None:
        if not self.caller.may("s3:PutObject", f"arn:aws:s3:::{self.bucket}/{key}"):
            raise OutputRefused(f"{self.caller.arn} may not write to s3://{self.bucket}/{key}.")


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
