"""Policies of users: JSON as IAM writes it, checked, and the presets."""

from __future__ import annotations

import json
from collections.abc import ItemsView, Mapping
from typing import Any

from customlabels.service.access.statements import OPERATORS, Statement

CONDITION_KEYS = ("aws:resourcetag/", "aws:requesttag/", "aws:tagkeys")
VERSIONS = ("2012-10-17", "2008-10-17")
MOST_CHARACTERS = 10_240


class PolicyError(ValueError):
    """A policy that cannot be meant; the text says where and what is wrong."""


def _allow(*actions: str, resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def _policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


_LOOK = ("rekognition:Describe*", "rekognition:List*", "s3:Get*", "s3:List*")

PRESETS: Mapping[str, dict[str, Any]] = {
    "Administrator": _policy(_allow("*")),
    "Labeler": _policy(
        _allow(
            *_LOOK,
            "rekognition:CreateDataset",
            "rekognition:UpdateDatasetEntries",
            "rekognition:DistributeDatasetEntries",
            "rekognition:DeleteDataset",
            "s3:PutObject",
            "s3:AbortMultipartUpload",
        )
    ),
    "Inference-only": _policy(_allow("rekognition:DetectCustomLabels", "s3:GetObject")),
    "ReadOnly": _policy(_allow(*_LOOK, "cloudwatch:GetMetricData")),
}
"""Policies to attach by name."""


def read(text: str) -> dict[str, Any]:
    """The policy that a text holds. Raises PolicyError."""
    if len(text) > MOST_CHARACTERS:
        raise PolicyError(f"The policy has {len(text):,} characters; {MOST_CHARACTERS:,} are allowed.")
    try:
        document = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"The policy is not JSON: {error}") from error
    parse(document)
    return dict(document)


def parse(document: Any) -> tuple[Statement, ...]:
    """The statements of a policy. Raises PolicyError."""
    if not isinstance(document, dict):
        raise PolicyError("A policy must be a JSON object with Statement.")
    if document.get("Version", VERSIONS[0]) not in VERSIONS:
        raise PolicyError(f"Version is {document['Version']!r}; it must be {VERSIONS[0]}.")
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise PolicyError("A policy needs Statement: a statement, or a list of them.")
    return tuple(_statement(statement, f"Statement {i}") for i, statement in enumerate(statements, 1))


def _statement(statement: Any, where: str) -> Statement:
    if not isinstance(statement, dict):
        raise PolicyError(f"{where} must be a JSON object.")
    unknown = sorted(statement.keys() - {"Sid", "Effect", "Action", "Resource", "Condition"})
    if unknown:
        raise PolicyError(
            f"{where} has {unknown[0]}, which is not supported: a statement has Effect, Action, Resource and perhaps "
            "Sid and Condition."
        )
    effect = statement.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyError(f"{where} needs the Effect Allow or Deny, and has {effect!r}.")
    actions = _texts(statement.get("Action"), f"{where}: Action")
    for action in actions:
        if action != "*" and ":" not in action:
            raise PolicyError(f"{where}: Action is {action!r}; it must be * or SERVICE:OPERATION, as in s3:GetObject.")
    resources = _texts(statement.get("Resource"), f"{where}: Resource")
    for resource in resources:
        if resource != "*" and not resource.startswith("arn:"):
            raise PolicyError(f"{where}: Resource is {resource!r}; it must be * or an ARN, which may have wildcards.")
    conditions = {
        operator: _condition(operator, keys, where) for operator, keys in _object(statement.get("Condition", {}), where)
    }
    return Statement(effect, actions, resources, conditions)


def _condition(operator: str, keys: Any, where: str) -> Mapping[str, tuple[str, ...]]:
    quantifier, _, name = operator.rpartition(":")
    if name.removesuffix("IfExists") not in OPERATORS or quantifier not in ("", "ForAllValues", "ForAnyValue"):
        raise PolicyError(f"{where}: the condition {operator} is not supported; there are {', '.join(OPERATORS)}.")
    wanted = {}
    for key, values in _object(keys, where):
        if not key.lower().startswith(CONDITION_KEYS) or key.lower().startswith("aws:tagkeys") != (len(key) == 11):
            raise PolicyError(
                f"{where}: the condition key {key} is not supported; there are aws:ResourceTag/KEY, "
                "aws:RequestTag/KEY and aws:TagKeys."
            )
        if key.lower() == "aws:tagkeys" and not quantifier:
            raise PolicyError(
                f"{where}: aws:TagKeys has several values, so its operator begins with ForAnyValue: or ForAllValues:"
            )
        wanted[key] = _texts(values, f"{where}: the condition on {key}")
    return wanted


def _object(value: Any, where: str) -> ItemsView[str, Any]:
    if not isinstance(value, dict):
        raise PolicyError(f"{where}: Condition must be an object of operators, each with an object of keys.")
    return value.items()


def _texts(value: Any, where: str) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise PolicyError(f"{where} must be a text or a list of texts.")
    for text in texts:
        if "${" in text:
            raise PolicyError(f"{where} has the policy variable {text!r}; there are none here, so write the value.")
    return tuple(texts)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a member of an object occurs more than once")
    return content
