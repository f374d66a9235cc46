"""What Settlement emitted, as the indexer reads it, in the words of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from indexer.amounts import join
from indexer.decode import EventDecoder, Rows
from indexer.events import octets_of
from indexer.tables import GroupSettledRow, GroupSkippedRow, InferenceRow, ReceiptSkippedRow
from indexer.wire import parse_logs
from tests.reference.statements import Event, GroupSettled, GroupSkipped, InferenceSettled, ReceiptSkipped
from veritally.labels import Labels

_STATEMENTS: dict[type, type[Event]] = {
    InferenceRow: InferenceSettled,
    GroupSettledRow: GroupSettled,
    GroupSkippedRow: GroupSkipped,
    ReceiptSkippedRow: ReceiptSkipped,
}


def read_events(
    decoder: EventDecoder, logs: list[dict[str, Any]], reason: Callable[[bytes, str | None], str]
) -> list[Event]:
    """The events of the logs, in the order of the chain; `reason` makes a reason readable."""
    events: dict[int, Event] = {}
    for rows in decoder.decode(parse_logs(msgspec.Raw(msgspec.json.encode(logs)))):
        for place, values in zip(rows.places.tolist(), _records(rows), strict=True):
            events[place] = _STATEMENTS[rows.table](**_plain(values, reason))
    return [events[place] for place in sorted(events)]


def _records(rows: Rows) -> Iterator[dict[str, Any]]:
    listed = [
        column if isinstance(column, list) else octets_of(column) if column.ndim > 1 else column.tolist()
        for column in rows.columns.values()
    ]
    return (dict(zip(rows.columns, values, strict=True)) for values in zip(*listed, strict=True))


def _plain(values: dict[str, Any], reason: Callable[[bytes, str | None], str]) -> dict[str, Any]:
    del values["transaction_hash"]
    if "amount_e0" in values:
        limbs = [values.pop(f"amount_{name}") for name in ("e20", "e10", "e0")]
        values["amount_base_units"] = join(*limbs)
        values["served_at_s"] %= 2**64
    if "development" in values:
        values["labels"] = Labels(values.pop("development") * 1 + values.pop("unbound") * 2)
    if "reason" in values:
        values["reason"] = reason(values["reason"], values.pop("reason_name"))
    return values
