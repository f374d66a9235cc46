"""Bare nodes to deploy to, and what the tests of deployments share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from eth_account.signers.local import LocalAccount

from veritally.chain import Chain
from veritally.contract_table import CONSTRUCTORS, DEVELOPMENT_ROOT
from veritally.create2 import AccountSender
from veritally.devnet import Accounts
from veritally.devnet.anvil import find_anvil, run_anvil
from veritally.devnet.parts import find_root
from veritally.plan import DeploymentSettings

ACCOUNTS = Accounts.derive()
SETTINGS = DeploymentSettings(
    owner=ACCOUNTS.deployer.address,
    guardian=ACCOUNTS.guardian.address,
    route_delay_s=0,
    measurement_delay_s=0,
    development_root=DEVELOPMENT_ROOT,
)
MAINNET = 8453
MAINNET_SETTINGS = replace(
    SETTINGS, route_delay_s=3 * 24 * 3600, measurement_delay_s=2 * 24 * 3600, development_root=None
)
"""The shortest delays that the contracts take there, and AWS's root."""
TRANSACTIONS = len(CONSTRUCTORS) + 3 + 3
"""Contracts, routes added, routes activated."""


@dataclass(frozen=True)
class Node:
    """A bare anvil."""

    rpc_url: str
    chain: Chain

    @property
    def sender(self) -> AccountSender:
        """Signs as the deployer."""
        return sender_of(self.chain, ACCOUNTS.deployer)

    @property
    def sent(self) -> int:
        """Transactions of the deployer."""
        return self.chain.w3.eth.get_transaction_count(ACCOUNTS.deployer.address)


def sender_of(chain: Chain, account: LocalAccount) -> AccountSender:
    return AccountSender(chain, account)


@contextmanager
def run_node(chain_id: int) -> Iterator[Node]:
    with run_anvil(find_anvil(find_root(None)), chain_id=chain_id) as node:
        yield Node(node.rpc_url, Chain.connect(node.rpc_url))


@contextmanager
def undone(node: Node) -> Iterator[Node]:
    """Undoes on chain what happens in the context."""
    snapshot = node.chain.w3.provider.make_request("evm_snapshot", [])["result"]  # type: ignore[arg-type]
    yield node
    reverted = node.chain.w3.provider.make_request("evm_revert", [snapshot])  # type: ignore[arg-type]
    assert reverted["result"] is True
