"""The chain that the service is for, our contracts on it, and its keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from eth_account.signers.local import LocalAccount
from web3 import Web3

from prover.enclave.drivers import make_source
from prover.enclave.sources import DocumentSource
from prover.errors import WrongChainError
from prover.pricing import network_of, read_decimals, resolve_asset
from prover.registration import Registrar
from prover.settings import ProverSettings
from prover.signer import load_prover_account
from veritally.chain import Chain
from veritally.deployment import Deployment
from veritally.errors import DeploymentFileError
from veritally.pay_address import pay_address_of
from veritally.tiers import SETTLED_TIERS, Tier

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Connection:
    """The chain, our contracts on it, and the keys that act there."""

    chain: Chain
    deployment: Deployment
    account: LocalAccount
    documents: DocumentSource | None
    """Attestation of the enclave that this runs in; without it the tier TEE is not offered."""
    asset: str
    decimals: int
    pay_to: Mapping[Tier, str]
    """Pay address of each tier that is offered."""

    @property
    def network(self) -> str:
        """The chain, as x402 names it."""
        return network_of(self.chain.chain_id)

    def registrar(self, progress: Progress) -> Registrar:
        """Registers models for the account."""
        return Registrar(self.chain, self.deployment, self.account, progress)


def connect(settings: ProverSettings) -> Connection:
    """Reads the files and asks the node; sends nothing.

    Raises:
        VeritallyError: the deployment file or the node cannot be used.
        ProverError: a key, a price, the asset or the enclave driver cannot be used.
    """
    deployment, chain = Deployment.load(settings.deployment), Chain.connect(settings.rpc_url)
    if chain.chain_id != deployment.chain_id:
        raise WrongChainError(deployment.chain_id, chain.chain_id)
    _require_settlement(settings.deployment, deployment, chain)
    account = load_prover_account(settings, chain.chain_id)
    driver = settings.enclave_driver
    documents = make_source(driver, chain, deployment) if driver else None
    asset = resolve_asset(chain.chain_id, settings.asset)
    decimals = read_decimals(chain, asset)
    pay_to = {
        tier: pay_address_of(deployment, account.address, tier)
        for tier in SETTLED_TIERS
        if tier is not Tier.TEE or documents is not None
    }
    return Connection(chain, deployment, account, documents, asset, decimals, pay_to)


def _require_settlement(path: Path, deployment: Deployment, chain: Chain) -> None:
    """A development chain that was started anew is empty, while its deployment file may still be there."""
    with chain.reading():
        code = chain.w3.eth.get_code(Web3.to_checksum_address(deployment.settlement))
    if not code:
        problem = f"chain {chain.chain_id} has no contract Settlement at {deployment.settlement}"
        raise DeploymentFileError(str(path), problem)
