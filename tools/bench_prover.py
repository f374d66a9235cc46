"""Measures the prover service beside the official facilitator: prints one `name value` per line.

All serve the same model on the same chain with 1-second blocks, one after the other, in processes of their
own; each ends before the next one starts, so that what is left of its load burdens nobody else. `official`
is x402's facilitator in the process that serves, as its documentation shows it, which waits for the chain
in the event loop; `official_threads` waits in threads, with a few lines that are not in the documentation.
The clients are the official ones, in this process; what they burn is not counted. Vouchers are paid to a
service that has just been started.

A measurement is named by who serves, the scheme, how many clients pay at the same time, and whether they sign
in the loop (`signing`) or signed before (`signed`). A request that is not answered in twice the time of the
measurement is given up; it and one whose connection broke count with the time that they had waited.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from bench_load import Load, Pay, closed_loop, paced, signed_before, signing_clients
from eth_account import Account
from eth_account.signers.local import LocalAccount
from hexbytes import HexBytes

from prover.settings import MODELS_DIRECTORY
from veritally.devnet import Devnet, start_devnet
from veritally.devnet.anvil import call_node
from veritally.processes import die_with_parent

ROOT = Path(__file__).resolve().parent.parent
START_TIMEOUT_S = 240.0
STOP_TIMEOUT_S = 20.0
RAMP_S = 3.0
WINDOW_S = 20.0
BATCH_WINDOW_S = "0.25"
VOUCHER_CLIENTS = 50
VOUCHER_ROUNDS = 20
PAID_BEFORE = 40
"""Payments that each client signs before a measurement: more than it can send in the time."""
GOAL_P95_S = 2.5
"""Within which 95 of 100 answers shall be there, on a chain with one block a second."""
OURS, OFFICIAL, THREADS = "veritally", "official", "official_threads"
_AT_FULL_SPEED = "full_speed"
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A service in a process of its own."""

    name: str
    base_url: str
    pid: int

    def url(self, scheme: str) -> str:
        """Where an inference is paid for; ours offers all schemes at one path."""
        return self.base_url + (_OUR_PATH if self.name == OURS else f"/{scheme}")


@dataclass(frozen=True)
class Row:
    """One measurement."""

    server: Server
    scheme: str
    clients: int
    signing: bool
    load: Load
    cpu_s: float
    gas: float

    @property
    def name(self) -> str:
        """Beginning of the names of its figures."""
        how = "signing" if self.signing else "signed"
        return f"{self.server.name}_{self.scheme.replace('-', '_')}_{self.clients}_{how}"

    def figures(self) -> Iterator[tuple[str, float]]:
        """All that is printed of it."""
        yield f"{self.name}_requests_per_second", self.load.per_second
        for percent in (50, 95, 99):
            yield f"{self.name}_p{percent}_s", self.load.percentile_s(percent)
        answered = sum(sample.answered for sample in self.load.samples)
        yield f"{self.name}_cpu_s_per_request", self.cpu_s / max(1, answered)
        if self.gas:
            yield f"{self.name}_gas_per_inference", self.gas


Start = Callable[[Devnet, Path], AbstractContextManager[Server]]
_OUR_PATH = "/v1/signed/models/iris/infer"


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, nargs="+", default=[20, 50, 100, 200])
    parser.add_argument("--window-s", type=float, default=WINDOW_S)
    parser.add_argument("--only", choices=(OFFICIAL, THREADS, OURS, "voucher"), help="leave out the rest")
    arguments = parser.parse_args()
    with start_devnet() as devnet, tempfile.TemporaryDirectory() as folder:
        payers = _payers(devnet, max(*arguments.clients, VOUCHER_CLIENTS))
        call_node(devnet.chain, "evm_setAutomine", False)
        call_node(devnet.chain, "evm_setIntervalMining", 1)
        _measure(devnet, payers, Path(folder), arguments)


