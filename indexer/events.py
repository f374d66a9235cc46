"""What each event of our contracts says, as columns: one value for each of many logs.

Columns of addresses are called `payer`, `prover` and `asset`, that of model ids `model_id`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlmodel import SQLModel

from indexer.abi import SELECTOR, EventDefinition, require_all
from indexer.amounts import Limbs, split_all, split_uint96
from indexer.tables import (
    ChannelRefundedRow,
    GroupSettledRow,
    GroupSkippedRow,
    InferenceRow,
    ReceiptSkippedRow,
    RegistryEventRow,
)
from indexer.wire import Octets
from veritally.labels import Labels
from veritally.payments import PaymentScheme
from veritally.tiers import SETTLED_TIERS

Values: TypeAlias = Mapping[str, Any]
"""An event's inputs by the ABI's names; see `indexer.abi.Column`."""
Columns: TypeAlias = dict[str, Any]
"""Arrays of integers, matrices of bytes, or lists, by the names of the table's columns."""

_LARGEST_INDEX = (1 << 31) - 1
_EXACT_IN_JSON = 48
"""Bits of an integer that every reader of JSON keeps."""


@dataclass(frozen=True)
class EventKind:
    """An event of one of our contracts, and where it goes."""

    contract: str
    definition: EventDefinition
    table: type[SQLModel]
    columns: ColumnsOf
    """Makes columns of the table."""


ColumnsOf: TypeAlias = Callable[[EventKind, Values, Mapping[bytes, str]], Columns]
"""Makes columns of a table from an event's values. The last mapping names custom errors by selector."""


def _inference_settled(_kind: EventKind, values: Values, _names: Mapping[bytes, str]) -> Columns:
    return {
        "receipt_hash": values["receiptHash"],
        "payer": values["payer"],
        "prover": values["prover"],
        "model_id": values["modelId"],
        "asset": values["asset"],
        "tier": _tiers(values["tier"]),
        "request_hash": values["requestHash"],
        "response_hash": values["responseHash"],
    } | unpack_terms(values["terms"])


def unpack_terms(words: Octets) -> Columns:
    """Unpacks, from the high bits: seq (64), amount (96), servedAt (64), floor (8), flags (24).

    The flags are the payment scheme (bits 8 to 15) and the labels of the evidence (bits 0 to 7).

    Raises:
        AbiMismatchError: the floor is no tier, the scheme is none of ours, or an unknown flag is set.
    """
    flags, schemes = words[:, 29:32], words[:, 30]
    require_all(flags[:, 0] == 0, flags, "flags 0x{} hold bits that this version does not know")
    require_all(schemes <= max(PaymentScheme), schemes, "{} is no payment scheme")
    return {
        "seq": _integers(words[:, :8]),
        "served_at_s": _integers(words[:, 20:28]),
        "floor": _tiers(words[:, 28]),
        "scheme": schemes,
        **_amount(split_uint96(words[:, 8:20])),
        **_labels(words[:, 31]),
    }


def _group_settled(_kind: EventKind, values: Values, _names: Mapping[bytes, str]) -> Columns:
    return {
        "root": values["root"],
        "prover": values["prover"],
        "model_id": values["modelId"],
        "route": values["route"],
        "key": [key if any(key) else None for key in octets_of(values["key"])],
        "tier": _tiers(values["tier"]),
        "settled": values["settled"],
        "skipped": values["skipped"],
        **_labels(values["labels"]),
    }


def _group_skipped(_kind: EventKind, values: Values, names: Mapping[bytes, str]) -> Columns:
    indexes = values["groupIndex"]
    require_all(~indexes[:, :24].any(axis=1), indexes, "group index 0x{}")
    numbers = _integers(indexes[:, 24:])
    require_all((numbers >= 0) & (numbers <= _LARGEST_INDEX), numbers, "group index {}")
    return {
        "prover": values["prover"],
        "model_id": values["modelId"],
        "route": values["route"],
        "group_index": numbers,
        **_reasons(values["reason"], names),
    }


