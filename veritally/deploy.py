"""Deploys all our contracts and opens the three routes."""

from __future__ import annotations

from typing import Any

from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from web3.contract import Contract

from veritally.abi import load_artifact
from veritally.chain import Chain
from veritally.deployment import Deployment
from veritally.routes import ROUTE_OF
from veritally.tiers import Tier

ROUTE_GAS: dict[Tier, tuple[int, int]] = {
    Tier.SIGNED: (200_000, 0),
    Tier.TEE: (200_000, 0),
    Tier.ZKML: (200_000, 1_200_000),
}
"""Gas that a verification may use: (per group, plus per receipt)."""


def deploy_contracts(
    chain: Chain, account: LocalAccount, *, development_root: str, guardian: str, route_delay_s: int
) -> Deployment:
    """Deploys our contracts from `account`, which becomes the router's owner, and adds a route for each tier.

    Args:
        chain: Where to deploy.
        account: Pays for and signs every transaction.
        development_root: Address whose signature admits enclave keys (development chains only).
        guardian: Address that may stop a route besides the owner.
        route_delay_s: Seconds between adding a route and its first use; 0 opens the routes at once.

    Raises:
        ArtifactMissingError: the package lacks a contract's ABI.
        TransactionFailedError: a constructor or a call reverts.
    """

    def deploy(name: str, *args: Any) -> ChecksumAddress:
        return chain.deploy(load_artifact(name), *args, account=account)

    first_block = chain.w3.eth.block_number + 1
    factory = deploy("PayAddressFactory")
    router = deploy("VerifierRouter", account.address, guardian, route_delay_s)
    models = deploy("ModelRegistry")
    enclaves = deploy("EnclaveRegistry", development_root)
    verifiers = {
        Tier.SIGNED: deploy("SignedVerifier"),
        Tier.TEE: deploy("TeeVerifier", enclaves),
        Tier.ZKML: deploy("ZkmlVerifier", models),
    }
    settlement = deploy("Settlement", router, factory)
    _open_routes(chain, account, chain.contract("VerifierRouter", router), verifiers)
    return Deployment(
        chain_id=chain.chain_id,
        first_block=first_block,
        settlement=settlement,
        router=router,
        model_registry=models,
        enclave_registry=enclaves,
        pay_address_factory=factory,
        pay_address_implementation=chain.contract("PayAddressFactory", factory)
        .functions.IMPLEMENTATION()
        .call(),
        signed_verifier=verifiers[Tier.SIGNED],
        tee_verifier=verifiers[Tier.TEE],
        zkml_verifier=verifiers[Tier.ZKML],
    )


def _open_routes(
    chain: Chain, owner: LocalAccount, router: Contract, verifiers: dict[Tier, ChecksumAddress]
) -> None:
    for tier, verifier in verifiers.items():
        group_gas, receipt_gas = ROUTE_GAS[tier]
        chain.send(router.functions.add(ROUTE_OF[tier], verifier, group_gas, receipt_gas), owner)
