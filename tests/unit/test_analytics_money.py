"""Transfers and foreign settlements, from either database: who is labelled, and what only stands beside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from indexer_chain import CHAIN_ID, serve
from sqlalchemy import delete
from traded_chain import (
    ASSETS,
    FIRST_WEEK,
    MODELS,
    PAYERS,
    PROVERS,
    ROUTES,
    WEEKS,
    Batch,
    Sale,
    TradedChain,
)

from indexer.amounts import split
from indexer.analytics.analysis import Analysis
from indexer.analytics.catalogue import BY_NAME
from indexer.analytics.recorded_loader import MOST_CLAIMED
from indexer.analytics.weeks import start_s
from indexer.database import Database
from indexer.recorded.tables import RecordedSettlementRow, RecordedSourceRow, TokenTransferRow
from indexer.rpc import JsonRpc
from indexer.sync import Indexer
from indexer.tables import PayAddressOriginRow
from veritally.pay_address import pay_address_of
from veritally.tiers import Tier

START, END = start_s(FIRST_WEEK), start_s(FIRST_WEEK + WEEKS)
PLACES = count(1)
DAY_S = 86_400


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, path: Path) -> Database:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else f"sqlite:///{path}"
    return Database(url)


@pytest.fixture
def traded() -> TradedChain:
    """Each of three payers buys ten inferences for 100 each from each of two provers, one a day."""
    traded = TradedChain()
    for day in range(10):
        at = START + day * DAY_S
        sales = tuple(Sale(payer, ASSETS[0], 100, 1, at) for payer in PAYERS[:3])
        traded.settle(*(Batch(at, p, MODELS[0], ROUTES[0], bytes(32), 1, 0, sales) for p in PROVERS[:2]))
    traded.mine(END)
    return traded


@pytest.fixture
def node(traded: TradedChain) -> Iterator[JsonRpc]:
    with serve(traded.chain) as url:
        yield JsonRpc(url)


@pytest.fixture
def indexed(traded: TradedChain, node: JsonRpc, database: Database) -> Database:
    indexer = Indexer(node, database, traded.chain.deployment, 1000)
    indexer.open()
    indexer.sync_once()
    return database


def transfer(sender: str, recipient: str, amount: int, day: float = 9, **more: Any) -> TokenTransferRow:
    """A transfer of the first token, on the last day of the trade."""
    values: dict[str, Any] = {
        "chain_id": CHAIN_ID,
        "block": 5,
        "log_index": next(PLACES),
        "block_timestamp_s": START + int(day * DAY_S),
        "transaction_hash": bytes(32),
        "asset": bytes.fromhex(ASSETS[0][2:]),
        "sender": bytes.fromhex(sender[2:]),
        "recipient": bytes.fromhex(recipient[2:]),
    }
    limbs = dict(zip(("amount_e20", "amount_e10", "amount_e0"), split(amount), strict=True))
    return TokenTransferRow(**(values | limbs | more))


def write(database: Database, *rows: Any) -> None:
    with database.writing() as session:
        session.add_all(rows)


def labels(database: Database) -> set[tuple[str, ...]]:
    """From what the database holds alone."""
    rows = Analysis(database).answer(BY_NAME["labelled-pairs"]).records()
    return {(str(row["payer"]).lower(), str(row["prover"]).lower(), str(row["rule"])) for row in rows}


def test_round_trips(indexed: Database, traded: TradedChain) -> None:
    pay_address = pay_address_of(traded.chain.deployment, PROVERS[0], Tier.TEE)
    write(
        indexed,
        transfer(PROVERS[0], PAYERS[0], 500),
        transfer(PROVERS[0], PAYERS[1], 499),
        transfer(pay_address, PAYERS[2], 500),
        transfer(PROVERS[1], PAYERS[0], 500, asset=bytes.fromhex(ASSETS[1][2:])),
        transfer(PROVERS[1], PAYERS[1], 500, chain_id=CHAIN_ID + 1),
        transfer(PROVERS[1], PAYERS[2], 500, day=7 * WEEKS),
        transfer(PROVERS[1], PAYERS[2], 500, block=traded.chain.final + 1),
        transfer(PROVERS[1], PAYERS[3], 500),
        transfer(PAYERS[0], PAYERS[1], 500),
    )
    direct, through = (PAYERS[0], PROVERS[0], "round-trip"), (PAYERS[2], PROVERS[0], "round-trip")
    assert labels(indexed) == {direct, through}


def test_payouts(indexed: Database, traded: TradedChain) -> None:
    """More than was ever paid, in full weeks, came out of a pay address; the prover's account is none."""
    pay_address = pay_address_of(traded.chain.deployment, PROVERS[0], Tier.SIGNED)
    late = {"day": 9 + 7.5}
    write(
        indexed,
        transfer(pay_address, PAYERS[0], 1_001, **late),
        transfer(pay_address, PAYERS[1], 1_000, **late),
        transfer(PROVERS[0], PAYERS[2], 2_000, **late),
        transfer(
            pay_address_of(traded.chain.deployment, PROVERS[1], Tier.ZKML), PAYERS[0], 1_001, day=7 * WEEKS
        ),
    )
    assert labels(indexed) == {(PAYERS[0], PROVERS[0], "payout")}


