"""A scheduler and workers of Dask, started with Dask's own commands."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

DASK = str(Path(sys.executable).with_name("dask"))
PATIENCE_S = 90.0


@dataclass
class Cluster:
    """A scheduler, and the workers that were started for it."""

    folder: Path
    address: str
    options: Sequence[str] = ()
    scheduler: subprocess.Popen[bytes] | None = None
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start_scheduler(self) -> None:
        host, port = self.address.rsplit("/", 1)[1].split(":")
        protocol = self.address.split(":")[0]
        self.scheduler = self._start(
            "scheduler", "--host", host, "--port", port, "--protocol", protocol, "--no-dashboard", "--no-show"
        )
        until(lambda: _listens(host, int(port)))

    def start_worker(self, name: str, memory: str = "1e9", cores: int = 1) -> None:
        self.workers[name] = self._start(
            "worker",
            self.address,
            "--name",
            name,
            "--nthreads",
            str(cores),
            "--no-nanny",
            "--no-dashboard",
            "--memory-limit",
            "0",
            "--resources",
            f"memory={memory} cores={cores}",
            "--local-directory",
            str(self.folder / name),
            cache=self.cache(name),
        )

    def cache(self, name: str) -> Path:
        """Where a worker keeps the files of circuits."""
        return self.folder / f"{name}-cache"

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()

    def close(self) -> None:
        for process in (self.scheduler, *self.workers.values()):
            if process is not None:
                self.kill(process)

    def _start(self, *arguments: str, cache: Path | None = None) -> subprocess.Popen[bytes]:
        root = str(Path(__file__).parents[2])
        environment = {**os.environ, "PYTHONPATH": root, "VERITALLY_WORKER_CACHE": str(cache)}
        log = (self.folder / f"{arguments[0]}.log").open("ab")
        with log:
            return subprocess.Popen(
                [DASK, *arguments, *self.options], env=environment, stdout=log, stderr=log, cwd=self.folder
            )


@contextmanager
def run_cluster(
    folder: Path, *workers: str, protocol: str = "tcp", options: Sequence[str] = ()
) -> Iterator[Cluster]:
    """A cluster on a free port, with workers of one core each."""
    cluster = Cluster(folder, f"{protocol}://127.0.0.1:{_free_port()}", options)
    try:
        cluster.start_scheduler()
        for name in workers:
            cluster.start_worker(name)
        yield cluster
    finally:
        cluster.close()


def until(condition: Callable[[], object]) -> None:
    """Waits for something that happens elsewhere."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def provers_of(process: subprocess.Popen[bytes]) -> list[int]:
    """The processes of a worker that prove now."""
    found = Path(f"/proc/{process.pid}/task").glob("*/children")
    children = [int(number) for file in found for number in file.read_text(encoding="ascii").split()]
    return [number for number in children if "ezkl_child" in _command(number)]


def _command(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0
