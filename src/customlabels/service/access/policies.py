"""Policies of users: JSON as IAM writes it, checked, and the presets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from customlabels.service.access.statements import OPERATORS, Statement

CONDITION_KEYS = ("aws:resourcetag/", "aws:requesttag/", "aws:tagkeys")


class PolicyError(ValueError):
    """A policy that cannot be meant; the text says where and what is wrong."""


def _allow(*actions: str, resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def _policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


_LOOK = ("rekognition:Describe*", "rekognition:List*", "s3:Get*", "s3:List*", "s3:Head*", "sts:GetCallerIdentity")

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
    "Inference-only": _policy(_allow("rekognition:DetectCustomLabels", "s3:GetObject", "sts:GetCallerIdentity")),
    "ReadOnly": _policy(_allow(*_LOOK)),
}
"""Policies to attach by name."""


def parse(document: Any) -> tuple[Statement, ...]:
    """The statements of a policy. Raises PolicyError."""
    if not isinstance(document, dict):
        raise PolicyError("A policy must be a JSON object with Statement.")
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise PolicyError("A policy needs Statement: a statement, or a list of them.")
    return tuple(_statement(statement, f"Statement {i}") for i, statement in enumerate(statements, 1))


def _statement(statement: Any, where: str) -> Statement:
    if not isinstance(statement, dict):
        raise PolicyError(f"{where} must be a JSON object.")
    unknown = sorted(set(statement) - {"Sid", "Effect", "Action", "Resource", "Condition"})
    if unknown:
        raise PolicyError(
            f"{where} has {unknown[0]}, which is not supported: a statement has Effect, Action, Resource and perhaps "
            "Sid and Condition."
        )
    effect = statement.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyError(f"{where} needs the Effect Allow or Deny, and has {effect!r}.")
    conditions = statement.get("Condition", {})
    _check_conditions(conditions, where)
    actions = _texts(statement.get("Action"), f"{where}: Action")
    resources = _texts(statement.get("Resource"), f"{where}: Resource")
    return Statement(effect, actions, resources, conditions)


def _texts(value: Any, where: str) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
        raise PolicyError(f"{where} must be a text or a list of texts, none of them empty.")
    return tuple(texts)


def _check_conditions(conditions: Any, where: str) -> None:
    if not isinstance(conditions, dict):
        raise PolicyError(f"{where}: Condition must be a JSON object.")
    for operator, keys in conditions.items():
        quantifier, _, name = operator.rpartition(":")
        known = name.removesuffix("IfExists") in OPERATORS and quantifier in ("", "ForAllValues", "ForAnyValue")
        if not known or not isinstance(keys, dict):
            raise PolicyError(f"{where}: the condition {operator} is not supported; there are {', '.join(OPERATORS)}.")
        for key, wanted in keys.items():
            if not key.lower().startswith(CONDITION_KEYS):
                raise PolicyError(
                    f"{where}: the condition key {key} is not supported; there are aws:ResourceTag/KEY, "
                    "aws:RequestTag/KEY and aws:TagKeys."
                )
            _texts(wanted, f"{where}: the condition on {key}")