def _measure(
    devnet: Devnet, payers: Sequence[LocalAccount], folder: Path, chosen: argparse.Namespace
) -> None:
    rows: list[Row] = []
    for name, start in _STARTS.items():
        if chosen.only in (None, name):
            with start(devnet, folder) as server:
                rows += _rows(devnet, payers, server, chosen)
    if chosen.only in (None, "voucher"):
        with _ours(devnet, folder) as server:
            _print(_vouchers(payers[:VOUCHER_CLIENTS], server, chosen.window_s))
    _print(_summary(rows))


def _rows(
    devnet: Devnet, payers: Sequence[LocalAccount], server: Server, chosen: argparse.Namespace
) -> Iterator[Row]:
    """One service under all loads, each of which is printed when it is over."""
    for scheme in ("upto", "exact"):
        for clients, signing in itertools.product(chosen.clients, (True, False)):
            row = _row(devnet, payers[:clients], server, scheme, signing, chosen.window_s)
            _print(row.figures())
            yield row


def _row(
    devnet: Devnet,
    payers: Sequence[LocalAccount],
    server: Server,
    scheme: str,
    signing: bool,
    window_s: float,
) -> Row:
    async def run() -> tuple[Load, float]:
        async with AsyncExitStack() as stack:
            pays = await _clients(stack, payers, server.url(scheme), scheme, signing)
            before_s = _cpu_s(server.pid)
            load = await closed_loop(pays, RAMP_S, window_s)
            return load, _cpu_s(server.pid) - before_s

    load, cpu_s = asyncio.run(run())
    return Row(server, scheme, len(payers), signing, load, cpu_s, _gas(devnet, load))


async def _clients(
    stack: AsyncExitStack, payers: Sequence[LocalAccount], url: str, scheme: str, signing: bool
) -> list[Pay]:
    if signing:
        return await signing_clients(stack, payers, url, scheme)
    return await signed_before(stack, payers, url, scheme, PAID_BEFORE)


def _vouchers(payers: Sequence[LocalAccount], ours: Server, window_s: float) -> Iterator[tuple[str, float]]:
    """Clients that pay once a second out of their channels, and then as fast as they can."""

    async def run() -> tuple[Load, Load, float]:
        async with AsyncExitStack() as stack:
            url = ours.url("batch-settlement")
            pays = await signing_clients(stack, payers, url, "batch-settlement")
            steady = await paced(pays, 1.0, VOUCHER_ROUNDS)
            before_s = _cpu_s(ours.pid)
            full = await closed_loop(pays, RAMP_S, window_s)
            return steady, full, (_cpu_s(ours.pid) - before_s) / len(full.samples)

    steady, full, cpu_s = asyncio.run(run())
    for percent in (50, 95, 99):
        yield f"voucher_p{percent}_ms", 1_000 * steady.percentile_s(percent)
    yield "voucher_paced_requests_per_second", steady.per_second
    yield "voucher_full_speed_requests_per_second", full.per_second
    yield "voucher_full_speed_p50_ms", 1_000 * full.percentile_s(50)
    yield "voucher_cpu_s_per_request", cpu_s


def _summary(rows: Sequence[Row]) -> Iterator[tuple[str, float]]:
    """The best of each over the scheme `upto`, signing included, and how ours compares.

    Ours is the best of those measurements in which it answered fast enough; the others' is their best.
    """
    best: dict[str, Load] = {}
    for row in rows:
        if row.scheme != "upto" or not row.signing:
            continue
        names = [row.server.name] if row.server.name != OURS else [_AT_FULL_SPEED]
        if row.server.name == OURS and row.load.percentile_s(95) <= GOAL_P95_S:
            names.append(OURS)
        for name in names:
            best[name] = max(best.get(name, row.load), row.load, key=lambda load: load.per_second)
    if ours := best.get(OURS):
        yield "requests_per_second", ours.per_second
        yield "p95_s", ours.percentile_s(95)
        for name, label in ((OFFICIAL, "ratio"), (THREADS, "ratio_to_threads")):
            if name in best:
                yield f"{label}_requests_per_second", ours.per_second / best[name].per_second
    if fastest := best.get(_AT_FULL_SPEED):
        yield f"{_AT_FULL_SPEED}_requests_per_second", fastest.per_second
        yield f"{_AT_FULL_SPEED}_p95_s", fastest.percentile_s(95)