def test_a_database_of_an_older_version_learns_pay_addresses(
    indexed: Database, traded: TradedChain, node: JsonRpc
) -> None:
    """When the indexer opens it again. Another factory has other pay addresses."""
    pay_address = pay_address_of(traded.chain.deployment, PROVERS[0], Tier.SIGNED)
    write(indexed, transfer(pay_address, PAYERS[0], 1_001))
    with indexed.writing() as session:
        session.execute(delete(PayAddressOriginRow))
    assert labels(indexed) == set()
    other = replace(traded.chain.deployment, pay_address_implementation=to_checksum_address(PAYERS[0]))
    Indexer(node, indexed, other, 1000).open()
    assert labels(indexed) == set()
    Indexer(node, indexed, traded.chain.deployment, 1000).open()
    assert (PAYERS[0], PROVERS[0], "payout") in labels(indexed)


def source(id_: int, final_block: int | None) -> RecordedSourceRow:
    return RecordedSourceRow(
        id=id_,
        chain_id=10_740,
        kind="opengradient",
        contract=bytes([id_]) * 20,
        payee=b"",
        first_block=1,
        next_block=90,
        last_block_hash=bytes(32),
        last_block_timestamp_s=END,
        final_block=final_block,
        other_logs=0,
    )


def settlement(
    source_id: int, block: int, time_s: int, size: str | None, **more: Any
) -> RecordedSettlementRow:
    values = {
        "source_id": source_id,
        "block": block,
        "log_index": next(PLACES),
        "chain_id": 10_740,
        "block_timestamp_s": time_s,
        "transaction_hash": bytes(32),
        "form": "exact" if size is None else "batch",
        "repeated": False,
        "claimed_batch_size": size,
    }
    return RecordedSettlementRow(**(values | more))


def test_foreign_settlements_stand_beside_and_enter_nothing(indexed: Database, traded: TradedChain) -> None:
    before = Analysis(indexed).answer(BY_NAME["count-share"])
    last_week_s = END - 7 * DAY_S
    write(indexed, source(1, 80), source(2, None))
    write(
        indexed,
        settlement(1, 5, last_week_s, "700"),
        settlement(1, 6, END - 1, "700"),
        settlement(1, 7, END - 1, str(2**256 - 1)),
        settlement(1, 8, END - 1, None),
        settlement(1, 9, END - 1, "5", repeated=True),
        settlement(1, 81, END - 1, "5"),
        settlement(2, 5, END - 1, "5"),
        settlement(1, 10, END, "5"),
        settlement(1, 3, START - 1, "5"),
    )
    analysis = Analysis(indexed)
    claimed = 1_400 + MOST_CLAIMED
    verified = sum(b.wk > FIRST_WEEK + WEEKS - 5 for b, _ in traded.sales)
    total = verified + claimed
    assert analysis.answer(BY_NAME["verified-recorded"]).rows == (
        ("verified", "signed", verified, verified, None, verified / total),
        ("recorded", "batch", 3, None, claimed, claimed / total),
        ("recorded", "exact", 1, None, None, None),
    )
    assert analysis.answer(BY_NAME["count-share"]) == before
