"""Somebody who calls: which account, under which name, with which rights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from customlabels.service.access.statements import Request, Statement, allowed, matches
from customlabels.service.arn import user_arn
from customlabels.service.errors import AccessDeniedException

EVERYTHING = (Statement("Allow", ("*",), ("*",)),)


@dataclass(frozen=True)
class Caller:
    """An authenticated user. `key` is the id of the access key of the request, empty within the server."""

    account: str
    name: str
    statements: tuple[Statement, ...]
    key: str = ""

    @property
    def arn(self) -> str:
        return user_arn(self.account, self.name)

    @classmethod
    def administrator(cls, account: str, name: str = "administrator") -> Caller:
        """One who may do everything."""
        return cls(account, name, EVERYTHING)

    def may(
        self,
        action: str,
        resource: str,
        resource_tags: Mapping[str, str] | None = None,
        request_tags: Mapping[str, str] | None = None,
    ) -> bool:
        """Whether the policies allow `action` ("rekognition:CreateProject", "s3:GetObject") on a resource's ARN."""
        return allowed(self.statements, Request(action, resource, resource_tags or {}, request_tags or {}))

    def may_ever(self, action: str) -> bool:
        """Whether some policy allows `action` on anything at all; what it denies is not looked at."""
        allowing = (statement for statement in self.statements if statement.effect == "Allow")
        patterns = (pattern.lower() for statement in allowing for pattern in statement.actions)
        return any(matches(pattern, action.lower()) for pattern in patterns)

    def require(
        self,
        action: str,
        resource: str,
        resource_tags: Mapping[str, str] | None = None,
        request_tags: Mapping[str, str] | None = None,
    ) -> None:
        """As `may`, but raises AccessDeniedException where it is not allowed."""
        if not self.may(action, resource, resource_tags, request_tags):
            raise AccessDeniedException(self.arn, action, resource)
