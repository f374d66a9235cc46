"""Fills the cube from the indexer's database, one full, final week after the other; reads only."""

from __future__ import annotations

import re
from typing import Any

from eth_utils.address import to_checksum_address
from sqlalchemy import text
from sqlmodel import Session, col, func, or_, select

from indexer.analytics.cube import Cube, sql
from indexer.analytics.loaders import LOADERS, WeekSource
from indexer.analytics.weeks import FIRST_MONDAY_S, WEEK_S, start_s
from indexer.cursor import Cursor
from indexer.rollup_tables import DayPayerRollupRow, HourRollupRow
from indexer.tables import AddressRow, AssetRow, BlockRow, GroupSettledRow, ModelRow
from indexer.wire import LOG_INDEX_BITS

_HOUR_S, _DAY_S = 3_600, 86_400
_WEEK_TABLES = (
    "week",
    "settled_week",
    "price_week",
    "latency_week",
    "skipped_week",
    "refund_week",
    "start_week",
    "tainted_week",
)
_SETTLED_COLUMNS = (
    *("wk", "payer", "prover", "model", "asset", "required", "achieved", "counted", "scheme"),
    *("development", "unbound", "n", "amount_e20", "amount_e10", "amount_e0"),
)


def inferences_per_week(session: Session, deployment_id: int, end_week: int) -> dict[int, int]:
    """What the roll-ups count in each week before `end_week`, from the first inference's on."""
    week = (col(HourRollupRow.hour) - FIRST_MONDAY_S // _HOUR_S) // (WEEK_S // _HOUR_S)
    of = col(HourRollupRow.deployment_id) == deployment_id
    statement = select(week, func.sum(HourRollupRow.inferences)).where(of).group_by(week)
    counts = {int(wk): int(count) for wk, count in session.exec(statement)}
    return {wk: counts.get(wk, 0) for wk in range(min(counts), end_week)} if counts else {}


def load_weeks(
    session: Session, cube: Cube, cursor: Cursor, counts: dict[int, int], anew: bool = False
) -> bool:
    """Makes the cube hold these weeks, with that many inferences each; whether anything had to be loaded.

    With `anew`, the weeks that it holds are loaded again.
    """
    held = dict(cube.select("weeks"))
    for week in held.keys() - counts.keys():
        _forget(cube, week)
    stale = [week for week, count in counts.items() if anew or held.get(week) != count]
    if not stale:
        return bool(held.keys() - counts.keys())
    sources = _sources(session, cursor)
    for week in stale:
        _forget(cube, week)
        source = sources.get(week) or WeekSource(cursor.id, week, 0, 0, 0, 0)
        _load_settled(session, cube, source)
        for load in LOADERS:
            load(session, cube, source)
    _load_names(session, cube, cursor, min(stale))
    _load_assets(session, cube, cursor.id)
    return True


def _forget(cube: Cube, week: int) -> None:
    for table in _WEEK_TABLES:
        cube.execute(f"DELETE FROM {table} WHERE wk = ?", (week,))  # noqa: S608


def _sources(session: Session, cursor: Cursor) -> dict[int, WeekSource]:
    """Where each week's rows are. Blocks follow each other in time."""
    week = (col(BlockRow.timestamp_s) - FIRST_MONDAY_S) // WEEK_S
    first, last = cursor.block_key(0), cursor.block_key(cursor.final_block or 0)
    statement = (
        select(week, func.min(BlockRow.id), func.max(BlockRow.id))
        .where(col(BlockRow.id) >= first, col(BlockRow.id) <= last)
        .group_by(week)
    )
    found = {}
    for wk, least, most in session.exec(statement):
        ids = least << LOG_INDEX_BITS, most + 1 << LOG_INDEX_BITS
        found[int(wk)] = WeekSource(cursor.id, int(wk), *ids, least, most + 1)
    return found


def _load_settled(session: Session, cube: Cube, source: WeekSource) -> None:
    statement = text(re.sub(r"\$(\w+)", r":\1", sql("settled_week")))
    values = {"wk": source.week, "first_id": source.first_id, "end_id": source.end_id}
    rows: Any = session.connection().execute(statement, values).cursor  # plain tuples, in half the time
    cube.insert("settled_week", _SETTLED_COLUMNS, rows)
    cube.execute(
        "INSERT INTO week SELECT ?, COALESCE(SUM(n), 0) FROM settled_week WHERE wk = ?", [source.week] * 2
    )


def _load_names(session: Session, cube: Cube, cursor: Cursor, first_week: int) -> None:
    """What the numbers in these weeks and all later ones stand for, where the cube does not know it yet."""
    known = set(cube.select("names"))
    payer, prover, asset = DayPayerRollupRow, GroupSettledRow, AssetRow
    payers = select(payer.payer_id).where(
        col(payer.deployment_id) == cursor.id, col(payer.day) >= start_s(first_week) // _DAY_S
    )
    first = cursor.first_key(0)
    groups = col(prover.id) >= first, col(prover.id) <= cursor.last_key
    provers = select(prover.prover_id).where(*groups)
    assets = select(asset.address_id).where(col(asset.deployment_id) == cursor.id)
    id_ = col(AddressRow.id)
    used = or_(id_.in_(payers), id_.in_(provers), id_.in_(assets))
    addresses = session.exec(select(AddressRow.id, AddressRow.value).where(used))
    new = ((number, value) for number, value in addresses if ("address", number) not in known)
    cube.insert("address", ("id", "value"), ((number, to_checksum_address(value)) for number, value in new))
    models = session.exec(
        select(ModelRow.id, ModelRow.value).where(
            col(ModelRow.id).in_(select(prover.model_id).where(*groups))
        )
    )
    fresh = ((number, value) for number, value in models if ("model", number) not in known)
    cube.insert("model", ("id", "value"), ((number, f"0x{value.hex()}") for number, value in fresh))


def _load_assets(session: Session, cube: Cube, deployment_id: int) -> None:
    cube.execute("DELETE FROM asset")
    of = col(AssetRow.deployment_id) == deployment_id
    found = session.exec(select(AssetRow.address_id, AssetRow.decimals).where(of))
    cube.insert("asset", ("id", "decimals"), list(found))
