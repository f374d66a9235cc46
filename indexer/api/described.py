"""What OpenAPI says of the answers, made from their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from indexer.analytics.answer import Column, Kind
from indexer.api.parameters import Form
from indexer.api.reply import MEDIA_TYPES

PROBLEM_TYPE = "application/problem+json"

_KINDS: Mapping[Kind, dict[str, Any]] = {
    Kind.TEXT: {"type": "string"},
    Kind.COUNT: {"type": "integer"},
    Kind.SHARE: {"type": "number"},
    Kind.NUMBER: {"type": "number"},
    Kind.SECONDS: {"type": "integer"},
    Kind.TIME: {"type": "string", "format": "date-time"},
    Kind.WEEK: {"type": "string", "format": "date"},
    Kind.TIER: {"type": "string", "enum": ["signed", "tee", "zkml"]},
    Kind.AMOUNT: {"type": "string", "pattern": "^-?[0-9]+$"},
    Kind.ADDRESS: {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"},
    Kind.ID: {"type": "string", "pattern": "^0x[0-9a-f]{64}$"},
    Kind.FLAG: {"type": "boolean"},
}
_HEAD = {
    "chain_id": {"type": "integer"},
    "settlement": {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"},
    "as_of": {
        "type": "object",
        "required": ["block", "hash", "time", "finality"],
        "properties": {
            "block": {"type": "integer"},
            "hash": {"type": "string", "pattern": "^0x[0-9a-f]{64}$"},
            "time": {"type": "string", "format": "date-time"},
            "finality": {"type": "string", "enum": ["final", "latest"]},
        },
    },
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, and what to do."},
    },
}
_PROBLEMS = {
    404: "There is nothing of this name.",
    406: "The answer has no form that the client accepts.",
    409: "Each parameter is right, but not with the others, or not with what is held.",
    422: "A parameter is unknown or malformed.",
    503: "Nothing is final yet, or the database does not answer in time.",
}


def described(columns: Sequence[Column] | None, optional: bool = False) -> dict[int | str, dict[str, Any]]:
    """Responses of an endpoint; without columns, they depend on what is asked for.

    Args:
        optional: Not every answer has all of them.
    """
    row: dict[str, Any] = {"type": "object"}
    if columns is not None:
        row |= {
            "properties": {column.name: _schema(column) for column in columns},
            "additionalProperties": False,
        }
        row |= {} if optional else {"required": [column.name for column in columns]}
    document = {
        "type": "object",
        "required": [*_HEAD, "rows"],
        "properties": _HEAD | {"rows": {"type": "array", "items": row}},
    }
    content: dict[str, Any] = {MEDIA_TYPES[Form.JSON]: {"schema": document}}
    content["text/csv"] = {"schema": {"type": "string"}}
    content[MEDIA_TYPES[Form.PARQUET]] = {"schema": {"type": "string", "format": "binary"}}
    answer: dict[int | str, dict[str, Any]] = {
        200: {"description": "The rows, and as of which block.", "content": content}
    }
    known: dict[int | str, dict[str, Any]] = {304: {"description": "The client has this answer already."}}
    return answer | known | problems()


def problems() -> dict[int | str, dict[str, Any]]:
    """Refusals."""
    content = {PROBLEM_TYPE: {"schema": _PROBLEM}}
    return {status: {"description": text, "content": content} for status, text in _PROBLEMS.items()}


def _schema(column: Column) -> dict[str, Any]:
    kind = _KINDS[column.kind]
    nullable: dict[str, Any] = {"anyOf": [kind, {"type": "null"}]}
    return nullable | {"description": column.meaning}
