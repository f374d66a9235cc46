"""The database: opening it, transactions, and errors that show no password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session

from indexer.bulk import prepare_postgres
from indexer.errors import (
    DatabaseError,
    NothingIndexedError,
    OldDatabaseError,
    ReadTookTooLongError,
    SettingsError,
)
from indexer.migrations import NEWEST
from indexer.reading import guard_postgres, guard_sqlite, read_only_url, took_too_long

_DIALECTS = ("sqlite", "postgresql")
_VERSION_TABLE = "alembic_version"
_OLD_TABLE = "cursor"
"""Stood in databases before there were versions of the tables."""


class Database:
    """One database. Every transaction sees one state of it from its first statement on."""

    def __init__(self, url: str, read_for_s: float | None = None) -> None:
        """Does not connect yet. With `read_for_s` it can only be read, and no longer than so at a time.

        Raises:
            SettingsError: the URL is unusable, or its driver is not installed.
        """
        self._url = _parse(url)
        self._read_for_s = read_for_s
        self.shown_url = _shown(self._url)
        """The URL without user, password and parameters."""
        self._engine = self._make_engine()
        self._writer = self._engine
        if not self._is_sqlite():
            self._writer = self._engine.execution_options(isolation_level="READ COMMITTED")

    def prepare(self) -> None:
        """Creates what is missing, the file (SQLite) and the tables, and brings older tables up to date.

        Raises:
            DatabaseError: it cannot be opened or written.
            OldDatabaseError: its tables cannot be brought up to date.
        """
        with self._own_errors():
            if self.version() == NEWEST:
                return
            if inspect(self._engine).has_table(_OLD_TABLE):
                raise OldDatabaseError(self.shown_url)
            if self._is_sqlite():
                with self._engine.connect() as connection:
                    connection.connection.execute("PRAGMA journal_mode=WAL")
            from indexer.migrations.upgrade import upgrade  # slow to import, and rarely needed

            with self._engine.begin() as connection:
                upgrade(connection)

    def require_existing(self) -> None:
        """Checks that there is a database, without creating one.

        Raises:
            NothingIndexedError: it has not been made yet.
        """
        if self.file is not None and not self.file.is_file():
            raise NothingIndexedError(self.shown_url)

    def has_tables(self) -> bool:
        """Whether `prepare` has run with this version.

        Raises:
            DatabaseError: it cannot be read.
        """
        return self.version() == NEWEST

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session whose changes are all kept, or none of them when the block raises.

        Raises:
            DatabaseError: the database refuses a statement.
        """
        with self._own_errors(), Session(self._engine) as session, session.begin():
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Like `transaction`, for one that first takes the lock of its deployment.

        In Postgres its statements see what others have committed meanwhile: indexers of other deployments
        write to the same dictionaries.

        Raises:
            DatabaseError: the database refuses a statement.
        """
        with self._own_errors(), Session(self._writer) as session, session.begin():
            yield session

    def version(self) -> str | None:
        """Version of its tables; None when there are none.

        Raises:
            DatabaseError: it cannot be read.
        """
        with self._own_errors():
            if not inspect(self._engine).has_table(_VERSION_TABLE):
                return None
            with self._engine.begin() as connection:
                return connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()  # noqa: S608

    @property
    def file(self) -> Path | None:
        """Its file; None when a server holds it."""
        return Path(self._url.database or "") if self._is_sqlite() else None

    def _is_sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    def _make_engine(self) -> Engine:
        try:
            if not self._is_sqlite():
                engine = create_engine(self._url, isolation_level="REPEATABLE READ")
                event.listen(engine, "connect", lambda connection, _record: prepare_postgres(connection))
                if self._read_for_s is not None:
                    guard_postgres(engine, self._read_for_s)
                return engine
            engine = create_engine(self._url if self._read_for_s is None else read_only_url(self._url))
        except ModuleNotFoundError as error:
            raise SettingsError("database URL", f"its driver {error.name} is not installed") from None
        except NoSuchModuleError:
            raise SettingsError("database URL", f"unknown driver {self._url.drivername}") from None
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        if self._read_for_s is not None:
            guard_sqlite(engine, self._read_for_s)
        return engine

    @contextmanager
    def _own_errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._error(error.orig) from None
        except PoolTimeoutError as error:
            raise self._error(error) from None
        except self._engine.dialect.loaded_dbapi.Error as error:  # of bulk writes, which go below SQLAlchemy
            raise self._error(error) from None

    def _error(self, error: BaseException | None) -> DatabaseError:
        if self._read_for_s is not None and took_too_long(error):
            return ReadTookTooLongError(self.shown_url, self._read_for_s)
        return DatabaseError(self.shown_url, " ".join(str(error).split()) or type(error).__name__)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError(
            "database URL", "is neither sqlite:///FILE nor postgresql+psycopg://..."
        ) from None
    if parsed.get_backend_name() not in _DIALECTS:
        raise SettingsError(
            "database URL", f"{parsed.get_backend_name()} is not one of: {', '.join(_DIALECTS)}"
        )
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise SettingsError("database URL", "names no file; what is indexed must outlive the process")
    return parsed


def shown_url(url: str) -> str:
    """A database's URL without user, password and parameters.

    Raises:
        SettingsError: the URL is unusable.
    """
    return _shown(_parse(url))


def _shown(url: URL) -> str:
    host = url.host or ""
    port = f":{url.port}" if url.port else ""
    return f"{url.drivername}://{host}{port}/{url.database or ''}"


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Leaves transactions to us (the driver would start them late); WAL commits without a disk flush."""
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous=NORMAL")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
