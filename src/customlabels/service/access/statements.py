"""IAM-style statements: Effect, Action and Resource with wildcards, conditions on tags. An explicit Deny wins."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal


@dataclass(frozen=True)
class Request:
    """What somebody wants to do. Tags of the resource as it is, and those that the request would set."""

    action: str
    resource: str
    resource_tags: Mapping[str, str] = field(default_factory=dict)
    request_tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Statement:
    """One statement of a policy; patterns have `*` and `?`. Actions are compared in any case, resources exactly."""

    effect: Literal["Allow", "Deny"]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def applies(self, request: Request) -> bool:
        action = request.action.lower()
        return (
            any(matches(pattern.lower(), action) for pattern in self.actions)
            and any(matches(pattern, request.resource) for pattern in self.resources)
            and all(_holds(operator, keys, request) for operator, keys in self.conditions.items())
        )


def allowed(statements: Sequence[Statement], request: Request) -> bool:
    """Whether some statement allows the request and none denies it."""
    effects = {statement.effect for statement in statements if statement.applies(request)}
    return effects == {"Allow"}


def matches(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern in which `*` stands for any characters and `?` for one."""
    return pattern == "*" or _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile("".join(parts), re.DOTALL)


def _holds(operator: str, keys: Mapping[str, Any], request: Request) -> bool:
    raise NotImplementedError(operator)
