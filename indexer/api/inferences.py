"""`/v1/inferences`: single inferences, the newest first."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from indexer.amounts import join, whole_tokens
from indexer.analytics.answer import Answer, Cell, Column, Kind
from indexer.api import columns as c
from indexer.api.errors import UnknownThingError
from indexer.api.names import Names, number_of
from indexer.api.parameters import AskedInferences
from indexer.api.place import Snapshot
from indexer.api.reply import Reply
from indexer.api.tallies import asset_decimals
from indexer.tables import AddressRow, ModelRow
from indexer.wire import BLOCK_BITS, LOG_INDEX_BITS
from veritally.payments import PaymentScheme

COLUMNS = (
    c.BLOCK,
    c.LOG_INDEX,
    c.BLOCK_TIME,
    c.TRANSACTION,
    Column("seq", Kind.COUNT, "number of the inference in its deployment, from 0, without gaps"),
    Column("receipt_hash", Kind.ID, "EIP-712 digest of the receipt"),
    c.TIER,
    Column("floor", Kind.TIER, "lowest tier that the payer accepted"),
    c.DEVELOPMENT,
    c.UNBOUND,
    c.MODEL,
    c.PROVER,
    c.PAYER,
    c.ASSET,
    c.DECIMALS,
    c.AMOUNT,
    c.WHOLE_AMOUNT,
    Column("scheme", Kind.TEXT, "x402 scheme of the payment; none when it was free"),
    Column("served_at", Kind.TIME, "when the prover says that it served; nobody checks it"),
    Column("request_hash", Kind.ID, "commitment to the request"),
    Column("response_hash", Kind.ID, "commitment to the response"),
)
LOOKED_THROUGH = 10_000
"""Rows that one page is chosen from; when few of them fit, the page is short and says where to go on."""

_FILTERS = ("model", "prover", "payer", "asset")
_PLACE_MASK = (1 << BLOCK_BITS + LOG_INDEX_BITS) - 1
_CURSOR_OCTETS = 7
_ROWS = "SELECT inference.*, block.timestamp_s FROM inference JOIN block ON block.id = inference.id >> 20"


def inferences(snapshot: Snapshot, names: Names, asked: AskedInferences, url: Any) -> Reply:
    """One page. `url` is that of the request."""
    before = snapshot.end_key
    if asked.cursor is not None:
        before = min(before, snapshot.first_key | _place_of(asked.cursor))
    filters = _filters(snapshot, asked)
    rows, last_key = _page(snapshot, before, filters, asked.limit)
    next_url = ""
    if last_key is not None:
        next_url = str(url.include_query_params(cursor=cursor_of(last_key)).replace(scheme="", netloc=""))
    answer = Answer(COLUMNS, tuple(cells_of(snapshot, names, rows)))
    return Reply(snapshot.place, answer, {"next": None}, next_url=next_url)


def row_at(snapshot: Snapshot, block: int, log_index: int) -> Any:
    """The row of the inference at a place.

    Raises:
        UnknownThingError: there is none.
    """
    key = snapshot.cursor.first_key(block) + log_index
    within = block >> BLOCK_BITS == 0 and log_index >> LOG_INDEX_BITS == 0 and key < snapshot.end_key
    rows = snapshot.rows(f"{_ROWS} WHERE inference.id = :key", {"key": key}) if within else []
    if not rows:
        raise UnknownThingError(
            f"no inference at log {log_index} of block {block} up to block {snapshot.place.block_number}; "
            "newer ones are seen with ?finality=latest"
        )
    return rows[0]


def cells_of(snapshot: Snapshot, names: Names, rows: Sequence[Any]) -> list[tuple[Cell, ...]]:
    """Rows of the table as rows of the answer."""
    session, decimals = snapshot.session, asset_decimals(snapshot)
    people = {number for row in rows for number in (row.payer_id, row.prover_id, row.asset_id)}
    addresses = names.addresses(session, people)
    models = names.models(session, {row.model_id for row in rows})

    def cells(row: Any) -> tuple[Cell, ...]:
        place = row.id & _PLACE_MASK
        amount = join(row.amount_e20, row.amount_e10, row.amount_e0)
        return (
            place >> LOG_INDEX_BITS,
            place & (1 << LOG_INDEX_BITS) - 1,
            row.timestamp_s,
            _hex(row.transaction_hash),
            row.seq,
            _hex(row.receipt_hash),
            row.tier,
            row.floor,
            bool(row.development),
            bool(row.unbound),
            models.get(row.model_id),
            addresses.get(row.prover_id),
            addresses.get(row.payer_id),
            addresses.get(row.asset_id),
            decimals.get(row.asset_id),
            amount,
            whole_tokens(amount, decimals.get(row.asset_id)),
            PaymentScheme(row.scheme).label,
            row.served_at_s % (1 << 64),
            _hex(row.request_hash),
            _hex(row.response_hash),
        )

    return [cells(row) for row in rows]


def cursor_of(key: int) -> str:
    """Says where the next page begins."""
    place = (key & _PLACE_MASK).to_bytes(_CURSOR_OCTETS)
    return base64.urlsafe_b64encode(place).decode().rstrip("=")


def _place_of(cursor: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))


def _filters(snapshot: Snapshot, asked: AskedInferences) -> dict[str, int]:
    """Columns and the numbers that they must have; -1 where nobody has heard of what is asked for."""
    found: dict[str, int] = {}
    if asked.tier is not None:
        found["tier"] = int(asked.tier.tier)
    for name in _FILTERS:
        value = getattr(asked, name)
        if value is not None:
            table = ModelRow if name == "model" else AddressRow
            found[f"{name}_id"] = number_of(snapshot.session, table, bytes.fromhex(value[2:])) or -1
    return found


def _page(
    snapshot: Snapshot, before: int, filters: dict[str, int], limit: int
) -> tuple[Sequence[Any], int | None]:
    """Rows with keys below `before`, and the key that the next page is below; None when there is none."""
    bounds = {"first": snapshot.first_key, "before": before}
    within = "WHERE inference.id >= :first AND inference.id < :before ORDER BY inference.id DESC"
    if not filters:
        rows = snapshot.rows(f"{_ROWS} {within} LIMIT {limit + 1}", bounds)
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else None
    window = f"SELECT * FROM inference {within} LIMIT {LOOKED_THROUGH}"  # noqa: S608
    where = " AND ".join(f"{name} = :{name}" for name in filters)
    rows = snapshot.rows(
        f"SELECT inference.*, block.timestamp_s FROM ({window}) AS inference"  # noqa: S608
        f" JOIN block ON block.id = inference.id >> 20 WHERE {where} ORDER BY inference.id DESC"
        f" LIMIT {limit + 1}",
        bounds | filters,
    )
    if len(rows) > limit:
        return rows[:limit], rows[limit - 1].id
    ((last,),) = snapshot.rows(
        f"SELECT min(id) FROM (SELECT id FROM inference {within} LIMIT {LOOKED_THROUGH}) AS looked",  # noqa: S608
        bounds,
    )
    more = "SELECT 1 FROM inference WHERE id >= :first AND id < :before LIMIT 1"
    is_more = last is not None and snapshot.rows(more, bounds | {"before": last})
    return rows, last if is_more else None


def _hex(octets: bytes) -> str:
    return f"0x{bytes(octets).hex()}"
