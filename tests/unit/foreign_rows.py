"""Foreign history in a database, written as an import writes it."""

from __future__ import annotations

from itertools import count
from typing import Any

from indexer_chain import CHAIN_ID, PAYER, PROVER, SETTLEMENT, USDC

from indexer.amounts import split
from indexer.database import Database
from indexer.recorded.tables import RecordedSettlementRow, RecordedSourceRow, TokenTransferRow

FOREIGN_CHAIN = 10_740
TIME_S = 1_764_000_000
_OURS: dict[str, Any] = {"chain_id": CHAIN_ID, "contract": bytes.fromhex(SETTLEMENT[2:])}
_PLACES = count()


def source(id_: int, kind: str, **more: Any) -> RecordedSourceRow:
    """A source that was read up to block 99, which is final."""
    values: dict[str, Any] = {
        "id": id_,
        "chain_id": FOREIGN_CHAIN,
        "kind": kind,
        "contract": bytes([0xF0 + id_]) * 20,
        "payee": b"",
        "first_block": 1,
        "next_block": 100,
        "last_block_hash": bytes(32),
        "last_block_timestamp_s": 0,
        "final_block": 99,
        "other_logs": 0,
    }
    return RecordedSourceRow(**(values | more))


def settlement(source_id: int, block: int, time_s: int, **more: Any) -> RecordedSettlementRow:
    """What an event claims: one inference, unless a size is given."""
    values: dict[str, Any] = {
        "source_id": source_id,
        "block": block,
        "log_index": next(_PLACES),
        "chain_id": FOREIGN_CHAIN,
        "block_timestamp_s": time_s,
        "transaction_hash": bytes([block]) * 32,
        "form": "batch" if "claimed_batch_size" in more else "single-v1",
        "repeated": False,
    }
    return RecordedSettlementRow(**(values | more))


def transfer(chain_id: int, block: int, parties: tuple[str, str, str], amount: int, time_s: int) -> Any:
    """A transfer; parties are token, sender and recipient."""
    names = zip(("asset", "sender", "recipient"), (bytes.fromhex(one[2:]) for one in parties), strict=True)
    limbs = zip(("amount_e20", "amount_e10", "amount_e0"), split(amount), strict=True)
    return TokenTransferRow(
        chain_id=chain_id,
        block=block,
        log_index=next(_PLACES),
        block_timestamp_s=time_s,
        transaction_hash=bytes([7]) * 32,
        **dict(names),
        **dict(limbs),
    )


def write(database: Database, *rows: Any) -> None:
    """Stores them."""
    with database.writing() as session:
        session.add_all(rows)


def add_foreign_history(database: Database) -> None:
    """A relay, payments to a payee, transfers, and a source of which nothing was read yet."""
    write(
        database,
        source(1, "opengradient", final_block=60),
        source(2, "x402", payee=b"\x03" * 20),
        source(3, "transfers", **_OURS),
        source(4, "opengradient", last_block_hash=None, final_block=None),
        settlement(1, 50, TIME_S, claim=b"\x01" * 32, root=b"\x02" * 32, claimed_batch_size=str(2**256 - 1)),
        settlement(1, 50, TIME_S, tee_id=b"\x04" * 32, claimed_timestamp="7", payer=b"\x05" * 20),
        settlement(1, 61, TIME_S + 1),
        settlement(2, 5, TIME_S, form="exact", payee=b"\x03" * 20, amount_base_units=str(2**255)),
        transfer(CHAIN_ID, 8, (USDC, PROVER, PAYER), 2**96 - 1, TIME_S),
    )
