"""A chain with relays that emit what OpenGradient's do, and what a test reads of an import."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount
from sqlalchemy import create_engine, text
from web3.contract import Contract

from indexer.cli import main
from veritally.chain import Chain
from veritally.devnet.accounts import Accounts
from veritally.devnet.anvil import call_node, find_anvil, run_anvil
from veritally.devnet.parts import Parts, find_root

CHAIN_ID = 10740
FINAL_BEHIND = 2
"""Blocks that the finalised block is behind the head, on this chain."""
ROOT = bytes.fromhex("aa" * 32)
TEE = bytes.fromhex("bb" * 32)
INPUT = bytes.fromhex("cc" * 32)
OUTPUT = bytes.fromhex("dd" * 32)
BLOB = b"a blob of any length, which nobody can look into"


@dataclass(frozen=True)
class ForeignChain:
    """A node that makes a block for each transaction."""

    rpc_url: str
    chain: Chain
    account: LocalAccount
    v1: Contract
    v2: Contract

    def call(self, relay: Contract, name: str, *arguments: Any) -> int:
        """A transaction of anybody to a relay; the number of its block."""
        return int(self.chain.send(relay.functions[name](*arguments), self.account)["blockNumber"])

    def batch(self, root: bytes, size: int) -> int:
        return self.call(self.v2, "batchSettle", root, size, BLOB)

    def individual(self, timestamp: int, payer: str | None = None) -> int:
        payer = payer or self.account.address
        return self.call(
            self.v2, "settleIndividual", TEE, INPUT, OUTPUT, timestamp, payer, BLOB, b"any signature"
        )

    def mine(self, blocks: int = FINAL_BEHIND) -> None:
        call_node(self.chain, "anvil_mine", hex(blocks))

    def reorganise(self, depth: int) -> None:
        """Replaces the last blocks by empty ones."""
        call_node(self.chain, "anvil_reorg", depth, [])

    def head(self) -> int:
        return self.chain.block_number()

    def options(self, database_url: str, *more: str) -> list[str]:
        """Of `import opengradient` on this chain, for both relays unless others are named."""
        relays = [] if "--relay" in more else ["--relay", self.v1.address, "--relay", self.v2.address]
        where = ["--rpc-url", self.rpc_url, "--database-url", database_url, "--chain-id", str(CHAIN_ID)]
        return ["import", "opengradient", *where, *relays, *more]


@contextmanager
def foreign_chain() -> Iterator[ForeignChain]:
    parts = Parts(find_root(None))
    options = ["--slots-in-an-epoch", str(FINAL_BEHIND // 2)]
    with run_anvil(find_anvil(parts.root), chain_id=CHAIN_ID, options=options) as node:
        chain, account = Chain.connect(node.rpc_url), Accounts.derive().relayer
        relays = []
        for name in ("ForeignRelayV1", "ForeignRelayV2"):
            artifact = parts.compiled(name)
            address = chain.deploy(artifact, account=account)
            relays.append(chain.w3.eth.contract(address=address, abi=artifact.abi))
        yield ForeignChain(node.rpc_url, chain, account, *relays)


def run(*arguments: str) -> int:
    """The command in this process; its exit code."""
    try:
        main(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def summary(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """What a command that must succeed prints with --json."""
    capsys.readouterr()
    assert run(*arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def rows(database_url: str, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """What a statement reads."""
    engine = create_engine(database_url)
    with engine.connect() as connection:
        found = connection.execute(text(statement), parameters).all()
    engine.dispose()
    return [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in found]


def settlements(
    database_url: str, columns: str = "block, log_index, form, repeated"
) -> list[tuple[Any, ...]]:
    """Rows of recorded settlements in the order of the chain."""
    return rows(database_url, f"SELECT {columns} FROM recorded_settlement ORDER BY block, log_index")
