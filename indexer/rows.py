"""Events as values of their tables' columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import SQLModel

from indexer.events import (
    ChannelRefunded,
    Event,
    GroupSettled,
    GroupSkipped,
    InferenceSettled,
    ReceiptSkipped,
)
from indexer.tables import (
    ChannelRefundedRow,
    GroupSettledRow,
    GroupSkippedRow,
    InferenceRow,
    ReceiptSkippedRow,
)

_TABLES: dict[type[Event], type[SQLModel]] = {
    InferenceSettled: InferenceRow,
    GroupSettled: GroupSettledRow,
    GroupSkipped: GroupSkippedRow,
    ReceiptSkipped: ReceiptSkippedRow,
    ChannelRefunded: ChannelRefundedRow,
}


_ADDRESSES = frozenset({"payer", "prover", "asset"})
_MODEL = "model_id"


@dataclass(frozen=True)
class Ids:
    """Small numbers that stand for addresses and model ids in the rows."""

    addresses: Mapping[bytes, int]
    models: Mapping[bytes, int]


def addresses_of(events: Iterable[Event]) -> set[bytes]:
    """All addresses that the events name."""
    named = (item for event in events for item in vars(event).items())
    return {value for name, value in named if name in _ADDRESSES and value is not None}


def models_of(events: Iterable[Event]) -> set[bytes]:
    """All model ids that the events name."""
    return {value for event in events for name, value in vars(event).items() if name == _MODEL}


def table_of(kind: type[Event]) -> type[SQLModel]:
    """The table of a kind of event."""
    return _TABLES[kind]


def row_of(event: Event, ids: Ids) -> dict[str, Any]:
    """Column values of an event's row: its fields, with numbers for addresses and models."""
    row: dict[str, Any] = {"id": event.position.row_id, "transaction_hash": event.position.transaction_hash}
    for name, value in vars(event).items():
        if name in _ADDRESSES:
            row[f"{name}_id"] = None if value is None else ids.addresses[value]
        elif name == _MODEL:
            row[name] = ids.models[value]
        elif name == "reason":
            row |= {"reason": value.octets, "reason_name": value.name}
        elif name == "labels":
            row |= {"development": value.development, "unbound": value.unbound}
        elif name != "position":
            row[name] = value
    return row
