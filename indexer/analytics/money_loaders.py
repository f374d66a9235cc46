"""Loads what labels are made of besides inferences: owners of models, what provers send to their payers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from eth_utils.address import to_checksum_address
from sqlalchemy import bindparam, text
from sqlmodel import Session, col, select

from indexer.analytics import weeks
from indexer.analytics.cube import Cube, sql
from indexer.analytics.taint import cursor_of, end_of_final, end_of_weeks
from indexer.cursor import Cursor
from indexer.pay_addresses import pay_addresses_of
from indexer.tables import RegistryEventRow

_LIMBS = ("amount_e20", "amount_e10", "amount_e0")
_AT_ONCE = 500


def load_owners(session: Session, cube: Cube, deployment_id: int) -> None:
    """Fills `model_owner` anew, from final events."""
    cube.execute("DELETE FROM model_owner")
    cursor, row = cursor_of(session, deployment_id), RegistryEventRow
    statement = select(row.subject, row.arguments).where(
        col(row.event) == "ModelRegistered",
        col(row.id) >= cursor.first_key(0),
        col(row.id) < end_of_final(cursor),
    )
    numbers = {str(value).lower(): number for value, number in cube.select("models")}
    rows = [
        (numbers[f"0x{model.hex()}"], to_checksum_address(json.loads(arguments)["owner"]))
        for model, arguments in session.exec(statement)
        if f"0x{model.hex()}" in numbers
    ]
    cube.insert("model_owner", ("model", "owner"), rows)


def load_pay_addresses(session: Session, cube: Cube, deployment_id: int) -> None:
    """Fills `pay_address` anew, for the provers of the cube."""
    cube.execute("DELETE FROM pay_address")
    rows = [
        (number, value)
        for number, prover in cube.select("provers")
        for value in pay_addresses_of(session, deployment_id, prover)
    ]
    cube.insert("pay_address", ("prover", "value"), rows)


def load_money_back(session: Session, cube: Cube, deployment_id: int) -> None:
    """Fills `transfer_back` and `payment` anew. Without recorded transfers they stay empty."""
    cube.execute("DELETE FROM transfer_back")
    cube.execute("DELETE FROM payment")
    end, cursor = end_of_weeks(cube), cursor_of(session, deployment_id)
    if end is None:
        return
    back = _transfers_back(session, cube, cursor, weeks.start_s(end))
    columns = ("payer", "prover", "asset", "from_pay_address", "time_s", *_LIMBS)
    cube.insert("transfer_back", columns, back)
    pairs = {(row[0], row[1]) for row in back}
    payers = sorted({payer for payer, _ in pairs})
    for start in range(0, len(payers), _AT_ONCE):
        rows = _payments(session, cursor, payers[start : start + _AT_ONCE], weeks.start_s(end))
        columns = ("payer", "prover", "asset", "time_s", "n", *_LIMBS)
        cube.insert("payment", columns, [row for row in rows if (row[0], row[1]) in pairs])


def _transfers_back(session: Session, cube: Cube, cursor: Cursor, end_s: int) -> list[tuple[Any, ...]]:
    """Those that a prover, or one of its pay addresses, sent to one of its payers."""
    pairs, senders = set(cube.select("pairs")), _senders(cube)
    parameters = {"chain_id": cursor.chain_id, "final_block": cursor.final_block, "end_s": end_s}
    found = []
    for recipient, sender, *rest in session.connection().execute(text(sql("load_transfers")), parameters):
        prover, from_pay_address = senders.get(bytes(sender), (None, 0))
        if (recipient, prover) in pairs:
            asset, time_s, *limbs = rest
            found.append((recipient, prover, asset, from_pay_address, time_s, *limbs))
    return found


def _senders(cube: Cube) -> Mapping[bytes, tuple[int, int]]:
    """The prover behind an address, and 1 when the address is one of its pay addresses."""
    rows = [(value, prover, 0) for prover, value in cube.select("provers")]
    rows += [(value, prover, 1) for prover, value in cube.select("pay_addresses")]
    return {bytes.fromhex(value[2:]): (prover, kind) for value, prover, kind in rows}


def _payments(session: Session, cursor: Cursor, payers: list[int], end_s: int) -> list[tuple[Any, ...]]:
    statement = text(sql("load_payments")).bindparams(bindparam("payers", expanding=True))
    keys = {"first_id": cursor.first_key(0), "end_id": end_of_final(cursor)}
    rows = session.connection().execute(statement, {"payers": payers, "end_s": end_s, **keys})
    return [(*row[:5], *map(int, row[5:])) for row in rows]
