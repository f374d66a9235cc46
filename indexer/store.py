"""Writing: one transaction per block range holds its rows, roll-ups, block hashes and the cursor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, insert, select, update

from indexer.errors import ConcurrentIndexerError, OtherDeploymentError
from indexer.events import (
    ChannelRefunded,
    Event,
    GroupSettled,
    GroupSkipped,
    InferenceSettled,
    ReceiptSkipped,
)
from indexer.rows import Ids, addresses_of, models_of, row_of, table_of
from indexer.tables import AddressRow, AssetRow, BlockRow, CursorRow, ModelRow, RollupRow
from indexer.wire import Block

_CURSOR_ID = 1
_LOOKUP = 500


@dataclass(frozen=True)
class Cursor:
    """How far a database has come: everything below `next_block` is in it."""

    chain_id: int
    settlement: bytes
    next_block: int
    next_seq: int
    last_block_hash: bytes | None
    """Hash of block `next_block - 1`; None before the first range."""
    last_block_timestamp_s: int | None

    def advanced(self, last: Block, next_seq: int) -> Cursor:
        """The cursor after a range that ends with the block `last`."""
        return Cursor(self.chain_id, self.settlement, last.number + 1, next_seq, last.hash, last.timestamp_s)


def read_cursor(session: Session) -> Cursor | None:
    """The stored cursor, None in a fresh database."""
    row = session.get(CursorRow, _CURSOR_ID)
    if row is None:
        return None
    return Cursor(**row.model_dump(exclude={"id"}))


def open_cursor(session: Session, chain_id: int, settlement: bytes, first_block: int) -> Cursor:
    """The stored cursor, or a fresh one at the deployment's first block.

    Raises:
        OtherDeploymentError: the database belongs to another contract or chain.
    """
    stored = read_cursor(session)
    if stored is None:
        stored = Cursor(chain_id, settlement, first_block, 0, None, None)
        session.add(CursorRow(id=_CURSOR_ID, **vars(stored)))
    elif (stored.chain_id, stored.settlement) != (chain_id, settlement):
        raise OtherDeploymentError(_name(stored.chain_id, stored.settlement), _name(chain_id, settlement))
    return stored


def write_range(
    session: Session,
    before: Cursor,
    after: Cursor,
    blocks: Sequence[Block],
    events: Sequence[Event],
    decimals: Mapping[bytes, int | None],
) -> None:
    """Writes a range, and moves the cursor from `before` to `after`. The cursor comes first: it is the lock.

    `decimals` holds an entry for every asset that `unknown_assets` named.

    Raises:
        ConcurrentIndexerError: the cursor is not at `before` any more.
    """
    _move_cursor(session, before, after)
    if not events:
        return
    session.exec(insert(BlockRow), params=[_block_values(block) for block in blocks])
    ids = _encode(session, events)
    new_assets = [{"address_id": ids.addresses[asset], "decimals": d} for asset, d in decimals.items()]
    if new_assets:
        session.exec(insert(AssetRow), params=new_assets)
    for kind in (InferenceSettled, GroupSettled, GroupSkipped, ReceiptSkipped, ChannelRefunded):
        rows = [row_of(event, ids) for event in events if isinstance(event, kind)]
        if rows:
            session.exec(insert(table_of(kind)), params=rows)
    _add_rollups(session, [event for event in events if isinstance(event, InferenceSettled)], ids)


def unknown_assets(session: Session, assets: Iterable[bytes]) -> list[bytes]:
    """Those of the assets that no stored inference names yet."""
    wanted = set(assets)
    known: set[bytes] = set()
    for some in _chunks(sorted(wanted)):
        statement = select(AddressRow.value).join(AssetRow, col(AssetRow.address_id) == col(AddressRow.id))
        known |= set(session.exec(statement.where(col(AddressRow.value).in_(some))))
    return sorted(wanted - known)


def _move_cursor(session: Session, before: Cursor, after: Cursor) -> None:
    statement = update(CursorRow).where(
        col(CursorRow.id) == _CURSOR_ID,
        col(CursorRow.next_block) == before.next_block,
        col(CursorRow.next_seq) == before.next_seq,
    )
    if session.exec(statement.values(**vars(after))).rowcount != 1:
        raise ConcurrentIndexerError(before.next_block)


def _encode(session: Session, events: Sequence[Event]) -> Ids:
    addresses = _ids_of(session, AddressRow, addresses_of(events))
    return Ids(addresses, _ids_of(session, ModelRow, models_of(events)))


def _ids_of(
    session: Session, table: type[AddressRow] | type[ModelRow], values: set[bytes]
) -> dict[bytes, int]:
    """Small numbers for values; values that have none yet get one."""
    found = _lookup(session, table, values)
    missing = sorted(values - found.keys())
    if missing:
        session.exec(insert(table), params=[{"value": value} for value in missing])
        found |= _lookup(session, table, missing)
    return found


def _lookup(
    session: Session, table: type[AddressRow] | type[ModelRow], values: Iterable[bytes]
) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for some in _chunks(sorted(values)):
        rows = session.exec(select(table.value, table.id).where(col(table.value).in_(some)))
        found |= {value: id_ for value, id_ in rows if id_ is not None}
    return found


def _add_rollups(session: Session, inferences: Sequence[InferenceSettled], ids: Ids) -> None:
    by_key: dict[tuple[int, int, bool, bool], list[InferenceSettled]] = defaultdict(list)
    for inference in inferences:
        labels, asset_id = inference.labels, ids.addresses[inference.asset]
        by_key[int(inference.tier), asset_id, labels.development, labels.unbound].append(inference)
    for key, some in by_key.items():
        row = session.get(RollupRow, key) or _empty_rollup(*key)
        row.inferences += len(some)
        row.amount_base_units += sum(inference.amount_base_units for inference in some)
        session.add(row)


def _empty_rollup(tier: int, asset_id: int, development: bool, unbound: bool) -> RollupRow:
    return RollupRow(
        tier=tier,
        asset_id=asset_id,
        development=development,
        unbound=unbound,
        inferences=0,
        amount_base_units=0,
    )


def _block_values(block: Block) -> dict[str, object]:
    return {"number": block.number, "hash": block.hash, "timestamp_s": block.timestamp_s}


def _chunks(values: Sequence[bytes]) -> Iterable[Sequence[bytes]]:
    return (values[start : start + _LOOKUP] for start in range(0, len(values), _LOOKUP))


def _name(chain_id: int, settlement: bytes) -> str:
    return f"Settlement 0x{settlement.hex()} on chain {chain_id}"
