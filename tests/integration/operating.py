"""A prover service in a process of its own, as an operator runs it, and the operator's commands."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from typer.testing import CliRunner

from prover.cli import app
from veritally.errors import CommandError

START_TIMEOUT_S = 500.0
PROGRAM = [sys.executable, "-c", "from prover.cli import main; main()"]


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Operated:
    """A running service and what it was set to."""

    process: subprocess.Popen[str]
    url: str
    health_url: str
    environment: Mapping[str, str]
    state_dir: Path
    log: Path

    def command(self, *arguments: str) -> Ended:
        """Runs a command of the operator, with the same settings."""
        return run_command(self.environment, *arguments)

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self.command("status", "--json").stdout))

    def metrics(self) -> str:
        return httpx.get(f"{self.health_url}/metrics").text

    def ready(self) -> httpx.Response:
        return httpx.get(f"{self.health_url}/readyz")

    def said(self) -> str:
        """Everything that it has written."""
        return self.log.read_text(encoding="utf-8")


def run_command(environment: Mapping[str, str], *arguments: str, typed: str = "") -> Ended:
    """Runs a command in this process, which spares the time to load the program."""
    result = CliRunner().invoke(app, arguments, input=typed, env={**environment, "COLUMNS": "200"})
    if isinstance(result.exception, CommandError):
        return Ended(result.exception.exit_code, result.stdout, f"{result.stderr}{result.exception}")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return Ended(result.exit_code, result.stdout, result.stderr)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def operated(environment: Mapping[str, str], folder: Path) -> Iterator[Operated]:
    """Serves until the context ends. `folder` is the state folder."""
    port, health_port = free_port(), free_port()
    settings = {
        **environment,
        "VERITALLY_PROVER_PORT": str(port),
        "VERITALLY_PROVER_METRICS_PORT": str(health_port),
        "VERITALLY_PROVER_LOG_FORMAT": "json",
        "VERITALLY_PROVER_LOG_LEVEL": "debug",
    }
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*PROGRAM, "serve"], env={**os.environ, **settings}, stdout=output, stderr=output, text=True
        )
    service = Operated(
        process, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{health_port}", settings, folder, log
    )
    try:
        await_that(lambda: _answers(service), f"the service is up; {log} has what it said")
        yield service
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()


def await_that(is_so: Callable[[], bool], what: str, timeout_s: float = START_TIMEOUT_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, f"not so in time: {what}"
        time.sleep(0.1)


def _answers(service: Operated) -> bool:
    assert service.process.poll() is None, service.said()
    try:
        return httpx.get(f"{service.health_url}/healthz").status_code == 200
    except httpx.TransportError:
        return False
