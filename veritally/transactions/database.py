"""The database of the transaction manager: opening it, transactions, and errors that show no password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlmodel import Session, SQLModel

from veritally.transactions.errors import DatabaseError, SettingError
from veritally.transactions.tables import TABLES

_DIALECTS = ("sqlite", "postgresql")
_BUSY_TIMEOUT_S = 30.0
_WRITES = "veritally_writes"
_NOW = {
    "sqlite": text("SELECT (julianday('now') - 2440587.5) * 86400.0"),
    "postgresql": text("SELECT CAST(extract(epoch FROM clock_timestamp()) AS double precision)"),
}


class Database:
    """One database, SQLite or Postgres. May be used by several threads and processes."""

    def __init__(self, url: str) -> None:
        """Does not connect yet. `url` is sqlite:///FILE or postgresql+psycopg://...

        Raises:
            SettingError: the URL is unusable, or its driver is not installed.
        """
        self._url = _parse(url)
        self.shown_url = f"{self._url.drivername}://{self._url.host or ''}/{self._url.database or ''}"
        """The URL without user, password and parameters."""
        self._engine = self._make_engine()
        self._writing = self._engine.execution_options(**{_WRITES: True})

    def prepare(self) -> None:
        """Creates the tables that are missing. Where migrations make them, do not call it.

        Raises:
            DatabaseError: it cannot be opened or written.
        """
        with self._own_errors():
            SQLModel.metadata.create_all(self._engine, tables=TABLES)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that may write: all its changes are kept, or none of them when the block raises.

        On SQLite there is one such session at a time.

        Raises:
            DatabaseError: the database refuses a statement.
        """
        # What was read is not used after the end: nothing needs to be marked as old then.
        session = Session(self._writing, expire_on_commit=False)
        with self._own_errors(), session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads.

        Raises:
            DatabaseError: the database refuses a statement.
        """
        with self._own_errors(), Session(self._engine) as session:
            yield session

    def now_s(self, session: Session) -> float:
        """Unix time by the database's clock, which all processes share."""
        return float(session.connection().execute(_NOW[self._url.get_backend_name()]).scalar_one())

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()

    def _make_engine(self) -> Engine:
        try:
            if self._url.get_backend_name() == "postgresql":
                return create_engine(self._url, isolation_level="READ COMMITTED", pool_pre_ping=True)
            engine = create_engine(self._url, connect_args={"timeout": _BUSY_TIMEOUT_S})
        except ModuleNotFoundError as error:
            raise SettingError("database URL", f"its driver {error.name} is not installed") from None
        except NoSuchModuleError:
            raise SettingError("database URL", f"unknown driver {self._url.drivername}") from None
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def _own_errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            problem = " ".join(str(error.orig).split()) or type(error).__name__
            raise DatabaseError(self.shown_url, problem) from None


def _parse(url: str) -> URL:
    rule = "is neither sqlite:///FILE nor postgresql+psycopg://..."
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingError("database URL", rule) from None
    if parsed.get_backend_name() not in _DIALECTS:
        raise SettingError("database URL", rule)
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise SettingError("database URL", "names no file; what is signed must outlive the process")
    return parsed


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Leaves transactions to us. What is committed is on the disk: signed bytes must survive a power cut."""
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: Connection) -> None:
    """A transaction that will write takes its lock at once: one that reads first could not get it later."""
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
