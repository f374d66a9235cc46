"""Indexes a recorded chain and reads what was stored."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from indexer_chain import RecordedChain

from indexer.database import Database
from indexer.rpc import JsonRpc
from indexer.sync import Indexer

AUDITS = ("audit", "incident", "verification")


def indexer_of(chain: RecordedChain, rpc: JsonRpc, path: Path, blocks_per_request: int = 1000) -> Indexer:
    indexer = Indexer(rpc, Database(f"sqlite:///{path}"), chain.deployment, blocks_per_request)
    indexer.open()
    return indexer


def contents(path: Path) -> dict[str, list[Any]]:
    """All rows of all tables, without what was written down about them."""
    with sqlite3.connect(path) as database:
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        tables = [name for (name,) in names if name not in AUDITS]
        return {name: sorted(database.execute(f"SELECT * FROM {name}"), key=repr) for name in tables}


def count(path: Path, table: str) -> int:
    return len(contents(path)[table])