def _print(figures: Iterator[tuple[str, float]]) -> None:
    for name, value in figures:
        print(f"{name} {value:.0f}" if value >= 1_000 else f"{name} {value:.3g}", flush=True)


def _gas(devnet: Devnet, load: Load) -> float:
    """Of all transactions that settled the answered requests, for each of them."""
    settled = [sample.transaction for sample in load.samples if sample.transaction]
    ask = devnet.chain.w3.eth.get_transaction_receipt
    gas = sum(int(ask(HexBytes(transaction))["gasUsed"]) for transaction in set(settled))
    return gas / len(settled) if settled else 0.0


def _payers(devnet: Devnet, count: int) -> list[LocalAccount]:
    """Accounts of their own with dollars, each of which has approved Permit2."""
    payers = [Account.from_key(int.to_bytes(2**128 + index, 32, "big")) for index in range(count)]
    for payer in payers:
        devnet.fund_usdc(payer.address, 100_000_000)
        devnet.approve_permit2(payer)
    return payers


@contextmanager
def _official(devnet: Devnet, folder: Path, name: str = OFFICIAL) -> Iterator[Server]:
    devnet.accounts.write_key_files(folder)
    # Keys of their own: two services with one key would take each other's transaction numbers.
    key, way = ("relayer", "loop") if name == OFFICIAL else ("guardian", "threads")
    port, script = _free_port(), str(Path(__file__).with_name("bench_official.py"))
    pay_to, model = devnet.accounts.deployer.address, str(MODELS_DIRECTORY / "iris")
    arguments = [str(port), devnet.rpc_url, str(folder / f"{key}.key"), pay_to, model, way]
    with _running(name, [sys.executable, script, *arguments], {}, port, "/openapi.json") as server:
        yield server


def _official_threads(devnet: Devnet, folder: Path) -> AbstractContextManager[Server]:
    return _official(devnet, folder, THREADS)


@contextmanager
def _ours(devnet: Devnet, folder: Path) -> Iterator[Server]:
    devnet.deployment.save(folder / "deployment.json")
    devnet.accounts.write_key_files(folder)
    port, state = _free_port(), tempfile.mkdtemp(dir=folder)
    settings = {
        "RPC_URL": devnet.rpc_url,
        "DEPLOYMENT": str(folder / "deployment.json"),
        "RAW_KEY_FILE": str(folder / "prover.key"),
        "CACHE_DIR": str(ROOT / ".cache" / "veritally"),
        "STATE_DIR": state,
        "PORT": str(port),
        "BATCH_WINDOW_S": BATCH_WINDOW_S,
        "BATCH_MAX_AGE_S": "1",
        "LOG_LEVEL": "warning",
    }
    environment = {f"VERITALLY_PROVER_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-c", "from prover.cli import main; main()", "serve"]
    with _running(OURS, command, environment, port, "/healthz") as server:
        yield server


_STARTS: Mapping[str, Start] = {OFFICIAL: _official, THREADS: _official_threads, OURS: _ours}


@contextmanager
def _running(
    name: str, command: Sequence[str], environment: dict[str, str], port: int, ready: str
) -> Iterator[Server]:
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdout=log,
            stderr=log,
            preexec_fn=die_with_parent,
        )
        try:
            _await_ready(f"http://127.0.0.1:{port}{ready}", process, log.fileno())
            yield Server(name, f"http://127.0.0.1:{port}", process.pid)
        finally:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _await_ready(url: str, process: subprocess.Popen[bytes], log: int) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline_s and process.poll() is None:
        try:
            if httpx.get(url, timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit(f"{url} is not ready:\n{os.pread(log, 1 << 20, 0).decode()[-3000:]}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _cpu_s(pid: int) -> float:
    """CPU seconds of a process and of its children, the ended ones among them."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    return (
        _ticks(pid, (11, 12, 13, 14)) + sum(_ticks(int(child), (11, 12)) for child in children)
    ) / _TICKS_PER_S


def _ticks(pid: int, fields: Sequence[int]) -> int:
    values = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return sum(int(values[field]) for field in fields)


if __name__ == "__main__":
    main()
