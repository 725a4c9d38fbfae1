"""What the AWS SDK for Java 2 and Terraform's AWS provider send, sent again byte by byte: the clients are not run here.

The headers, their case and order, which of them are signed, the operations and how often they are asked are those that
the clients' documentation and sources show.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .conftest import Served, Trained, until
from .pictures import Pictures

JAVA = (
    "aws-sdk-java/2.31.45 md/io#sync md/http#Apache ua/2.1 os/Linux#6.8.0 lang/java#21.0.7 "
    "md/OpenJDK_64-Bit_Server_VM#21.0.7 md/vendor#Eclipse_Adoptium md/en_US m/D"
)
TERRAFORM = (
    "APN/1.0 HashiCorp/1.0 Terraform/1.12.2 (+https://www.terraform.io) terraform-provider-aws/6.2.0 "
    "(+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.36.5 ua/2.1 os/linux lang/go#1.23.10 "
    "md/GOOS#linux md/GOARCH#amd64 api/rekognition#1.49.3 m/E"
)
CHUNK = 128 * 1024


class Wire:
    """Signs and sends requests whose headers, with their case and order, are the caller's."""

    def __init__(self, server: Served, agent: str, casing: Callable[[str], str] = str) -> None:
        self.server = server
        self.agent = agent
        self.casing = casing
        """How the client writes the names of headers that signing adds."""
        told = server.environment
        self.keys = Credentials(told["AWS_ACCESS_KEY_ID"], told["AWS_SECRET_ACCESS_KEY"])
        self.region = told["AWS_REGION"]

    def call(self, operation: str, request: dict[str, Any], status: int = 200) -> Any:
        """Call an operation of Rekognition and return what it answers. Raises AssertionError for another status."""
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"RekognitionService.{operation}"}
        answer, content = self.send("POST", "/", headers, json.dumps(request).encode(), "rekognition")
        assert answer.status == status, content
        assert answer.headers["content-type"] == "application/x-amz-json-1.1"
        assert uuid.UUID(answer.headers["x-amzn-RequestId"])
        return json.loads(content)

    def send(
        self, method: str, path: str, headers: dict[str, str], body: bytes, service: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        signed = {"amz-sdk-invocation-id": str(uuid.uuid4()), "amz-sdk-request": "attempt=1; max=3", **headers}
        signed["Content-Length"] = str(len(body))
        request = AWSRequest(method, self.server.endpoint + path, headers=signed, data=body)
        SigV4Auth(self.keys, service, self.region).add_auth(request)
        return self.transmit(method, path, dict(request.headers), body)

    def transmit(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[http.client.HTTPResponse, bytes]:
        address = urlsplit(self.server.endpoint).netloc
        connection = http.client.HTTPConnection(address, timeout=30)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": address, **headers, "User-Agent": self.agent}.items():
            connection.putheader(self.casing(name), value)
        connection.endheaders(body)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content


@pytest.fixture
def java(server: Served) -> Wire:
    return Wire(server, JAVA)


@pytest.fixture
def terraform(server: Served) -> Wire:
    """Go's HTTP client writes every header like This-One."""
    return Wire(server, TERRAFORM, str.title)


# checklist: A05, A07, A08
def test_java_makes_a_dataset_and_asks_a_model(java: Wire, bucket: str, pictures: Pictures, running: Trained) -> None:
    project = java.call("CreateProject", {"ProjectName": "java"})["ProjectArn"]
    source = {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Name": "labels.manifest"}}}
    dataset = java.call("CreateDataset", {"ProjectArn": project, "DatasetType": "TRAIN", "DatasetSource": source})[
        "DatasetArn"
    ]
    description: dict[str, Any] = {}

    def created() -> bool:
        description.update(java.call("DescribeDataset", {"DatasetArn": dataset})["DatasetDescription"])
        return bool(description["Status"] == "CREATE_COMPLETE")

    until(created, "the dataset")
    assert set(description) == {
        *("CreationTimestamp", "LastUpdatedTimestamp", "Status", "StatusMessage", "StatusMessageCode", "DatasetStats")
    }
    assert description["CreationTimestamp"] == pytest.approx(time.time(), abs=60)  # seconds, and a number
    first = java.call("ListDatasetEntries", {"DatasetArn": dataset, "MaxResults": 15})
    second = java.call("ListDatasetEntries", {"DatasetArn": dataset, "MaxResults": 15, "NextToken": first["NextToken"]})
    assert (len(first["DatasetEntries"]), len(second["DatasetEntries"])) == (15, 5)
    assert "NextToken" not in second

    (version,) = java.call(
        "DescribeProjectVersions", {"ProjectArn": running.project, "VersionNames": [running.version_name]}
    )["ProjectVersionDescriptions"]
    assert version["Status"] == "RUNNING"
    assert None not in version.values()
    image = {"Bytes": base64.b64encode((pictures.folder / pictures.keys[0]).read_bytes()).decode()}
    found = java.call("DetectCustomLabels", {"ProjectVersionArn": running.version, "Image": image})
    assert [label["Name"] for label in found["CustomLabels"]] == ["disc"]

    error = java.call("DescribeDataset", {"DatasetArn": dataset + "0"}, status=400)
    assert error["__type"] == error["Code"] == "ResourceNotFoundException"
    assert error["Message"]
    assert uuid.UUID(error["Logref"])
    java.call("DeleteDataset", {"DatasetArn": dataset})
    until(
        lambda: not java.call("DescribeProjects", {"ProjectNames": ["java"]})["ProjectDescriptions"][0]["Datasets"], ""
    )
    assert java.call("DeleteProject", {"ProjectArn": project}) == {"Status": "DELETING"}


def test_java_uploads_in_signed_chunks_after_asking_whether_to_go_on(java: Wire, server: Served, bucket: str) -> None:
    data = bytes(range(256)) * 1100  # two whole chunks and a rest
    headers = {
        "Content-Type": "application/octet-stream",
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "x-amz-decoded-content-length": str(len(data)),
        "Content-Encoding": "aws-chunked",
    }
    pieces = [data[i : i + CHUNK] for i in range(0, len(data), CHUNK)] + [b""]
    length = sum(len(_chunk(piece, "0" * 64)) for piece in pieces)
    request = AWSRequest(
        "PUT", f"{server.endpoint}/{bucket}/java.bin", headers={**headers, "Content-Length": str(length)}
    )
    signer = _Presummed(java.keys, "s3", java.region)
    signer.add_auth(request)
    signature = request.headers["Authorization"].rpartition("Signature=")[2]
    body = b""
    for piece in pieces:
        text = "\n".join(
            [
                "AWS4-HMAC-SHA256-PAYLOAD",
                request.context["timestamp"],
                signer.credential_scope(request),
                signature,
                hashlib.sha256(b"").hexdigest(),
                hashlib.sha256(piece).hexdigest(),
            ]
        )
        signature = signer.signature(text, request)
        body += _chunk(piece, signature)
    sent = {**dict(request.headers), "Expect": "100-continue", "Connection": "Keep-Alive"}
    answer, content = java.transmit("PUT", f"/{bucket}/java.bin", sent, body)
    assert answer.status == 200, content
    s3 = server.client("s3")
    stored = s3.get_object(Bucket=bucket, Key="java.bin")
    assert stored["Body"].read() == data
    assert "aws-chunked" not in stored.get("ContentEncoding", "")

    damaged = body[:1000] + bytes([body[1000] ^ 1]) + body[1001:]
    answer, content = java.transmit("PUT", f"/{bucket}/java.bin", sent, damaged)
    assert (answer.status, b"SignatureDoesNotMatch" in content) == (403, True)
    assert s3.get_object(Bucket=bucket, Key="java.bin")["Body"].read() == data


# checklist: B01, B04, B06, B09, B11
def test_terraform_applies_imports_and_destroys_a_project(terraform: Wire) -> None:
    answer, content = terraform.send(
        "POST",
        "/",
        {"Content-Type": "application/x-www-form-urlencoded"},
        b"Action=GetCallerIdentity&Version=2011-06-15",
        "sts",
    )
    assert answer.status == 200
    assert b"<Account>" in content

    def find(*features: str) -> list[dict[str, Any]]:
        request = {"ProjectNames": ["terraform"], "Features": list(features)}
        found: list[dict[str, Any]] = terraform.call("DescribeProjects", request)["ProjectDescriptions"]
        return found

    # Apply. Without a feature in the configuration both are looked for, until the project is CREATED twice in a row.
    project = terraform.call("CreateProject", {"ProjectName": "terraform", "Tags": {"team": "a"}})["ProjectArn"]
    seen: list[str] = []

    def created() -> bool:
        seen.append(find("CONTENT_MODERATION", "CUSTOM_LABELS")[0]["Status"])
        return seen[-2:] == ["CREATED", "CREATED"]

    until(created, "the project", 600)
    assert set(seen) <= {"CREATING", "CREATED"}

    # Refresh and import.
    for features in (["CUSTOM_LABELS"], ["CONTENT_MODERATION", "CUSTOM_LABELS"]):
        (description,) = find(*features)
        assert description["ProjectArn"] == project
        assert description.get("Feature", "CUSTOM_LABELS") == "CUSTOM_LABELS"
        assert "AutoUpdate" not in description
    assert find("CONTENT_MODERATION") == []
    assert terraform.call("ListTagsForResource", {"ResourceArn": project}) == {"Tags": {"team": "a"}}

    # Change of tags.
    terraform.call("UntagResource", {"ResourceArn": project, "TagKeys": ["team"]})
    terraform.call("TagResource", {"ResourceArn": project, "Tags": {"owner": "b"}})
    assert terraform.call("ListTagsForResource", {"ResourceArn": project}) == {"Tags": {"owner": "b"}}

    # Destroy. From the answer on, any state but DELETING or absence is an error to Terraform.
    terraform.call("DeleteProject", {"ProjectArn": project})
    absent: list[bool] = []

    def destroyed() -> bool:
        found = find("CUSTOM_LABELS")
        assert [description["Status"] for description in found] in ([], ["DELETING"])
        absent.append(not found)
        return absent[-2:] == [True, True]

    until(destroyed, "the project's end", 600)
    assert terraform.call("DeleteProject", {"ProjectArn": project}, 400)["__type"] == "ResourceNotFoundException"


class _Presummed(SigV4Auth):  # type: ignore[misc]
    """Signs a request whose body follows in chunks: the header says so instead of the body's hash."""

    def payload(self, request: AWSRequest) -> str:
        return str(request.headers["x-amz-content-sha256"])

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        if "X-Amz-Date" not in request.headers:
            request.headers["X-Amz-Date"] = request.context["timestamp"]


def _chunk(data: bytes, signature: str) -> bytes:
    return f"{len(data):x};chunk-signature={signature}\r\n".encode() + data + b"\r\n"
