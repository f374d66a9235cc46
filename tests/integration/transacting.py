"""What tests of the transaction manager share: a chain, keys that are used once, a process that can die."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address
from sqlalchemy import event, update
from sqlmodel import Session

from veritally.devnet.anvil import find_anvil, run_anvil
from veritally.devnet.parts import find_root
from veritally.transactions import Call, Database, FeePolicy, Intent, Policy, TransactionManager
from veritally.transactions.tables import AccountRow

CHAIN_ID = 84532
ETHER = 10**18
GWEI = 10**9
BASE_FEE_WEI = GWEI
POLICY = Policy(
    fees=FeePolicy(ceiling_wei=100 * GWEI, patience_blocks=2),
    confirmations=4,
    max_in_flight=8,
    timeout_s=5.0,
)
_NUMBERS = itertools.count(1)


class Killed(BaseException):
    """The process is killed: nothing that would handle an error handles it."""


class FragileDatabase(Database):
    """A database whose process may be killed right before or right after any commit."""

    def __init__(self, url: str) -> None:
        """On SQLite without waiting for the disk: processes die here, machines do not."""
        super().__init__(url)
        if url.startswith("sqlite"):
            event.listen(self._engine, "connect", lambda made, _: made.execute("PRAGMA synchronous=OFF"))

    boundaries_left: int | None = None
    """After how many of these moments the process is killed; None: it lives."""

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        with super().transaction() as session:
            yield session
            self._pass()
        self._pass()

    def _pass(self) -> None:
        if self.boundaries_left is not None:
            self.boundaries_left -= 1
            if self.boundaries_left < 0:
                raise Killed


@dataclass(frozen=True)
class Anvil:
    """A node that makes blocks when it is told to."""

    rpc_url: str

    def ask(self, method: str, *params: object) -> Any:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = httpx.post(self.rpc_url, json=request, timeout=30).json()
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def mine(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            self.ask("evm_mine")

    def reorg(self, depth: int) -> None:
        """Replaces the last blocks by empty ones; what was in them is gone from the node."""
        self.ask("anvil_reorg", depth, [])

    def set_base_fee(self, wei: int) -> None:
        """Of the next block."""
        self.ask("anvil_setNextBlockBaseFeePerGas", hex(wei))

    def forget_pool(self) -> None:
        self.ask("anvil_dropAllTransactions")

    def head(self) -> int:
        return int(self.ask("eth_blockNumber"), 16)

    def balance(self, address: str) -> int:
        return int(self.ask("eth_getBalance", address, "latest"), 16)

    def count(self, address: str, where: str = "latest") -> int:
        return int(self.ask("eth_getTransactionCount", address, where), 16)

    def fresh_account(self, wei: int = 100 * ETHER) -> LocalAccount:
        """An account that nobody has used."""
        account: LocalAccount = Account.from_key(next(_NUMBERS).to_bytes(32))
        self.ask("anvil_setBalance", account.address, hex(wei))
        return account

    def send_foreign(self, account: LocalAccount, nonce: int, tip_wei: int = 5 * GWEI) -> str:
        """A transaction that another program signs with the same key."""
        fields = {"type": 2, "chainId": CHAIN_ID, "nonce": nonce, "to": fresh_address(), "value": 0}
        fields |= {"gas": 21_000, "maxFeePerGas": 90 * GWEI, "maxPriorityFeePerGas": tip_wei}
        raw = account.sign_transaction(fields).raw_transaction
        tx_hash: str = self.ask("eth_sendRawTransaction", raw.to_0x_hex())
        return tx_hash


@contextmanager
def run_node(*options: str) -> Iterator[Anvil]:
    """A node of its own."""
    with run_anvil(find_anvil(find_root(None)), options=["--no-mining", *options]) as node:
        yield Anvil(node.rpc_url)


def fresh_address() -> str:
    """An address that nobody has paid."""
    return to_checksum_address(b"\x7f" * 12 + next(_NUMBERS).to_bytes(8))


def gift(key: str) -> Intent:
    """An intent that pays one wei to an address of its own: what that address has is how often it landed."""
    return Intent(key, Call(fresh_address(), value_wei=1, gas_limit=21_000))


def open_manager(
    database: Database, account: LocalAccount, urls: Sequence[str], policy: Policy = POLICY
) -> TransactionManager:
    return TransactionManager.open(database, account, CHAIN_ID, urls, policy)


def expire_leases(database: Database) -> None:
    """As if the time of all leases were over."""
    with Database.transaction(database) as session:
        session.connection().execute(update(AccountRow).values(lease_until_s=0.0))


def land(manager: TransactionManager, anvil: Anvil, rounds: int = 1) -> None:
    for _ in range(rounds):
        manager.tick()
        anvil.mine()
    manager.tick()


def with_fees(**changes: int) -> Policy:
    return dataclasses.replace(POLICY, fees=dataclasses.replace(POLICY.fees, **changes))


def raise_base_fee_above_all_offers(anvil: Anvil) -> None:
    anvil.set_base_fee(20 * GWEI)
    anvil.mine()
    anvil.set_base_fee(20 * GWEI)
