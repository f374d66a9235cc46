"""The whole path on a local chain: pay for three tiers, settle them in one transaction, index, count.

Everything is the real thing but three parts, which say so: a software root vouches for the enclave key, the
SRS of the proof is a development one, and the x402 proxy is a stand-in with the same interface.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
from eth_account.signers.local import LocalAccount
from x402 import x402Client
from x402.http.clients import x402HttpxClient
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.mechanisms.evm.upto.client import UptoEvmScheme

from veritally.devnet.network import Devnet, start_devnet
from veritally.errors import VeritallyError
from veritally.processes import die_with_parent
from veritally.tiers import SETTLED_TIERS

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
FLOWER_CM = (5.1, 3.5, 1.4, 0.2)
START_TIMEOUT_S = 240.0
ANSWER_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 10.0


class DemoFailedError(Exception):
    """A step did not do what it should; the message says which."""


@dataclass(frozen=True)
class Answer:
    """What the prover answered to one paid request."""

    tier: str
    seconds: float
    body: dict[str, Any]


def main() -> int:
    """Runs the demo; the exit code is 0 only when the last line was printed."""
    signal.signal(signal.SIGTERM, _interrupt)
    started_at_s = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="veritally-demo-") as folder:
            line = _run(Path(folder))
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    except (DemoFailedError, VeritallyError) as error:
        print(f"\nDEMO FAILED: {error}", file=sys.stderr)
        return 1
    print(f"\n{time.monotonic() - started_at_s:.0f} s in all")
    print(line)
    return 0


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(folder: Path) -> str:
    _step(1, "A local chain with Circle's USDC, Permit2, an x402 proxy and the contracts of Veritally")
    with start_devnet(progress=_detail) as devnet:
        _detail(f"Settlement {devnet.deployment.settlement} on chain {devnet.deployment.chain_id}")
        _step(2, "The prover registers the model iris, sets up its circuit on first use, opens its x402 door")
        with _prover(devnet, folder) as url:
            payer = devnet.accounts.payers[0]
            balance_base_units = devnet.usdc_balance_base_units(payer.address)
            _step(3, "The official x402 client pays for three inferences, one at each tier, at the same time")
            answers = asyncio.run(_pay_for_all_tiers(url, payer))
            _show_answers(answers)
            paid_base_units = balance_base_units - devnet.usdc_balance_base_units(payer.address)
        _step(4, "What the chain says")
        transaction = _only_transaction(answers)
        gas = _show_chain(devnet, transaction, paid_base_units)
        _step(5, "The indexer reads the events and compares its counts with the contract's counters")
        report = _index(devnet, folder)
    return _last_line(report, transaction, gas)


def _step(number: int, title: str) -> None:
    print(f"\n[{number}/5] {title}", flush=True)


def _detail(text: str) -> None:
    print(f"      {text}", flush=True)


@contextlib.contextmanager
def _prover(devnet: Devnet, folder: Path) -> Iterator[str]:
    """A prover service in a process of its own, as an operator would run it."""
    devnet.deployment.save(folder / "deployment.json")
    devnet.accounts.write_key_files(folder)
    port = _free_port()
    environment = {
        **os.environ,
        "VERITALLY_PROVER_RPC_URL": devnet.rpc_url,
        "VERITALLY_PROVER_DEPLOYMENT": str(folder / "deployment.json"),
        "VERITALLY_PROVER_RAW_KEY_FILE": str(folder / "prover.key"),
        "VERITALLY_PROVER_ENCLAVE_DRIVER": "software",
        "VERITALLY_PROVER_STATE_DIR": str(folder / "state"),
        "VERITALLY_PROVER_CACHE_DIR": str(ROOT / ".cache" / "veritally"),
        "VERITALLY_PROVER_PORT": str(port),
        "VERITALLY_PROVER_BATCH_MAX_AGE_S": "120",  # wait for the proof: one transaction for all tiers
        "PYTHONUNBUFFERED": "1",
    }
    process = subprocess.Popen(
        [BIN / "veritally-prover", "serve"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # Ctrl-C reaches it through us, in order
        preexec_fn=die_with_parent,
    )
    forward = threading.Thread(target=_forward, args=(process,), daemon=True)
    forward.start()
    try:
        _await_healthy(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        _stop(process)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _forward(process: subprocess.Popen[str]) -> None:
    """Shows what the prover says."""
    assert process.stdout is not None
    for line in process.stdout:
        _detail(line.rstrip())


def _await_healthy(url: str, process: subprocess.Popen[str]) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline_s:
        if process.poll() is not None:
            raise DemoFailedError(f"the prover ended with code {process.returncode}; its words are above")
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/healthz", timeout=5).status_code == 200:
                return
        time.sleep(0.1)
    raise DemoFailedError(f"the prover was not ready after {START_TIMEOUT_S:.0f} s; its words are above")


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


async def _pay_for_all_tiers(url: str, payer: LocalAccount) -> list[Answer]:
    client = x402Client()
    client.register("eip155:*", UptoEvmScheme(EthAccountSigner(payer)))
    async with x402HttpxClient(client, timeout=ANSWER_TIMEOUT_S) as http:
        return await asyncio.gather(*(_pay(http, url, tier.label) for tier in SETTLED_TIERS))


async def _pay(http: httpx.AsyncClient, url: str, tier: str) -> Answer:
    started_at_s = time.monotonic()
    response = await http.post(f"{url}/v1/{tier}/models/iris/infer", json={"input": list(FLOWER_CM)})
    if response.status_code != 200:
        raise DemoFailedError(f"tier {tier}: status {response.status_code}: {response.text[:300]}")
    return Answer(tier, time.monotonic() - started_at_s, response.json())


def _show_answers(answers: list[Answer]) -> None:
    for answer in answers:
        receipt, settlement = answer.body["receipt"], answer.body["settlement"]
        _detail(
            f"{answer.tier:<6}  {answer.body['label']:<11} ${int(receipt['amount']) / 10**6:.3f}"
            f"  receipt {receipt['hash'][:14]}…  seq {settlement['seq']}  {answer.seconds:.1f} s"
        )


def _only_transaction(answers: list[Answer]) -> str:
    transactions = {answer.body["settlement"]["transaction"] for answer in answers}
    if len(transactions) != 1:
        raise DemoFailedError(f"the inferences settled in {len(transactions)} transactions, not in one")
    return str(transactions.pop())


def _show_chain(devnet: Devnet, transaction: str, paid_base_units: int) -> int:
    receipt = devnet.chain.w3.eth.get_transaction_receipt(transaction)  # type: ignore[arg-type]
    held = devnet.usdc_balance_base_units(devnet.deployment.settlement)
    _detail(f"one transaction {transaction}")
    ours = [log for log in receipt["logs"] if log["address"] == devnet.deployment.settlement]
    _detail(f"{receipt['gasUsed']:,} gas, {len(receipt['logs'])} events, {len(ours)} of them Settlement's")
    _detail(f"the payer paid ${paid_base_units / 10**6:.3f}; Settlement holds ${held / 10**6:.3f}")
    return int(receipt["gasUsed"])


def _index(devnet: Devnet, folder: Path) -> dict[str, Any]:
    environment = {
        **os.environ,
        "VERITALLY_INDEXER_RPC_URLS": devnet.rpc_url,
        "VERITALLY_INDEXER_DEPLOYMENTS": str(folder / "deployment.json"),
        "VERITALLY_INDEXER_DATABASE_URL": f"sqlite:///{folder / 'indexer.db'}",
    }
    for arguments in (["sync", "--once"], ["tallies"]):
        print(_indexer(arguments, environment), end="", flush=True)
    return dict(json.loads(_indexer(["tallies", "--json"], environment)))


def _indexer(arguments: list[str], environment: dict[str, str]) -> str:
    command = [str(BIN / "veritally-indexer"), *arguments]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    if run.returncode != 0:
        raise DemoFailedError(f"veritally-indexer {' '.join(arguments)}: {run.stderr or run.stdout}")
    return run.stdout


def _last_line(report: dict[str, Any], transaction: str, gas: int) -> str:
    counts = {row["tier"]: row["inferences"] for row in report["tiers"]}
    tally = " ".join(f"{tier.label}={counts.get(tier.label, 0)}" for tier in SETTLED_TIERS)
    counters = report["on_chain_counters"]["status"]
    return f"DEMO OK {tally} tx={transaction} gas={gas} onchain_counters={counters}"


if __name__ == "__main__":
    raise SystemExit(main())
