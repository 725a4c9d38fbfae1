"""IAM-style statements: Effect, Action and Resource with wildcards, conditions on tags. An explicit Deny wins."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
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
    return pattern in ("*", text) or _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    first, *others = ("".join("." if c == "?" else re.escape(c) for c in part) for part in pattern.split("*"))
    if not others:
        return re.compile(first, re.DOTALL)
    # Each piece may stay where it is first found, so nothing is tried twice: a hostile pattern costs no more time.
    middle = "".join(f"(?>.*?{part})" for part in others[:-1] if part)
    return re.compile(f"{first}{middle}.*{others[-1]}", re.DOTALL)


def _ignoring_case(wanted: str, found: str) -> bool:
    return wanted.casefold() == found.casefold()


OPERATORS: Mapping[str, tuple[Callable[[str, str], bool], bool]] = {
    "StringEquals": (str.__eq__, False),
    "StringNotEquals": (str.__eq__, True),
    "StringEqualsIgnoreCase": (_ignoring_case, False),
    "StringNotEqualsIgnoreCase": (_ignoring_case, True),
    "StringLike": (matches, False),
    "StringNotLike": (matches, True),
}
"""Operators of conditions: how a wanted value is compared with one of the request, and whether that is negated."""


def _holds(operator: str, keys: Mapping[str, Any], request: Request) -> bool:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"""
    quantifier, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    compare, negated = OPERATORS[name.removesuffix("IfExists")]
    for key, values in keys.items():
        wanted = [values] if isinstance(values, str) else values
        found = _found(key, request)
        agree = [any(compare(value, have) for value in wanted) != negated for have in found]
        if not found:
            holds = quantifier == "ForAllValues" or (quantifier == "" and (negated or if_exists))
        elif quantifier == "ForAllValues" or (quantifier == "" and negated):
            holds = all(agree)
        else:
            holds = any(agree)
        if not holds:
            return False
    return True


def _found(key: str, request: Request) -> list[str]:
    """The values of a condition key. Keys of tags are compared in any case, so that no spelling gets past a Deny."""
    name, _, tag = key.partition("/")
    if name.lower() == "aws:tagkeys":
        return list(request.request_tags)
    tags = request.resource_tags if name.lower() == "aws:resourcetag" else request.request_tags
    return [value for other, value in tags.items() if other.lower() == tag.lower()]
