"""Connections that can only read, and not for long: no reader changes a database, or holds it up."""

from __future__ import annotations

import sqlite3
import time
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, event

_STEPS_BETWEEN_LOOKS = 20_000
"""Instructions of SQLite between two looks at the clock: a few of them per millisecond of work."""
_POSTGRES_TIMEOUT = "57014"


def read_only_url(url: URL) -> URL:
    """The URL of a SQLite file that is opened for reading. The file must exist."""
    return url.set(database=f"file:{quote(url.database or '')}").update_query_dict(
        {"mode": "ro", "uri": "true"}
    )


def guard_sqlite(engine: Engine, read_for_s: float) -> None:
    """Refuses changes, and ends transactions that take longer."""

    def connect(connection: Any, record: Any) -> None:
        connection.execute("PRAGMA query_only=ON")
        connection.set_progress_handler(
            lambda: time.monotonic() > record.info.get("until_s", 0.0), _STEPS_BETWEEN_LOOKS
        )

    def begin(connection: Connection) -> None:
        connection.info["until_s"] = time.monotonic() + read_for_s

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin, insert=True)


def guard_postgres(engine: Engine, read_for_s: float) -> None:
    """Refuses changes, and ends statements that take longer, and transactions that nobody goes on with."""
    limit_ms = max(1, round(read_for_s * 1_000))

    def connect(connection: Any, _record: Any) -> None:
        connection.execute("SET default_transaction_read_only = on")
        connection.execute(f"SET statement_timeout = {limit_ms}")
        connection.execute(f"SET idle_in_transaction_session_timeout = {limit_ms}")
        connection.commit()

    event.listen(engine, "connect", connect)


def took_too_long(error: BaseException | None) -> bool:
    """Whether a guard ended what raised this error of a driver."""
    if isinstance(error, sqlite3.OperationalError):
        return error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT
    return getattr(error, "sqlstate", None) == _POSTGRES_TIMEOUT
