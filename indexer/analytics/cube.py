"""The cube: sums per payer and week in a small SQLite database in memory, on which every metric's SQL runs.

The tables and their columns are in sql/cube.sql. The same SQL runs on the exported files with DuckDB, so that
anybody can compute each number again. Parameters are written `$name`, which both understand.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any


class Cube:
    """One deployment's sums. Several threads may ask it; they take turns."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        self._connection.executescript(sql("cube"))

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Adds rows to a table."""
        marks = ", ".join("?" * len(columns))
        with self._lock, self._connection:
            self._connection.executemany(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608
                rows,
            )

    def execute(self, statement: str, parameters: Mapping[str, Any] | Sequence[Any] = ()) -> None:
        """Changes what it holds."""
        with self._lock, self._connection:
            self._connection.execute(statement, parameters)

    def select(self, name: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows that the file `name` of indexer/analytics/sql/ gives."""
        with self._lock:
            return self._connection.execute(sql(name), parameters or {}).fetchall()


@cache
def sql(name: str) -> str:
    """Text of a file in indexer/analytics/sql/."""
    return resources.files("indexer.analytics").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
