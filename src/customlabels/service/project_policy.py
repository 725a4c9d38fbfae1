"""The document of a project policy: who may, or may not, copy which model versions of a project elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from customlabels.service.access.statements import matches
from customlabels.service.arn import account_of
from customlabels.service.errors import MalformedPolicyDocumentException

ACTION = "rekognition:CopyProjectVersion"
VERSIONS = ("2012-10-17", "2008-10-17")
_MEMBERS = {"Version", "Id", "Statement"}
_REQUIRED = ("Effect", "Principal", "Action", "Resource")
_OPTIONAL = {"Sid"}
_ACCOUNT = re.compile(r"\d{12}")
_PRINCIPAL = re.compile(r"arn:[a-z-]+:(iam|sts)::\d{12}:(root|(user|role|assumed-role)/[^*?]+)")
_RESOURCE = re.compile(r"arn:[^:]+:[^:]+:[^:]*:[^:]*:project/[^:]+")


@dataclass(frozen=True)
class Grant:
    """A statement. A principal is `*`, an account's id, or an ARN of IAM; a resource has wildcards as in IAM."""

    effect: Literal["Allow", "Deny"]
    principals: tuple[str, ...]
    resources: tuple[str, ...]

    def applies(self, principal: str, version: str) -> bool:
        """Whether it speaks of this principal and model version, both ARNs."""
        return any(_means(entry, principal) for entry in self.principals) and any(
            matches(pattern, version) for pattern in self.resources
        )


def decide(grants: Iterable[Grant], principal: str, version: str) -> Literal["Allow", "Deny"] | None:
    """What the grants say: a Deny counts more than any Allow; None where none speaks of it."""
    effects = {grant.effect for grant in grants if grant.applies(principal, version)}
    return "Deny" if "Deny" in effects else "Allow" if effects else None


def parse(document: str) -> tuple[Grant, ...]:
    """The statements of a document. Raises MalformedPolicyDocumentException, which says what is wrong with it."""
    try:
        content = json.loads(document, object_pairs_hook=_members)
    except (json.JSONDecodeError, RecursionError) as error:
        raise _malformed(f"The policy document is no JSON: {error}.") from error
    if not isinstance(content, dict):
        raise _malformed("The policy document must be a JSON object with a member Statement.")
    _only(content, _MEMBERS, "The policy document")
    if content.get("Version", VERSIONS[0]) not in VERSIONS:
        raise _malformed(f"Version is {content['Version']!r}; it must be {' or '.join(VERSIONS)}.")
    statements = content.get("Statement")
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list) or not statements:
        raise _malformed("The policy document must have a Statement: an object or a list of objects.")
    return tuple(_grant(statement, f"Statement {number}") for number, statement in enumerate(statements, 1))


def _grant(statement: Any, where: str) -> Grant:
    if not isinstance(statement, dict):
        raise _malformed(f"{where} must be a JSON object.")
    for name in ("NotAction", "NotResource", "NotPrincipal"):
        if name in statement:
            raise _malformed(f"{where} has {name}, which a project policy cannot have; use {name[3:]}.")
    if missing := [name for name in _REQUIRED if name not in statement]:
        raise _malformed(f"{where} has no {', '.join(missing)}; {', '.join(_REQUIRED)} are required.")
    _only(statement, {*_REQUIRED, *_OPTIONAL}, where)
    effect = statement["Effect"]
    if not isinstance(effect, str) or effect.lower() not in ("allow", "deny"):
        raise _malformed(f"{where} has the Effect {effect!r}; it must be Allow or Deny.")
    for action in _texts(statement["Action"], f"{where}: Action"):
        if action.lower() != ACTION.lower():
            raise _malformed(f"{where} has the Action {action!r}; a project policy can only have {ACTION}.")
    resources = _texts(statement["Resource"], f"{where}: Resource")
    for resource in resources:
        if resource != "*" and not _of_versions(resource):
            raise _malformed(
                f"{where} has the Resource {resource!r}; it must be the ARN of a model version, such as "
                "arn:aws:rekognition:us-east-1:123456789012:project/NAME/version/NAME/*."
            )
    return Grant(
        "Allow" if effect.lower() == "allow" else "Deny", _principals(statement["Principal"], where), resources
    )


def _principals(value: Any, where: str) -> tuple[str, ...]:
    if value == "*":
        return ("*",)
    if not isinstance(value, dict) or set(value) != {"AWS"}:
        raise _malformed(f'{where} has a Principal that is neither "*" nor an object with the one member AWS.')
    principals = _texts(value["AWS"], f"{where}: Principal")
    for principal in principals:
        if principal != "*" and not _ACCOUNT.fullmatch(principal) and not _PRINCIPAL.fullmatch(principal):
            raise _malformed(
                f'{where} has the Principal {principal!r}; it must be "*", the 12 digits of an account, or an ARN '
                "such as arn:aws:iam::123456789012:root or arn:aws:iam::123456789012:user/NAME."
            )
    return principals


def _means(entry: str, principal: str) -> bool:
    account = account_of(principal)
    return entry in ("*", account, principal) or (entry.endswith(":root") and account_of(entry) == account)


def _of_versions(resource: str) -> bool:
    """Whether a pattern can fit the ARN of a model version. Its last part may be all wildcard: project/NAME/*."""
    if not _RESOURCE.fullmatch(resource) or not matches(resource.split(":")[2], "rekognition"):
        return False
    return "/version/" in resource or "*" in resource.split(":", 5)[5]


def _texts(value: Any, where: str) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not values or not all(isinstance(text, str) and text for text in values):
        raise _malformed(f"{where} must be a text or a list of texts.")
    return tuple(values)


def _only(content: dict[str, Any], allowed: set[str], where: str) -> None:
    """What we do not understand might restrict: it must not be passed over."""
    if unknown := sorted(set(content) - allowed):
        raise _malformed(f"{where} has {', '.join(unknown)}; it can have {', '.join(sorted(allowed))}.")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _malformed(f"A member occurs twice in an object with {', '.join(members)}.")
    return members


def _malformed(message: str) -> MalformedPolicyDocumentException:
    return MalformedPolicyDocumentException(message)
