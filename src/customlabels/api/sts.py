"""STS: GetCallerIdentity, which many scripts ask first. Its protocol is a form in, XML out."""

from __future__ import annotations

from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from customlabels.api.errors import UnknownOperationException
from customlabels.service.access.caller import Caller

CONTENT_TYPE = "text/xml"
ACTIONS = ("GetCallerIdentity",)
_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


def action_of(form: bytes) -> str:
    """The action that a form, or the query of a URL, names; empty where it names none."""
    try:
        return parse_qs(form.decode("ascii"), max_num_fields=100).get("Action", [""])[0]
    except ValueError:
        return ""


def answer(caller: Caller, action: str, request_id: str) -> bytes:
    """The answer to an action. Raises UnknownOperationException."""
    if action not in ACTIONS:
        raise UnknownOperationException(
            f"The action {action[:100]!r} is not supported: of the query protocol this server answers STS "
            "GetCallerIdentity only."
        )
    return (
        f'<GetCallerIdentityResponse xmlns="{_NAMESPACE}"><GetCallerIdentityResult><Arn>{escape(caller.arn)}</Arn>'
        f"<UserId>{escape(caller.key or caller.name)}</UserId><Account>{caller.account}</Account>"
        f"</GetCallerIdentityResult><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        "</GetCallerIdentityResponse>"
    ).encode()


def error(code: str, message: str, request_id: str) -> bytes:
    """An error in the query protocol's XML."""
    return (
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type><Code>{escape(code)}</Code>'
        f"<Message>{escape(message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode()
