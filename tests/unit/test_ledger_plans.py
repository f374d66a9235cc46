"""What settling asks for again and again must not read everything that was ever settled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from prover.jobs.rows import Book
from prover.migrations.upgrade import upgrade
from prover.settling import ledger
from veritally.receipts import SettlementDomain
from veritally.transactions import Database

TOKEN = "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
BOOK = Book(SettlementDomain(84532, TOKEN), TOKEN, lambda *_: {})
ASKED: dict[str, Callable[[Session], Any]] = {
    "paid requests": lambda session: ledger.waiting(session, BOOK, of_channels=False, limit=100),
    "vouchers": lambda session: ledger.waiting(session, BOOK, of_channels=True, limit=100),
    "number of vouchers": ledger.count_waiting_vouchers,
    "channels under way": ledger.channels_under_way,
    "running requests": lambda session: ledger.is_running_since(session, 1.0),
    "batches": ledger.unfinished_batches,
    "what is open": ledger.is_open,
}


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    database = Database(f"sqlite:///{tmp_path}/prover.db")
    upgrade(database)
    with database.reading() as opened:
        yield opened


@pytest.mark.parametrize("name", ASKED)
def test_rows_are_found_by_their_state(session: Session, name: str) -> None:
    asked: list[tuple[str, Any]] = []
    connection = session.connection()
    event.listen(
        connection,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, values, *_: asked.append((statement, values)),
    )
    ASKED[name](session)
    plans = [
        str(row[3])
        for statement, values in list(asked)
        if "pv_job" in statement or "pv_batch" in statement
        for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    ]
    by_rows = [plan for plan in plans if plan.startswith(("SEARCH", "SCAN"))]
    assert by_rows
    assert not [plan for plan in by_rows if plan.startswith("SCAN")], by_rows
    assert not [plan for plan in by_rows if "ix_pv_job_channel_id" in plan], by_rows
