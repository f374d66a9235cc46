"""Asks tokens what they say of themselves."""

from __future__ import annotations

from sqlmodel import col, select, update

from indexer.batches import read_decimals
from indexer.chain import SettlementChain
from indexer.cursor import Cursor
from indexer.database import Database
from indexer.tables import AddressRow, AssetRow

_ASKED_AGAIN = 100


def ask_decimals_again(chain: SettlementChain, database: Database, cursor: Cursor) -> None:
    """Asks tokens again that gave no answer: perhaps it was the node's fault."""
    silent = (
        select(AddressRow.id, AddressRow.value)
        .join(AssetRow, col(AssetRow.address_id) == col(AddressRow.id))
        .where(col(AssetRow.deployment_id) == cursor.id, col(AssetRow.decimals).is_(None))
        .order_by(col(AddressRow.id))
        .limit(_ASKED_AGAIN)
    )
    with database.transaction() as session:
        assets = session.exec(silent).all()
    for address_id, asset in assets:
        decimals = read_decimals(chain, asset)
        if decimals is not None:
            of_asset = col(AssetRow.deployment_id) == cursor.id, col(AssetRow.address_id) == address_id
            with database.writing() as session:
                session.exec(update(AssetRow).where(*of_asset).values(decimals=decimals))
