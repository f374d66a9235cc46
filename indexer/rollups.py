"""Sums over the inferences, kept in the transaction that writes or deletes them.

A cell that is taken back is added with the opposite sign. Carries between the columns of an amount are made
where the cell is, in integer arithmetic, so that adding is one statement in both databases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session, SQLModel

from indexer.amounts import LIMB
from indexer.bulk import Int8Array, driver_connection, is_postgres
from indexer.rollup_tables import (
    DayModelRollupRow,
    DayPayerRollupRow,
    DayProverRollupRow,
    HourRollupRow,
    RollupRow,
)

_HOUR_S, _DAY_S = 3_600, 86_400
_AMOUNTS = ("amount_e20", "amount_e10", "amount_e0")
_LABELS = ("development", "unbound")
_LARGEST_SPAN = 1 << 17

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Rollup:
    """One roll-up: its table, and the columns besides the deployment that name a cell."""

    table: type[SQLModel]
    keys: tuple[str, ...]

    @property
    def name(self) -> str:
        """Of the table."""
        return str(self.table.__tablename__)


ROLLUPS = (
    Rollup(RollupRow, ("tier", "asset_id", *_LABELS)),
    Rollup(HourRollupRow, ("hour", "tier", "asset_id", *_LABELS)),
    Rollup(DayModelRollupRow, ("day", "tier", "model_id", "asset_id", *_LABELS)),
    Rollup(DayPayerRollupRow, ("day", "tier", "payer_id", "asset_id", *_LABELS)),
    Rollup(DayProverRollupRow, ("day", "tier", "prover_id", "asset_id", *_LABELS)),
)


def add_inferences(
    session: Session, deployment_id: int, columns: Mapping[str, Any], times_s: Numbers, sign: int = 1
) -> None:
    """Adds inferences to all roll-ups, or takes them back with `sign` -1; `times_s` are of their blocks."""
    if not len(times_s):
        return
    columns = {**columns, "hour": times_s // _HOUR_S, "day": times_s // _DAY_S}
    for rollup in ROLLUPS:
        _add(session, rollup, _cells(rollup, deployment_id, columns, sign))
        if sign < 0:
            _drop_empty(session, rollup, deployment_id)


def _cells(rollup: Rollup, deployment_id: int, columns: Mapping[str, Any], sign: int) -> dict[str, Numbers]:
    """Columns of the cells: keys, number of inferences and sums."""
    packed = _packed([np.asarray(columns[key]).astype(np.int64) for key in rollup.keys])
    order = np.argsort(packed, kind="stable")
    ordered = packed[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    counts = np.diff(np.append(starts, len(order)))
    firsts = order[starts]
    cells = {"deployment_id": np.full(len(starts), deployment_id, np.int64)}
    cells |= {key: np.asarray(columns[key])[firsts].astype(np.int64) for key in rollup.keys}
    sums = [np.add.reduceat(np.asarray(columns[name])[order], starts) for name in _AMOUNTS]
    return cells | {"inferences": sign * counts} | dict(zip(_AMOUNTS, _carried(sums, sign), strict=True))


def _packed(keys: list[Numbers]) -> Numbers:
    """One number for each combination of keys, in their order."""
    packed = np.zeros(len(keys[0]), np.int64)
    for key in keys:
        low, high = int(key.min()), int(key.max())
        ranks = key - low
        if high - low >= _LARGEST_SPAN:
            values, ranks = np.unique(key, return_inverse=True)
            high = low + len(values) - 1
        packed = packed * (high - low + 1) + ranks
    return packed


def _carried(sums: list[Numbers], sign: int) -> tuple[Numbers, Numbers, Numbers]:
    """The lower two between 0 and the limb, also of negative amounts."""
    e20, e10, e0 = (sign * numbers for numbers in sums)
    carry, e0 = np.divmod(e0, LIMB)
    carry, e10 = np.divmod(e10 + carry, LIMB)
    return e20 + carry, e10, e0


def _add(session: Session, rollup: Rollup, cells: Mapping[str, Numbers]) -> None:
    connection = driver_connection(session)
    if is_postgres(session):
        arrays = [Int8Array(column) for column in cells.values()]
        connection.execute(_merge_statement(rollup, cells), arrays)
    else:
        names, marks = ", ".join(cells), ", ".join("?" * len(cells))
        conflict = f"ON CONFLICT ({', '.join(('deployment_id', *rollup.keys))}) DO UPDATE SET"
        statement = f"INSERT INTO {rollup.name} ({names}) VALUES ({marks}) {conflict} {_sums(rollup)}"  # noqa: S608
        rows = zip(*(column.tolist() for column in cells.values()), strict=True)
        connection.executemany(statement, rows)


def _merge_statement(rollup: Rollup, cells: Mapping[str, Numbers]) -> str:
    """Takes half the time of ON CONFLICT, which locks each cell before it changes it.

    Naming the deployment and the span of days has Postgres read only those cells to find what is there.
    """
    values = ", ".join(f"unnest(%s) AS {name}" for name in cells)
    shown = ", ".join(f"{name} <> 0 AS {name}" if name in _LABELS else name for name in cells)
    same = [f"{rollup.name}.{key} = excluded.{key}" for key in ("deployment_id", *rollup.keys)]
    for key in ("deployment_id", rollup.keys[0]):
        low, high = int(cells[key].min()), int(cells[key].max())
        same.append(f"{rollup.name}.{key} BETWEEN {low} AND {high}")
    return (
        f"MERGE INTO {rollup.name} USING (SELECT {shown} FROM (SELECT {values}) AS arrays) AS excluded"  # noqa: S608
        f" ON {' AND '.join(same)} WHEN MATCHED THEN UPDATE SET {_sums(rollup)} WHEN NOT MATCHED THEN"
        f" INSERT ({', '.join(cells)}) VALUES ({', '.join(f'excluded.{name}' for name in cells)})"
    )


def _sums(rollup: Rollup) -> str:
    """A cell that is there already, with the added one, which is called `excluded`."""
    t = rollup.name
    e0 = f"({t}.amount_e0 + excluded.amount_e0)"
    e10 = f"({t}.amount_e10 + excluded.amount_e10 + {e0} / {LIMB})"
    return (
        f"inferences = {t}.inferences + excluded.inferences,"
        f" amount_e0 = {e0} - {e0} / {LIMB} * {LIMB}, amount_e10 = {e10} - {e10} / {LIMB} * {LIMB},"
        f" amount_e20 = {t}.amount_e20 + excluded.amount_e20 + {e10} / {LIMB}"
    )


def _drop_empty(session: Session, rollup: Rollup, deployment_id: int) -> None:
    statement = f"DELETE FROM {rollup.name} WHERE deployment_id = {int(deployment_id)} AND inferences = 0"  # noqa: S608
    driver_connection(session).execute(statement)
