"""How fresh, complete and verified the data is (M20)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.analytics.answer import Answer, Column, Kind
from indexer.analytics.metric import Metric

if TYPE_CHECKING:
    from indexer.analytics.cube import Cube
    from indexer.analytics.metric import Scope


def _health(cube: Cube, _scope: Scope) -> Answer:
    rows = []
    for row in cube.select("health"):
        verified = None if row[11] is None else bool(row[11])
        rows.append((*row[:11], verified, row[12]))
    return Answer(_COLUMNS, tuple(rows))


_COLUMNS = (
    Column("block", Kind.COUNT, "number of the last indexed block"),
    Column("block_time", Kind.TIME, "its time"),
    Column("final_block", Kind.COUNT, "last block that no reorganisation reaches; none without"),
    Column("final_block_time", Kind.TIME, "its time"),
    Column("final_lag", Kind.SECONDS, "block_time - final_block_time"),
    Column("inferences", Kind.COUNT, "indexed inferences up to block, of all tiers"),
    Column("counter_difference", Kind.COUNT, "inferences - the contract's own count; must be 0"),
    Column("incidents", Kind.COUNT, "times that something could not be trusted"),
    Column("open_incidents", Kind.COUNT, "those that were not put right"),
    Column("verified_block", Kind.COUNT, "block up to which everything was derived anew; none when never"),
    Column("verified_at", Kind.TIME, "when that was"),
    Column("verified", Kind.FLAG, "whether the database held what the chain says"),
    Column("digest", Kind.ID, "digest of all events up to verified_block; see docs/verify.md"),
)

METRICS = (
    Metric(
        id="M20",
        name="health",
        title="Freshness and completeness",
        question="How fresh, complete and final is this data, and can I compute it again?",
        formula=(
            "As of the last refresh. The contract's own count is the next sequence number, which it was "
            "asked for before the block was stored; `veritally-indexer tallies` compares each tier and "
            "token, and `veritally-indexer verify` derives everything anew. It is the state of one indexer, "
            "no fact of the chain: the only metric that cannot be computed again from an export."
        ),
        columns=_COLUMNS,
        compute=_health,
        sql=("health",),
    ),
)
