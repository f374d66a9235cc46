"""`/v1/inferences/{place}` and `/v1/receipts/{hash}`: one inference and the proof that it was settled."""

from __future__ import annotations

from typing import Any

from indexer.analytics.answer import Answer
from indexer.api.errors import UnavailableError, UnknownThingError
from indexer.api.inferences import COLUMNS, cells_of, row_at
from indexer.api.place import Snapshot
from indexer.api.reply import Reply
from indexer.api.source import Source
from indexer.wire import BLOCK_BITS, LOG_INDEX_BITS
from veritally.merkle import merkle_proof, merkle_root

_GROUP = (
    "SELECT id, root, route, key, settled FROM group_settled WHERE id > :key AND id < :end"
    " AND transaction_hash = :transaction ORDER BY id LIMIT 1"
)
_LEAVES = (
    "SELECT id, receipt_hash FROM inference WHERE id < :group AND id >= :block"
    " ORDER BY id DESC LIMIT :settled"
)


def inference(snapshot: Snapshot, source: Source, place: str) -> Reply:
    """The inference at a place like `142-3`.

    Raises:
        UnknownThingError: there is none.
    """
    block, log_index = map(int, place.split("-"))
    return _reply(snapshot, source, row_at(snapshot, block, log_index))


def receipt(snapshot: Snapshot, source: Source, receipt_hash: str) -> Reply:
    """The inference of a receipt, with its proof.

    Raises:
        UnknownThingError: no such receipt was settled.
    """
    key = source.finder.find(snapshot.session, snapshot.cursor, bytes.fromhex(receipt_hash[2:]))
    if key is None or key >= snapshot.end_key:
        raise UnknownThingError(
            f"no receipt {receipt_hash} was settled up to block {snapshot.place.block_number}; newer ones "
            "are seen with ?finality=latest"
        )
    key -= snapshot.first_key
    row = row_at(snapshot, key >> LOG_INDEX_BITS, key & (1 << LOG_INDEX_BITS) - 1)
    return _reply(snapshot, source, row)


def _reply(snapshot: Snapshot, source: Source, row: Any) -> Reply:
    cells = cells_of(snapshot, source.names, [row])
    extra = {"served_at_s": str(row.served_at_s % (1 << 64)), **_group(snapshot, row)}
    return Reply(snapshot.place, Answer(COLUMNS, tuple(cells)), extra)


def _group(snapshot: Snapshot, row: Any) -> dict[str, Any]:
    """The group of a row, and the proof that leads from the receipt to its root.

    Raises:
        UnavailableError: the rows do not make the root.
    """
    block = row.id >> LOG_INDEX_BITS
    bounds = {"key": row.id, "end": block + 1 << LOG_INDEX_BITS, "transaction": bytes(row.transaction_hash)}
    found = snapshot.rows(_GROUP, bounds)
    if not found:
        raise _contradiction(row)
    group = found[0]
    wanted = {"group": group.id, "block": block << LOG_INDEX_BITS, "settled": group.settled}
    leaves = snapshot.rows(_LEAVES, wanted)[::-1]
    hashes = [bytes(leaf.receipt_hash) for leaf in leaves]
    places = [leaf.id for leaf in leaves]
    if row.id not in places or merkle_root(hashes) != bytes(group.root):
        raise _contradiction(row)
    proof = merkle_proof(hashes, places.index(row.id))
    key = group.key
    return {
        "group": {
            "log_index": group.id & (1 << LOG_INDEX_BITS) - 1,
            "root": _hex(group.root),
            "route": _hex(group.route),
            "key": None if key is None else _hex(key),
            "settled": group.settled,
        },
        "proof": [_hex(node) for node in proof],
    }


def _contradiction(row: Any) -> UnavailableError:
    block = row.id >> LOG_INDEX_BITS & (1 << BLOCK_BITS) - 1
    return UnavailableError(
        f"the stored receipts of block {block} do not make their group's root; run `veritally-indexer verify`"
    )


def _hex(octets: bytes) -> str:
    return f"0x{bytes(octets).hex()}"
