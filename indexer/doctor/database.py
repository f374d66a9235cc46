"""Looks at the database."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from sqlalchemy import text

from indexer.database import Database
from indexer.doctor.finding import Finding
from indexer.errors import DatabaseError, SettingsError
from indexer.migrations import NEWEST

_LEAST_FREE_BYTES = 1_000_000_000
_BYTES_PER_EVENT = 180
"""In SQLite, as `make bench-indexer` measures it."""
_OLDEST_POSTGRES = 150_000


def look_at_database(url: str) -> list[Finding]:
    """What is to be said about the database. Nothing in it is changed."""
    try:
        database = Database(url)
    except SettingsError as error:
        fix = "set VERITALLY_INDEXER_DATABASE_URL to sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME"
        return [Finding("database", "URL", str(error), fix)]
    name = f"database {database.shown_url}"
    file = database.file
    findings = [] if file is None else [_space(name, file)]
    if file is not None and not file.exists():
        return [_folder(name, file), *findings]
    try:
        return [_version(name, database), _writable(name, database), _engine(name, database), *findings]
    except DatabaseError as error:
        fix = "name a file of this program" if file else "start the server; check user, password and database"
        return [Finding.of_error(name, "reachable", error, fix), *findings]


def _folder(name: str, file: Path) -> Finding:
    if file.parent.is_dir() and os.access(file.parent, os.W_OK):
        return Finding(name, "file", "does not exist yet; it can be made")
    return Finding(name, "file", "cannot be made", f"make a folder {file.parent} that can be written")


def _space(name: str, file: Path) -> Finding:
    folder = next(folder for folder in file.absolute().parents if folder.is_dir())
    free = shutil.disk_usage(folder).free
    detail = f"{free / 1e9:.1f} GB free, enough for about {free // _BYTES_PER_EVENT // 10**6} million events"
    return Finding(name, "disk", detail, "free some" if free < _LEAST_FREE_BYTES else "")


def _version(name: str, database: Database) -> Finding:
    found = database.version()
    if found is None:
        return Finding(name, "tables", "there are none yet; `sync` and `run` make them")
    if found > NEWEST:
        detail = f"are of version {found}, this program knows {NEWEST}"
        return Finding(name, "tables", detail, "use the newer version of this program")
    later = "" if found == NEWEST else f"; `sync` and `run` bring them to {NEWEST}"
    return Finding(name, "tables", f"are of version {found}{later}")


def _writable(name: str, database: Database) -> Finding:
    """Makes a table and takes it back in the same transaction."""
    try:
        with database.transaction() as session:
            session.connection().execute(text("CREATE TABLE doctor_probe (number INTEGER)"))
            session.rollback()
    except DatabaseError as error:
        fix = "let the indexer's user make tables and write, and end whatever locks the database"
        return Finding.of_error(name, "writable", error, fix)
    return Finding(name, "writable", "yes")


def _engine(name: str, database: Database) -> Finding:
    with database.transaction() as session:
        connection = session.connection()
        if database.file is not None:
            mode = connection.execute(text("PRAGMA journal_mode")).scalar_one()
            fix = f'sqlite3 {database.file} "PRAGMA journal_mode=WAL"' if mode != "wal" else ""
            return Finding(name, "engine", f"SQLite, journal mode {mode}, synchronous NORMAL", fix)
        number = int(connection.execute(text("SHOW server_version_num")).scalar_one())
        commit = connection.execute(text("SHOW synchronous_commit")).scalar_one()
        fix = "use Postgres 15 or newer" if number < _OLDEST_POSTGRES else ""
        return Finding(name, "engine", f"Postgres {number // 10_000}, synchronous_commit {commit}", fix)
