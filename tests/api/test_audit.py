"""One line a call: who, what, on what, with which result; never an image or a secret."""

from __future__ import annotations

import base64
import json
import threading
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from customlabels.api import audit
from customlabels.api.audit import Audit
from customlabels.server import Server
from customlabels.service.access.caller import Caller
from customlabels.service.access.keys import Key

from .conftest import Client, NewUser, Wire

VERSION = "arn:aws:rekognition:us-east-1:111122223333:project/pets/version/1/1690474772815"


@pytest.fixture
def log(server: Server) -> Path:
    return server.settings.logs / "audit.jsonl"


def lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def line_of(log: Path, request_id: str) -> dict[str, Any]:
    (found,) = [line for line in lines(log) if line["request_id"] == request_id]
    return found


# checklist: L06
def test_a_call_has_a_line_with_all_that_is_known_of_it(log: Path, client: Client, new_user: NewUser) -> None:
    key = new_user("audited", "Administrator")
    name = f"audited-{uuid.uuid4().hex[:8]}"
    answer = client("rekognition", key=key).create_project(ProjectName=name)
    line = line_of(log, answer["ResponseMetadata"]["RequestId"])
    account = answer["ProjectArn"].split(":")[4]
    assert abs(datetime.fromisoformat(line.pop("time")) - datetime.now(UTC)) < timedelta(minutes=1)
    assert 0 < line.pop("ms") < 60_000
    assert line == {
        "account": account,
        "principal": f"arn:aws:iam::{account}:user/audited",
        "key": key.id,
        "operation": "CreateProject",
        "resource": name,
        "result": "OK",
        "request_id": answer["ResponseMetadata"]["RequestId"],
        "source": "127.0.0.1",
    }


# checklist: L06
def test_refused_calls_have_lines_too(log: Path, rekognition: Any, client: Client, key: Key, wire: Wire) -> None:
    with pytest.raises(ClientError) as caught:
        rekognition.describe_project_versions(ProjectArn=VERSION.replace("version/1/", ""))
    found = line_of(log, caught.value.response["ResponseMetadata"]["RequestId"])
    assert (found["result"], found["resource"]) == ("ResourceNotFoundException", VERSION.replace("version/1/", ""))
    with pytest.raises(ClientError) as caught:
        client("rekognition", key=Key(key.id, "wrong")).describe_projects()
    found = line_of(log, caught.value.response["ResponseMetadata"]["RequestId"])
    assert (found["result"], found["principal"]) == ("InvalidSignatureException", None)
    bare = wire.send("POST", "/", b"{}", {"X-Amz-Target": "RekognitionService.DeleteProject"})
    found = line_of(log, bare.headers["x-amzn-requestid"])
    assert (found["result"], found["operation"]) == ("MissingAuthenticationTokenException", "DeleteProject")


def test_calls_of_s3_and_sts_have_lines(log: Path, client: Client) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="audited")
    put = s3.put_object(Bucket="audited", Key="a/b", Body=b"content")["ResponseMetadata"]
    found = line_of(log, put["HTTPHeaders"]["x-amz-request-id"])
    assert (found["operation"], found["resource"]) == ("S3 PutObject", "arn:aws:s3:::audited/a/b")
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket="audited", Key="absent")
    found = line_of(log, caught.value.response["ResponseMetadata"]["HTTPHeaders"]["x-amz-request-id"])
    assert (found["operation"], found["result"]) == ("S3 GetObject", "404")
    identity = client("sts").get_caller_identity()
    assert line_of(log, identity["ResponseMetadata"]["RequestId"])["operation"] == "STS GetCallerIdentity"


# checklist: L06
def test_no_line_has_an_image_or_a_secret(log: Path, rekognition: Any, key: Key) -> None:
    image = uuid.uuid4().bytes * 100
    with pytest.raises(ClientError):
        rekognition.detect_custom_labels(ProjectVersionArn=VERSION, Image={"Bytes": image})
    assert lines(log)[-1]["resource"] == VERSION
    home = log.parent.parent
    written = b"".join(path.read_bytes() for path in (home / "logs").iterdir())
    assert base64.b64encode(image)[:40] not in written
    assert key.secret.encode() not in written
    assert b"Signature=" not in written


def test_a_caller_cannot_forge_lines(log: Path, wire: Wire) -> None:
    before = len(lines(log))
    wire.send("GET", "/bucket/%0A%7B%22forged%22:1%7D")
    wire.send("POST", "/", b"{}", {"X-Amz-Target": 'RekognitionService.x"}{"a":"'})
    after = lines(log)
    assert len(after) == before + 2
    assert all(line.keys() == after[0].keys() for line in after)


def test_the_log_begins_anew_before_it_grows_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MAX_BYTES", 2000)
    monkeypatch.setattr(audit, "KEPT", 3)
    log = Audit(tmp_path / "logs" / "audit.jsonl")
    for number in range(100):
        log.record(Caller.administrator("111122223333"), "DescribeProjects", "*", "OK", str(number), "127.0.0.1", 1.5)
    log.close()
    files = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert files == ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2", "audit.jsonl.3"]
    assert all(path.stat().st_size <= 2000 for path in (tmp_path / "logs").iterdir())
    assert lines(tmp_path / "logs" / "audit.jsonl")[-1]["request_id"] == "99"


def test_lines_of_several_threads_do_not_mix(tmp_path: Path) -> None:
    log = Audit(tmp_path / "audit.jsonl")

    def write(thread: int) -> None:
        for number in range(50):
            log.record(None, "GetObject", "x" * 5000, "OK", f"{thread}-{number}", "::1", 0.1)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    found = lines(tmp_path / "audit.jsonl")
    assert {line["request_id"] for line in found} == {f"{t}-{n}" for t in range(4) for n in range(50)}
    assert len(found[0]["resource"]) < 3000