def _receipt_skipped(_kind: EventKind, values: Values, names: Mapping[bytes, str]) -> Columns:
    return {
        "receipt_hash": values["receiptHash"],
        "payer": values["payer"],
        "prover": values["prover"],
        **_reasons(values["reason"], names),
    }


def _channel_refunded(_kind: EventKind, values: Values, _names: Mapping[bytes, str]) -> Columns:
    amounts = [int.from_bytes(word) for word in octets_of(values["amount"])]
    return {
        "payer": values["payer"],
        "prover": values["prover"],
        "asset": values["token"],
        **_amount(split_all(amounts)),
    }


def _registry_event(kind: EventKind, values: Values, _names: Mapping[bytes, str]) -> Columns:
    fields = (*kind.definition.topics, *kind.definition.head)
    shown = [_in_json(field.type, values[field.name]) for field in fields]
    subjects = octets_of(values[fields[0].name])  # the first indexed one: a route, model, key or account
    rows = zip(*shown, strict=True)
    return {
        "contract": [kind.contract] * len(subjects),
        "event": [kind.definition.name] * len(subjects),
        "subject": subjects,
        "arguments": [json.dumps(dict(zip([f.name for f in fields], row, strict=True))) for row in rows],
    }


SETTLEMENT_EVENTS: Mapping[str, tuple[type[SQLModel], ColumnsOf]] = {
    "InferenceSettled": (InferenceRow, _inference_settled),
    "GroupSettled": (GroupSettledRow, _group_settled),
    "GroupSkipped": (GroupSkippedRow, _group_skipped),
    "ReceiptSkipped": (ReceiptSkippedRow, _receipt_skipped),
    "ChannelRefunded": (ChannelRefundedRow, _channel_refunded),
}
"""Table and columns of Settlement's events."""
REGISTRY_EVENTS: tuple[type[SQLModel], ColumnsOf] = (RegistryEventRow, _registry_event)
"""Table and columns of the others'."""


def octets_of(column: Octets) -> list[bytes]:
    """The bytes of each row."""
    rows: list[bytes] = np.ascontiguousarray(column).view(f"V{column.shape[1]}").ravel().tolist()
    return rows


def _integers(octets: Octets) -> NDArray[np.int64]:
    """Big-endian 64-bit integers; from 2^63 on they are negative."""
    return np.ascontiguousarray(octets).view(">i8").ravel().astype(np.int64)


def _tiers(numbers: NDArray[Any]) -> NDArray[Any]:
    known = (numbers >= min(SETTLED_TIERS)) & (numbers <= max(SETTLED_TIERS))
    require_all(known, numbers, "{} is no tier of a settled inference")
    return numbers


def _labels(numbers: NDArray[Any]) -> Columns:
    bits = numbers.astype(np.uint8)
    known = int(Labels.DEVELOPMENT | Labels.UNBOUND)
    require_all(bits <= known, bits, "labels {:#04x} hold bits that this version does not know")
    return {
        "development": (bits & int(Labels.DEVELOPMENT)) > 0,
        "unbound": (bits & int(Labels.UNBOUND)) > 0,
    }


def _amount(limbs: Limbs) -> Columns:
    return dict(zip(("amount_e20", "amount_e10", "amount_e0"), limbs, strict=True))


def _reasons(reasons: Sequence[bytes], names: Mapping[bytes, str]) -> Columns:
    return {"reason_name": [names.get(reason[:SELECTOR]) for reason in reasons], "reason": list(reasons)}


def _in_json(type_: str, column: Any) -> list[Any]:
    """Values of one input: 0x hex, text, true or false, numbers, and decimal strings for large types."""
    if type_ == "string":
        return [octets.decode("utf-8", "replace") for octets in column]
    if isinstance(column, list):
        return [f"0x{octets.hex()}" for octets in column]
    if type_ == "bool":
        return [bool(number) for number in column]
    if not type_.startswith("uint"):
        return [f"0x{octets.hex()}" for octets in octets_of(column)]
    numbers = [int.from_bytes(word) for word in octets_of(column)] if column.ndim > 1 else column.tolist()
    return numbers if int(type_[4:]) <= _EXACT_IN_JSON else [str(number) for number in numbers]
