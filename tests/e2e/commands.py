"""The workshop as a table of AWS CLI commands; both versions of the CLI run it against our server."""

from __future__ import annotations

import json
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from .conftest import Served
from .pictures import Pictures


@dataclass(frozen=True)
class Anything:
    """An answer that is not looked at."""


@dataclass(frozen=True)
class Step:
    """A command with $names from earlier steps, and what it prints: JSON, or text for `aws s3`."""

    command: str
    answer: Any = Anything()
    keep: str = ""
    """The name under which later steps find the answer."""
    repeat: bool = False
    """Whether it is run again until it answers as wanted."""


def _describe(query: str, answer: Any, names: str = "1") -> Step:
    command = f"rekognition describe-project-versions --project-arn $project --version-names {names} --query {query}"
    return Step(command, answer, repeat=True)


def _dataset(arn: str, status: str, entries: int) -> Step:
    query = "DatasetDescription.[Status,StatusMessageCode,DatasetStats.TotalEntries]"
    command = f"rekognition describe-dataset --dataset-arn {arn} --query '{query}'"
    return Step(command, [status, "SUCCESS", entries], repeat=True)


_STATUS = "'ProjectVersionDescriptions[].Status'"
_DETECT = "rekognition detect-custom-labels --project-version-arn $version"

STEPS = (
    Step("sts get-caller-identity --query Account", keep="account"),
    Step("s3 mb s3://$bucket"),
    Step("s3 cp $folder s3://$bucket/shapes --recursive --no-progress"),
    Step("s3 sync $folder s3://$bucket/shapes", ""),  # nothing is left to do
    Step("s3 cp $manifest s3://$bucket/labels.manifest --no-progress"),
    Step("s3 cp s3://$bucket/shapes/disc/00.png s3://$bucket/shapes/disc/10.png --no-progress"),
    Step("s3api list-objects-v2 --bucket $bucket --prefix shapes/disc/ --query 'length(Contents)'", 11),
    Step("rekognition create-project --project-name $name --query ProjectArn", keep="project"),
    Step("rekognition tag-resource --resource-arn $project --tags team=a,stage=b"),
    Step('rekognition tag-resource --resource-arn $project --tags \'{"more": "x y"}\''),
    Step("rekognition untag-resource --resource-arn $project --tag-keys stage other"),
    Step("rekognition list-tags-for-resource --resource-arn $project --query Tags", {"team": "a", "more": "x y"}),
    Step(
        "rekognition create-dataset --project-arn $project --dataset-type TRAIN --query DatasetArn --dataset-source "
        '\'{"GroundTruthManifest": {"S3Object": {"Bucket": "$bucket", "Name": "labels.manifest"}}}\'',
        keep="train",
    ),
    Step("rekognition create-dataset --project-arn $project --dataset-type TEST --query DatasetArn", keep="test"),
    _dataset("$train", "CREATE_COMPLETE", 20),
    Step("rekognition update-dataset-entries --dataset-arn $train --changes '$changes'"),
    _dataset("$train", "UPDATE_COMPLETE", 21),
    Step(
        "rekognition list-dataset-entries --dataset-arn $train --contains-labels disc --labeled "
        "--source-ref-contains shapes/ --page-size 4 --query 'length(DatasetEntries)'",
        11,
    ),
    Step("rekognition list-dataset-entries --dataset-arn $train --no-labeled --query DatasetEntries", []),
    Step("rekognition list-dataset-entries --dataset-arn $train --has-errors --query DatasetEntries", []),
    Step(
        "rekognition list-dataset-labels --dataset-arn $train "
        "--query 'DatasetLabelDescriptions[].[LabelName,LabelStats.EntryCount]'",
        [["disc", 11], ["cross", 10]],
    ),
    Step("rekognition distribute-dataset-entries --datasets Arn=$train Arn=$test"),
    _dataset("$test", "UPDATE_COMPLETE", 4),
    _dataset("$train", "UPDATE_COMPLETE", 17),
    Step(
        "rekognition describe-projects --project-names $name --query 'ProjectDescriptions[].[Status,length(Datasets)]'",
        [["CREATED", 2]],
    ),
    Step(
        "rekognition create-project-version --project-arn $project --version-name 1 "
        "--output-config S3Bucket=$bucket,S3KeyPrefix=out --tags customlabels:effort=fast --query ProjectVersionArn",
        keep="version",
    ),
    _describe(_STATUS, ["TRAINING_COMPLETED"]),
    Step("rekognition wait project-version-training-completed --project-arn $project --version-names 1"),
    Step("s3 cp s3://$bucket/out/EvaluationResultSummary-$name-1.json - --no-progress", keep="summary"),
    Step(
        "rekognition start-project-version --project-version-arn $version --min-inference-units 1",
        {"Status": "STARTING"},
    ),
    _describe(_STATUS, ["RUNNING"]),
    Step("rekognition wait project-version-running --project-arn $project --version-names 1"),
    Step(f"{_DETECT} --image-bytes fileb://$folder/disc/00.png --query 'CustomLabels[].Name'", ["disc"]),
    Step(
        f"{_DETECT} --image S3Object={{Bucket=$bucket,Name=shapes/cross/00.png}} --min-confidence 0 --max-results 1 "
        "--query 'CustomLabels[].Name'",
        ["cross"],
    ),
    Step("rekognition stop-project-version --project-version-arn $version", {"Status": "STOPPING"}),
    _describe(_STATUS, ["STOPPED"]),
    Step(
        "rekognition put-project-policy --project-arn $project --policy-name copies --query PolicyRevisionId "
        '--policy-document \'{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": '
        '"$account"}, "Action": "rekognition:CopyProjectVersion", "Resource": "$version"}]}\'',
        keep="revision",
    ),
    Step("rekognition list-project-policies --project-arn $project --query 'ProjectPolicies[].PolicyName'", ["copies"]),
    Step(
        "rekognition copy-project-version --source-project-arn $project --source-project-version-arn $version "
        "--destination-project-arn $project --version-name 2 --output-config S3Bucket=$bucket,S3KeyPrefix=copied "
        "--query ProjectVersionArn",
        keep="copied",
    ),
    _describe(_STATUS, ["COPYING_COMPLETED"], "2"),
    Step(
        "rekognition delete-project-policy --project-arn $project --policy-name copies --policy-revision-id $revision"
    ),
    Step("rekognition delete-project-version --project-version-arn $copied", {"Status": "DELETING"}),
    Step("rekognition delete-project-version --project-version-arn $version", {"Status": "DELETING"}),
    _describe("ProjectVersionDescriptions", [], "1 2"),
    Step("rekognition delete-dataset --dataset-arn $train"),
    Step("rekognition delete-dataset --dataset-arn $test"),
    Step(
        "rekognition describe-projects --project-names $name --query 'ProjectDescriptions[].Datasets[]'",
        [],
        repeat=True,
    ),
    Step("rekognition delete-project --project-arn $project", {"Status": "DELETING"}),
    Step("rekognition describe-projects --project-names $name --query ProjectDescriptions", [], repeat=True),
    Step("s3 rm s3://$bucket --recursive --quiet", ""),
    Step("s3 ls s3://$bucket", ""),
    Step("s3 rb s3://$bucket"),
)


