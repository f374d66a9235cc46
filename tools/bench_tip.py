"""Measures how long a settled inference takes from its block to a query: `bench_tip.py [--blocks N]`.

A real anvil makes a block every second, and each settles a group of free inferences. `veritally-indexer run`
follows with its default settings. The time runs from when the node first shows a block until the roll-ups,
asked every few milliseconds, count its inferences.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eth_typing import Hash32
from eth_utils.crypto import keccak

from indexer.rpc import JsonRpc
from indexer.rpc_messages import Request
from indexer.wire import parse_quantity
from veritally.devnet import Devnet, start_devnet
from veritally.devnet.anvil import call_node
from veritally.processes import die_with_parent
from veritally.receipts import ZERO_ADDRESS, GroupTerms, Receipt, SettlementDomain
from veritally.routes import ROUTE_OF
from veritally.settlement import Group
from veritally.tiers import Tier

_BLOCKS = 60
_BLOCK_TIME_S = 1
_GROUP = 20
_LOOK_S = 0.005
_TIMEOUT_S = 60.0
_SERVED_AT_S = 1_764_000_000
_ASKED = "SELECT next_block, coalesce((SELECT sum(inferences) FROM rollup), 0) FROM deployment"


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=_BLOCKS, help="that are measured, one per second")
    for name, value in tip_figures(parser.parse_args().blocks):
        print(f"{name} {value:.3f}", flush=True)


def tip_figures(blocks: int = _BLOCKS) -> Iterator[tuple[str, float]]:
    """Median and 99th percentile of the latency, in seconds."""
    with (
        start_devnet() as devnet,
        tempfile.TemporaryDirectory() as folder,
        _indexer(devnet, Path(folder)) as file,
    ):
        groups = [_group(devnet, nonce) for nonce in range(0, blocks * _GROUP, _GROUP)]
        _await_indexed(file, devnet.chain.block_number())
        call_node(devnet.chain, "evm_setAutomine", False)
        call_node(devnet.chain, "evm_setIntervalMining", _BLOCK_TIME_S)
        settling = threading.Thread(target=_settle, args=(devnet, groups), daemon=True)
        settling.start()
        latencies_s = _latencies_s(devnet, file, blocks)
    ordered = sorted(latencies_s)
    yield "tip_blocks", len(ordered)
    yield "tip_latency_p50_s", statistics.median(ordered)
    yield "tip_latency_p99_s", ordered[-(len(ordered) // 100) - 1]


@contextmanager
def _indexer(devnet: Devnet, folder: Path) -> Iterator[Path]:
    """The command that follows the chain, and its database."""
    devnet.deployment.save(folder / "deployment.json")
    database = folder / "indexer.db"
    command = [sys.executable, "-m", "indexer", "run", "--rpc-url", devnet.rpc_url]
    command += ["--database-url", f"sqlite:///{database}", "--deployment", str(folder / "deployment.json")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VERITALLY_")}
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stderr=log, env=environment, preexec_fn=die_with_parent) as process,
    ):
        try:
            yield database
        finally:
            process.kill()


def _group(devnet: Devnet, nonce: int) -> Group:
    """Free inferences that the prover vouches for."""
    text = keccak(text="something")
    receipts = tuple(
        Receipt(text, text, ZERO_ADDRESS, 0, _SERVED_AT_S, nonce + index, Tier.SIGNED)
        for index in range(_GROUP)
    )
    terms = GroupTerms(text, devnet.accounts.prover.address, devnet.usdc)
    domain = SettlementDomain.of(devnet.deployment)
    digest = domain.group_digest(domain.receipts_root(terms, receipts), ROUTE_OF[Tier.SIGNED])
    signature = bytes(devnet.accounts.prover.unsafe_sign_hash(Hash32(digest)).signature)
    return Group(terms, ROUTE_OF[Tier.SIGNED], receipts, (), signature)


def _settle(devnet: Devnet, groups: list[Group]) -> None:
    """One group after the other; each waits for its block."""
    contract = devnet.chain.contract("Settlement", devnet.deployment.settlement)
    for group in groups:
        devnet.chain.send(contract.functions.settle([group.as_argument()]), devnet.accounts.prover)


def _latencies_s(devnet: Devnet, file: Path, blocks: int) -> list[float]:
    """Of all blocks until the last group is counted."""
    rpc, latencies_s, shown_at_s = JsonRpc(devnet.rpc_url), list[float](), dict[int, float]()
    head = _head(rpc)
    first, counted = head + 1, 0
    with sqlite3.connect(file) as database:
        while counted < blocks * _GROUP:
            newest = _head(rpc)
            shown_at_s |= {number: time.monotonic() for number in range(head + 1, newest + 1)}
            head = newest
            next_block, counted = database.execute(_ASKED).fetchone()
            latencies_s += [time.monotonic() - shown_at_s[n] for n in range(first, min(next_block, head + 1))]
            first = max(first, min(next_block, head + 1))
            time.sleep(_LOOK_S)
    rpc.close()
    return latencies_s


def _head(rpc: JsonRpc) -> int:
    (raw,) = rpc.ask([Request("eth_blockNumber", [])])
    return rpc.parse("eth_blockNumber", raw, parse_quantity)


def _await_indexed(file: Path, block: int) -> None:
    deadline_s = time.monotonic() + _TIMEOUT_S
    while time.monotonic() < deadline_s:
        if file.exists():
            with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
                try:
                    if database.execute(_ASKED).fetchone()[0] > block:
                        return
                except (sqlite3.OperationalError, TypeError):
                    pass  # no tables, or no cursor, yet
        time.sleep(0.1)
    raise SystemExit(f"block {block} was not indexed within {_TIMEOUT_S:.0f} s")


if __name__ == "__main__":
    main()
