"""Signing in and out: the cookie, and what keeps other sites' pages from using it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from customlabels.api.calls import Call
from customlabels.api.console.asks import Fields
from customlabels.api.console.attempts import Attempts, require_calm
from customlabels.service.access import sessions
from customlabels.service.errors import InvalidParameterException, ResourceNotFoundException, ServiceError
from customlabels.service.service import Service

COOKIE = "customlabels_session"
HEADER = "x-customlabels-console"
"""Sent by the console's own code with every request that changes something: a form of another site cannot."""


class ForeignOrigin(ServiceError):
    """A request that a page of another site has sent."""

    status = 403


class SignInFailed(ServiceError):
    status = 403


def refuse_strangers(request: Request) -> None:
    """Raises ForeignOrigin for a request that changes something and does not come from our own page."""
    if request.method in ("GET", "HEAD"):
        return
    origin = request.headers.get("origin")
    own = origin is None or origin.partition("://")[2].lower() == request.headers.get("host", "").lower()
    if not own or request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForeignOrigin("The request comes from a page of another site.")
    if HEADER not in request.headers:
        raise ForeignOrigin(f"The request lacks the header {HEADER}, which the console sends.")


@dataclass(frozen=True)
class SignIn:
    """Opens and ends sessions."""

    service: Service
    attempts: Attempts

    def answer(self, request: Request, call: Call, name: str, body: bytes | None) -> Response:
        """POST session, POST session/link, DELETE session. Raises ServiceError."""
        match request.method, name:
            case "POST", "session":
                return self._signed_in(request, call, self._by_password(request, _fields(body)))
            case "POST", "session/link":
                return self._signed_in(request, call, self._by_link(request, _fields(body)))
            case "DELETE", "session":
                if cookie := request.cookies.get(COOKIE):
                    sessions.end_session(self.service.database, cookie)
                response: Response = JSONResponse({})
                response.delete_cookie(COOKIE, path="/console")
                return response
            case method, _:
                raise ResourceNotFoundException(f"The console has no {method} {name}.")

    def _by_password(self, request: Request, fields: Fields) -> str:
        account = fields.text("Account", self.service.account, 200).strip() or self.service.account
        user, password = fields.text("User", longest=200).strip(), fields.text("Password", longest=1000)
        who = (_address(request), f"{account}/{user}")
        require_calm(self.attempts, *who)
        cookie = sessions.open_by_password(self.service.database, account, user, password)
        if cookie is None:
            raise SignInFailed("There is no such user, or the password is not the right one.")
        self.attempts.succeeded(*who)
        return cookie

    def _by_link(self, request: Request, fields: Fields) -> str:
        address = _address(request)
        require_calm(self.attempts, address)
        cookie = sessions.open_by_link(self.service.database, fields.text("Token", longest=200))
        if cookie is None:
            raise SignInFailed(
                "The link was used already, or is too old. For a new one ask an administrator, or run `customlabels "
                "users link NAME` where the server runs."
            )
        self.attempts.succeeded(address)
        return cookie

    def _signed_in(self, request: Request, call: Call, cookie: str) -> Response:
        session = sessions.find_session(self.service.database, cookie)
        call.caller = session.caller if session else None
        response = JSONResponse({})
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=sessions.SESSION_SECONDS,
            path="/console",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return response


def _address(request: Request) -> str:
    return request.client.host if request.client else "-"


def _fields(body: bytes | None) -> Fields:
    content: Any = None
    with suppress(ValueError, RecursionError):
        content = json.loads(body or b"")
    if not isinstance(content, dict):
        raise InvalidParameterException("The body of the request must be a JSON object.")
    return Fields(content)
