"""GetCallerIdentity, which scripts ask first, and the query protocol's errors."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from customlabels.service.access.keys import Key

from .conftest import Client, NewUser, Wire

FORM = "application/x-www-form-urlencoded; charset=utf-8"
IDENTITY = "Action=GetCallerIdentity&Version=2011-06-15"


def test_the_caller_is_told_who_it_is(client: Client, new_user: NewUser) -> None:
    key = new_user("sts-reader", "ReadOnly")
    identity = client("sts", key=key).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{identity['Account']}:user/sts-reader"
    assert len(identity["Account"]) == 12
    assert identity["UserId"]
    assert identity["ResponseMetadata"]["RequestId"]


def test_identity_needs_no_permission_and_works_in_any_region(client: Client, new_user: NewUser) -> None:
    key = new_user("nobody-in-particular")
    assert client("sts", key=key, region="eu-central-1").get_caller_identity()["Arn"].endswith("nobody-in-particular")


def test_a_presigned_url_of_an_identity_works(client: Client, wire: Wire) -> None:
    url = client("sts").generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    answer = wire.send("GET", url.removeprefix(wire.endpoint))
    assert answer.status == 200
    assert b"<Account>" in answer.body


def test_other_actions_are_told_what_there_is(client: Client) -> None:
    with pytest.raises(ClientError, match="GetCallerIdentity only") as caught:
        client("sts").assume_role(RoleArn="arn:aws:iam::111122223333:role/admin", RoleSessionName="me")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize("service", ["iam", "sns", "ec2"])
def test_other_services_of_the_query_protocol_are_told_what_there_is(service: str, client: Client) -> None:
    calls: dict[str, Any] = {"iam": "list_users", "sns": "list_topics", "ec2": "describe_instances"}
    with pytest.raises(ClientError, match="GetCallerIdentity only"):
        getattr(client(service), calls[service])()


def test_errors_of_signatures_have_their_names_there(client: Client, wire: Wire) -> None:
    for key, code in (
        (Key(wire.key.id, "wrong"), "SignatureDoesNotMatch"),
        (Key("AKIAIOSFODNN7EXAMPLE", "wrong"), "InvalidClientTokenId"),
    ):
        with pytest.raises(ClientError) as caught:
            client("sts", key=key).get_caller_identity()
        assert caught.value.response["Error"]["Code"] == code
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    bare = wire.send("POST", "/", IDENTITY.encode(), {"Content-Type": FORM})
    assert (bare.status, b"<Code>MissingAuthenticationToken</Code>" in bare.body) == (403, True)


@pytest.mark.parametrize(
    "body", [b"", b"Action=", b"Action=%ff", b"\xff\xfe", b"Version=1", b"&" * 5000, b"a=1&" * 200]
)
def test_forms_that_name_no_action_are_refused(body: bytes, wire: Wire) -> None:
    headers = wire.signed("POST", "/", body, "sts", Content_Type=FORM)
    answer = wire.send("POST", "/", body, headers)
    assert answer.status == 400
    assert answer.headers["content-type"].startswith("text/xml")
    assert b"<ErrorResponse" in answer.body


def test_a_signature_for_another_service_is_none_for_sts(wire: Wire) -> None:
    headers = wire.signed("POST", "/", IDENTITY.encode(), "rekognition", Content_Type=FORM)
    answer = wire.send("POST", "/", IDENTITY.encode(), headers)
    assert (answer.status, b"<Code>SignatureDoesNotMatch</Code>" in answer.body) == (403, True)
