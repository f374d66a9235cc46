"""Starts the development chain and puts everything on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from web3 import Web3
from web3.contract import Contract

from veritally.chain import Chain
from veritally.contract_table import DEVELOPMENT_ROOT
from veritally.create2 import AccountSender
from veritally.deploy import deploy_contracts
from veritally.deployment import Deployment
from veritally.devnet.accounts import Accounts
from veritally.devnet.anvil import call_node, find_anvil, run_anvil, set_code
from veritally.devnet.parts import Parts, find_root
from veritally.devnet.standins import install_standins
from veritally.devnet.usdc import install_usdc
from veritally.plan import DeploymentSettings
from veritally.x402.addresses import PERMIT2_ADDRESS

MULTICALL3_ADDRESS: ChecksumAddress = Web3.to_checksum_address("0xcA11bde05977b3631167028862bE2a173976CA11")
PAYER_FUNDS_BASE_UNITS = 10_000_000_000
"""USDC of each payer: 10,000 dollars."""
UNLIMITED = 2**256 - 1
GAS_MONEY_WEI = 10**18


@dataclass(frozen=True)
class Devnet:
    """A running development chain."""

    rpc_url: str
    chain: Chain
    token: Contract
    """Circle's USDC."""
    accounts: Accounts
    deployment: Deployment

    @property
    def usdc(self) -> ChecksumAddress:
        """Address of USDC."""
        return self.token.address

    def fund_usdc(self, address: str, amount_base_units: int) -> None:
        """Mints USDC to `address`.

        Raises:
            TransactionFailedError: more than the issuer may mint (a million million dollars in all).
        """
        mint = self.token.functions.mint(Web3.to_checksum_address(address), amount_base_units)
        self.chain.send(mint, self.accounts.usdc_issuer)

    def approve_permit2(self, account: LocalAccount) -> None:
        """Lets Permit2 move all USDC of `account`, which is given ether for that when it has none."""
        if self.chain.w3.eth.get_balance(account.address) == 0:
            call_node(self.chain, "anvil_setBalance", account.address, hex(GAS_MONEY_WEI))
        self.chain.send(self.token.functions.approve(PERMIT2_ADDRESS, UNLIMITED), account)

    def usdc_balance_base_units(self, address: str) -> int:
        """USDC of `address`."""
        return int(self.token.functions.balanceOf(Web3.to_checksum_address(address)).call())


def _silent(_line: str) -> None:
    """The default for `progress`: says nothing."""


@contextmanager
def start_devnet(
    root: Path | None = None, port: int = 0, progress: Callable[[str], None] = _silent
) -> Iterator[Devnet]:
    """Runs a development chain until the context ends. See `run_anvil` on how it ends.

    Args:
        root: Repository with the parts; by default as `find_root` says.
        port: TCP port on the loopback interface; 0 chooses a free one.
        progress: Is called with one line before each step.

    Raises:
        DevnetError: the node or a part is missing, or the node does not start.
        ArtifactMissingError: the package lacks a contract's ABI.
        TransactionFailedError: a deployment reverts.
    """
    parts = Parts(find_root(root))
    progress("starting anvil")
    with run_anvil(find_anvil(parts.root), port) as node:
        chain = Chain.connect(node.rpc_url)
        accounts = Accounts.derive()
        progress("installing USDC, Permit2, Multicall3 and stand-ins of x402's contracts")
        token = install_usdc(chain, parts, accounts.usdc_issuer)
        _install_public_contracts(chain, parts)
        progress("deploying the contracts of Veritally")
        devnet = Devnet(node.rpc_url, chain, token, accounts, _deploy(chain, accounts))
        progress("funding the payers")
        for payer in accounts.payers:
            devnet.fund_usdc(payer.address, PAYER_FUNDS_BASE_UNITS)
            devnet.approve_permit2(payer)
        yield devnet


def _install_public_contracts(chain: Chain, parts: Parts) -> None:
    set_code(chain, PERMIT2_ADDRESS, parts.fetched_runtime("permit2"))
    set_code(chain, MULTICALL3_ADDRESS, parts.fetched_runtime("multicall3"))
    install_standins(chain, parts)


def _deploy(chain: Chain, accounts: Accounts) -> Deployment:
    settings = DeploymentSettings(
        owner=accounts.deployer.address,
        guardian=accounts.guardian.address,
        route_delay_s=0,
        measurement_delay_s=0,
        development_root=DEVELOPMENT_ROOT,
    )
    return deploy_contracts(chain, AccountSender(chain, accounts.deployer), settings)