def walk(cli: Sequence[str], server: Served, pictures: Pictures, scratch: Path, name: str) -> dict[str, Any]:
    """Run all steps by a CLI, its global options included, and return what was kept.

    Raises AssertionError for a command that fails or answers something else.
    """
    bucket = f"e2e-{name}"
    scratch.mkdir()
    manifest = scratch / "labels.manifest"
    lines = pictures.manifest(f"{bucket}/shapes", boxed=False)
    manifest.write_text(lines)
    another = lines.splitlines()[0].replace("disc/00.png", "disc/10.png")
    names = {
        "name": name,
        "bucket": bucket,
        "folder": str(pictures.folder),
        "manifest": str(manifest),
        "changes": json.dumps({"GroundTruth": another}),
    }
    for step in STEPS:
        answer = _run(cli, step, names, server.environment)
        if step.keep:
            names[step.keep] = answer
    return names


def _run(cli: Sequence[str], step: Step, names: Mapping[str, str], environment: dict[str, str]) -> Any:
    words = [Template(word).substitute(names) for word in shlex.split(step.command)]
    deadline, pause = time.monotonic() + 120, 0.25
    while True:
        done = subprocess.run(
            [*cli, "--output", "json", *words], env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"aws {shlex.join(words)}\n{done.stdout}{done.stderr}"
        answer = done.stdout if words[0] == "s3" else json.loads(done.stdout or "null")
        if isinstance(step.answer, Anything) or answer == step.answer:
            return answer
        assert step.repeat, f"aws {shlex.join(words)}\nanswered {answer!r}, not {step.answer!r}"
        assert time.monotonic() < deadline, f"aws {shlex.join(words)}\nstill answers {answer!r}, not {step.answer!r}"
        time.sleep(pause)  # a command takes a core for a second, of which a training can make more
        pause = min(2 * pause, 4.0)
