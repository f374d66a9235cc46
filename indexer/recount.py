"""Counts the roll-ups anew from the rows, to compare them or to put them right."""

from __future__ import annotations

from sqlalchemy import text
from sqlmodel import Session

from indexer.amounts import LIMB
from indexer.cursor import Cursor
from indexer.rollups import ROLLUPS, Rollup
from indexer.wire import LOG_INDEX_BITS

_TIMES = {"hour": "block.timestamp_s / 3600", "day": "block.timestamp_s / 86400"}
_AMOUNTS = ("amount_e20", "amount_e10", "amount_e0")


def wrong_rollups(session: Session, cursor: Cursor) -> list[str]:
    """Names of the roll-ups that are not the sums of the rows."""
    return [rollup.name for rollup in ROLLUPS if _differs(session, rollup, cursor)]


def rebuild_rollups(session: Session, cursor: Cursor) -> None:
    """Makes all roll-ups of a deployment the sums of its rows."""
    for rollup in ROLLUPS:
        names = ", ".join(_names(rollup))
        session.connection().execute(text(f"DELETE FROM {rollup.name} WHERE deployment_id = {cursor.id}"))  # noqa: S608
        statement = f"INSERT INTO {rollup.name} ({names}) {_recount(rollup, cursor)}"
        session.connection().execute(text(statement))


def _differs(session: Session, rollup: Rollup, cursor: Cursor) -> bool:
    """Whether a recounted cell is not among the stored ones, or there are more of these."""
    equal = " AND ".join(f"stored.{name} = recounted.{name}" for name in _names(rollup))
    statement = (
        f"SELECT count(*), count(stored.deployment_id) FROM ({_recount(rollup, cursor)}) AS recounted"  # noqa: S608
        f" LEFT JOIN {rollup.name} AS stored ON {equal}"
    )
    cells, equal_cells = session.connection().execute(text(statement)).one()
    number = f"SELECT count(*) FROM {rollup.name} WHERE deployment_id = {cursor.id}"  # noqa: S608
    return not cells == equal_cells == session.connection().execute(text(number)).scalar_one()


def _names(rollup: Rollup) -> tuple[str, ...]:
    return ("deployment_id", *rollup.keys, "inferences", *_AMOUNTS)


def _recount(rollup: Rollup, cursor: Cursor) -> str:
    """A query for the cells as they should be. Carries are made as in `indexer.rollups`."""
    keys = ", ".join(f"{_TIMES.get(key, f'inference.{key}')} AS {key}" for key in rollup.keys)
    groups = ", ".join(_TIMES.get(key, f"inference.{key}") for key in rollup.keys)
    sums = ", ".join(f"CAST(sum(inference.{name}) AS BIGINT) AS {name}" for name in _AMOUNTS)
    source = (
        f"SELECT {keys}, count(*) AS inferences, {sums} FROM inference"  # noqa: S608
        f" JOIN block ON block.id = inference.id >> {LOG_INDEX_BITS}"
        f" WHERE inference.id >= {cursor.first_key(0)} AND inference.id <= {cursor.last_key}"
        f" GROUP BY {groups}"
    )
    carry = f"(amount_e10 + amount_e0 / {LIMB})"
    return (
        f"SELECT {cursor.id} AS deployment_id, {', '.join(rollup.keys)}, inferences,"  # noqa: S608
        f" amount_e20 + {carry} / {LIMB} AS amount_e20, {carry} % {LIMB} AS amount_e10,"
        f" amount_e0 % {LIMB} AS amount_e0 FROM ({source}) AS recounted"
    )
