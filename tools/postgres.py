"""Runs a Postgres of its own for tests and benchmarks, and never leaves one behind.

Needs the server's programs, as Debian's package `postgresql` installs them: on PATH, in /usr/lib/postgresql,
or in the folder that VERITALLY_POSTGRES_BIN names. A server of the machine that runs already is left alone.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from veritally.processes import die_with_parent

BIN_VARIABLE = "VERITALLY_POSTGRES_BIN"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
_PLACES = "/usr/lib/postgresql"
_ACCOUNTS = ("postgres", "nobody")
"""As whom the server runs when this is root, which it refuses to be."""


class PostgresError(Exception):
    """No server can be started; the message says what to do."""


def find_programs() -> Path:
    """The folder with `initdb` and `postgres`, of the newest version that is installed.

    Raises:
        PostgresError: there is none.
    """
    named = os.environ.get(BIN_VARIABLE)
    if named is not None:
        candidates = [Path(named)]
    else:
        installed = sorted(Path(_PLACES).glob("*/bin"), key=lambda folder: _version(folder.parent.name))
        on_path = shutil.which("postgres")
        candidates = installed[::-1] + ([Path(on_path).resolve().parent] if on_path else [])
    for folder in candidates:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise PostgresError(
        f"no Postgres server in {named or _PLACES + ' or on PATH'}: install one "
        f"(on Debian: apt-get install postgresql), or name the folder of its programs in {BIN_VARIABLE}"
    )


@contextmanager
def run_postgres(*options: str) -> Iterator[str]:
    """A new, empty server until the context ends; gives the URL of its database.

    It listens on a socket in its own folder only. By default it does not wait for the disk: what it holds is
    gone with the context in any case.

    Args:
        options: Settings of the server as `name=value`, over the defaults.

    Raises:
        PostgresError: no server is installed, or it does not start.
    """
    programs = find_programs()
    account = _account()
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        data = f"{folder}/data"
        _initialise(programs, data, account)
        settings = ["listen_addresses=", f"unix_socket_directories={folder}", "fsync=off", *options]
        command = [str(programs / "postgres"), "-D", data]
        for setting in settings:
            command += ["-c", setting]
        with Path(folder, "log").open("wb") as log:
            server = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, **_as(account)
            )
            try:
                _await_ready(server, programs, folder)
                yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
            finally:
                _stop(server)


def _initialise(programs: Path, data: str, account: pwd.struct_passwd | None) -> None:
    command = [str(programs / "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    command += ["--no-sync", "--locale=C"]
    made = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, **_as(account))
    if made.returncode:
        raise PostgresError(f"initdb failed: {made.stderr.strip()}; check that {programs} is complete")


def _await_ready(server: subprocess.Popen[bytes], programs: Path, folder: str) -> None:
    command = [str(programs / "pg_isready"), "-q", "-h", folder, "-U", "postgres"]
    deadline = time.monotonic() + START_TIMEOUT_S
    while server.poll() is None and time.monotonic() < deadline:
        if subprocess.run(command, check=False).returncode == 0:
            return
        time.sleep(0.05)
    last = Path(folder, "log").read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
    raise PostgresError(f"the server did not start: {' | '.join(last)}; try again when the machine is idle")


def _stop(server: subprocess.Popen[bytes]) -> None:
    """Without waiting for clients; SIGQUIT ends all of the server's processes."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
        server.wait()


def _account() -> pwd.struct_passwd | None:
    """Whom the server runs as; None: as whoever runs this."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in _ACCOUNTS:
        if name in known:
            return known[name]
    raise PostgresError(f"a server does not run as root, and there is no account {' or '.join(_ACCOUNTS)}")


def _as(account: pwd.struct_passwd | None) -> dict[str, Any]:
    """Arguments of `Popen` for a process of this account that ends with this one."""
    options: dict[str, Any] = {"preexec_fn": die_with_parent}
    if account is not None:
        options |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return options


def _version(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.split(".") if part.isdigit())
