"""Checks of what is on this machine: key files, state folder, database, disk, ports, packages."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from prover.errors import SettingError
from prover.migrations import NEWEST, VERSION_TABLE
from prover.offering import load_packages
from prover.operations.check import Check
from prover.operations.errors import ServiceNotRunningError
from prover.operations.serving import bind_tcp
from prover.operations.state_folder import ask_service
from prover.settings import ProverSettings
from prover.zkml.archive import package_folder
from prover.zkml.built_package import MANIFEST, BuiltPackage
from veritally.transactions import Database

LEAST_FREE_BYTES = 2 << 30
_OWNER_ONLY = 0o600


def key_files(settings: ProverSettings) -> Iterator[Check]:
    """The files of the key are there and nobody else may read them."""
    files = (settings.keystore_file, settings.keystore_password_file, settings.raw_key_file)
    for path in files:
        if path is not None:
            yield _key_file(path)
    if settings.keystore_file is None and settings.raw_key_file is None:
        fix = "run `veritally-prover init --new-key`, or set VERITALLY_PROVER_KEYSTORE_FILE"
        yield Check("key", False, "no key is set", fix)


def state(settings: ProverSettings) -> Iterator[Check]:
    """The state folder can be used, or made."""
    folder = settings.state_dir.absolute()
    if not folder.exists():
        parent = next(path for path in folder.parents if path.exists())
        ok = os.access(parent, os.W_OK)
        yield Check("state folder", ok, f"{folder} is made at the start", "" if ok else f"make it: {parent}")
        return
    mode = stat.S_IMODE(folder.stat().st_mode)
    private = not mode & 0o077 and os.access(folder, os.W_OK)
    fix = "" if private else f"run `chmod 700 {folder}` as its owner"
    yield Check("state folder", private, f"{folder} with mode {mode:04o}", fix)


def database(settings: ProverSettings) -> Iterator[Check]:
    """The database answers, has the right tables, and can be written."""
    if settings.database_url is None and not (settings.state_dir / "prover.db").exists():
        yield Check("database", True, "prover.db is made at the start")
        return
    found = Database(settings.database)
    try:
        with found.transaction() as session:
            current = _schema_version(session.connection())
    finally:
        found.close()
    fix = "" if current in (None, NEWEST) else "use the version of this program that wrote it, or a newer one"
    shown = "has no tables yet" if current is None else f"has tables of version {current}, wanted {NEWEST}"
    yield Check("database", not fix, f"{found.shown_url} {shown}", fix)


def disk(settings: ProverSettings) -> Iterator[Check]:
    """There is room for circuits and for the database."""
    for name, folder in (("cache", settings.cache_dir), ("state", settings.state_dir)):
        there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
        free = shutil.disk_usage(there).free
        fix = "" if free >= LEAST_FREE_BYTES else f"free {LEAST_FREE_BYTES >> 30} GiB, or set {name}_dir"
        yield Check(f"disk for {name}", not fix, f"{free / (1 << 30):.1f} GiB free at {there}", fix)


def ports(settings: ProverSettings) -> Iterator[Check]:
    """The ports are free, or this service has them."""
    try:
        ask_service(settings.state_dir, "GET", "/status")
    except ServiceNotRunningError:
        pass
    else:
        yield Check("ports", True, "the service is running")
        return
    wanted = [("port", settings.host, settings.port)]
    if settings.metrics_port is not None:
        wanted.append(("metrics_port", settings.metrics_host, settings.metrics_port))
    for name, host, port in wanted:
        try:
            bind_tcp(host, port, name).close()
        except SettingError as error:
            yield Check(name, False, str(error), "end the other program, or set another port")
        else:
            yield Check(name, True, f"{host}:{port} is free")


def ezkl(settings: ProverSettings) -> Iterator[Check]:
    """ezkl is of the version with which the packages were built."""
    installed = version("ezkl")
    for path in settings.models:
        with package_folder(path) as folder:
            if not (folder / MANIFEST).is_file():
                continue
            built = str(BuiltPackage.load(folder).manifest["ezkl"])
        fix = "" if built == installed else f"install ezkl {built}, or build the package again"
        yield Check("ezkl", not fix, f"{installed}; {path.name} was built with {built}", fix)


def models(settings: ProverSettings) -> Iterator[Check]:
    """The model packages can be used."""
    for package in load_packages(settings):
        yield Check("model", True, f"{package.name} {package.version}")


def _key_file(path: Path) -> Check:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        return Check("key file", False, f"{path} cannot be read ({error.strerror})", "name another file")
    # What systemd and containers hand over may be read by more users, but is on no disk.
    handed_over = str(path).startswith(("/run/credentials/", "/run/secrets/"))
    ok = mode == _OWNER_ONLY or mode == 0o400 or handed_over
    return Check("key file", ok, f"{path} with mode {mode:04o}", "" if ok else f"run `chmod 600 {path}`")


def _schema_version(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()
