"""Checks of what is on the chain: nodes, contracts, routes, token, and the prover's account."""

from __future__ import annotations

import time
from collections.abc import Iterator

from eth_typing import ChecksumAddress
from web3 import Web3
from web3.exceptions import ContractCustomError

from prover.offering import load_packages
from prover.operations.check import Check
from prover.pricing import price_base_units, read_decimals, resolve_asset
from prover.settings import ProverSettings
from prover.signer import load_prover_account
from veritally.chain import Chain
from veritally.contract_table import DEVELOPMENT_CHAIN_IDS
from veritally.deployment import Deployment
from veritally.route_setup import route_entry, status_word
from veritally.routes import ROUTE_OF
from veritally.tiers import SETTLED_TIERS, Tier
from veritally.transactions.errors import EndpointError
from veritally.transactions.node import Node
from veritally.x402.addresses import (
    CHANNELS_ADDRESS,
    COLLECTOR_ADDRESS,
    PERMIT2_ADDRESS,
    UPTO_PROXY_ADDRESS,
)

TRANSACTIONS_AHEAD = 100
"""The balance must last for so many."""
GAS_AHEAD = 1_000_000
"""Gas of each of them."""
LARGEST_SKEW_S = 60
_NODE_TIMEOUT_S = 10.0
_WEI_PER_ETHER = 10**18
_CONTRACTS: dict[str, tuple[tuple[str, ChecksumAddress], ...]] = {
    "upto": (("Permit2", PERMIT2_ADDRESS), ("x402's upto proxy", UPTO_PROXY_ADDRESS)),
    "batch-settlement": (
        ("x402's channels", CHANNELS_ADDRESS),
        ("x402's deposit collector", COLLECTOR_ADDRESS),
    ),
    "exact": (),
}


def nodes(settings: ProverSettings, chain_id: int) -> Iterator[Check]:
    """Every node answers for the deployment's chain."""
    for url in settings.rpc_urls:
        node = Node(url, _NODE_TIMEOUT_S)
        try:
            served = node.chain_id()
            found = f"{node.host} serves chain {served}"
            fix = "" if served == chain_id else f"the deployment is on chain {chain_id}: change the URL"
            yield Check("node", not fix, found, fix)
        except EndpointError as error:
            yield Check("node", False, str(error), "check the URL and that the node runs")
        finally:
            node.close()


def clock(chain: Chain) -> Iterator[Check]:
    """This machine and the chain agree on the time."""
    ahead_s = time.time() - chain.time_s()
    # A development chain has no block while nothing happens.
    late = ahead_s > 10 * LARGEST_SKEW_S and chain.chain_id not in DEVELOPMENT_CHAIN_IDS
    fix = ""
    if ahead_s < -LARGEST_SKEW_S:
        fix = "set the machine's clock: the latest block is from its future"
    elif late:
        fix = "use a node that follows its chain, or set the machine's clock"
    yield Check("clock", not fix, f"the latest block is {ahead_s:.0f} s old", fix)


def contracts(chain: Chain, deployment: Deployment) -> Iterator[Check]:
    """The deployment's contracts are there."""
    missing = [name for name in deployment.contracts if not _has_code(chain, deployment.address_of(name))]
    advice = "use the deployment file of this chain; `veritally deployment verify` compares them"
    found = f"missing: {', '.join(missing)}" if missing else f"{len(deployment.contracts)} have code"
    yield Check("contracts", not missing, found, advice if missing else "")


def payments(settings: ProverSettings, chain: Chain) -> Iterator[Check]:
    """The contracts of others that move the payments are there."""
    for scheme in settings.schemes:
        missing = [name for name, address in _CONTRACTS[scheme] if not _has_code(chain, address)]
        fix = f"offer other schemes: set VERITALLY_PROVER_SCHEMES without {scheme}" if missing else ""
        found = f"missing on this chain: {', '.join(missing)}" if missing else "can be collected"
        if scheme == "upto" and not missing:
            found += f"; payers approve Permit2 ({PERMIT2_ADDRESS}) once for the token"
        yield Check(f"scheme {scheme}", not missing, found, fix)


def routes(settings: ProverSettings, chain: Chain, deployment: Deployment) -> Iterator[Check]:
    """The verifiers of the tiers that are offered may be used."""
    router = chain.contract("VerifierRouter", deployment.router)
    for tier in SETTLED_TIERS:
        if tier is Tier.TEE and settings.enclave_driver is None:
            continue
        with chain.reading():
            status = status_word(route_entry(router, ROUTE_OF[tier]))
        fix = "" if status == "active" else "use a deployment whose route is active; what is stopped stays so"
        yield Check(f"route {tier.label}", not fix, status, fix)


def asset(settings: ProverSettings, chain: Chain) -> Iterator[Check]:
    """The token is there, and the prices can be charged in it."""
    address = resolve_asset(chain.chain_id, settings.asset)
    decimals = read_decimals(chain, address)
    for price in settings.prices_usd:
        price_base_units(price, decimals)
    yield Check("token", True, f"{address} with {decimals} decimals")


def srs(settings: ProverSettings, chain_id: int) -> Iterator[Check]:
    """Proofs rest on an SRS that counts on this chain."""
    if settings.srs is not None:
        there = settings.srs.is_file()
        yield Check("SRS", there, str(settings.srs), "" if there else "run `veritally model fetch-srs`")
        return
    ok = chain_id in DEVELOPMENT_CHAIN_IDS
    found = "a development SRS" + ("" if ok else f", which is refused on chain {chain_id}")
    advice = "run `veritally model fetch-srs`, and set VERITALLY_PROVER_SRS"
    yield Check("SRS", ok, found, "" if ok else advice)


def profit(settings: ProverSettings, chain_id: int) -> Iterator[Check]:
    """Somebody has decided whether a batch may cost more gas than it earns."""
    if settings.coin_price_usd is not None:
        yield Check("profit", True, f"one coin is {settings.coin_price_usd} USD")
        return
    ok = settings.settle_at_a_loss or chain_id in DEVELOPMENT_CHAIN_IDS
    advice = (
        "set VERITALLY_PROVER_COIN_PRICE_USD, or VERITALLY_PROVER_SETTLE_AT_A_LOSS to settle at any price"
    )
    yield Check("profit", ok, "batches are sent whatever their gas costs", "" if ok else advice)


def account(settings: ProverSettings, chain: Chain, deployment: Deployment) -> Iterator[Check]:
    """The key opens, its account can pay for gas, and owns its models."""
    prover = load_prover_account(settings, chain.chain_id)
    address = Web3.to_checksum_address(prover.address)
    with chain.reading():
        balance_wei = int(chain.w3.eth.get_balance(address))
        fee_wei = 2 * int(chain.w3.eth.get_block("latest").get("baseFeePerGas", 0))
    needed_wei = max(settings.low_balance_wei, TRANSACTIONS_AHEAD * GAS_AHEAD * fee_wei)
    cost = f"{TRANSACTIONS_AHEAD} transactions may cost {_ether(needed_wei)}"
    found = f"{address} has {_ether(balance_wei)}; {cost}"
    enough = balance_wei >= needed_wei
    yield Check("balance", enough, found, "" if enough else f"send it {_ether(needed_wei - balance_wei)}")
    yield from _registrations(settings, chain, deployment, address)
    high = fee_wei > settings.max_fee_wei
    fix = "raise VERITALLY_PROVER_MAX_FEE_GWEI, or wait" if high else ""
    yield Check("fee ceiling", not high, f"{settings.max_fee_gwei} gwei, now {fee_wei / 10**9:.3g} gwei", fix)


def _registrations(
    settings: ProverSettings, chain: Chain, deployment: Deployment, prover: str
) -> Iterator[Check]:
    registry = chain.contract("ModelRegistry", deployment.model_registry)
    for package in load_packages(settings):
        model_id = chain.read(registry.functions.modelIdOf(prover, package.weights_hash))
        try:
            chain.read(registry.functions.getModel(model_id))
        except ContractCustomError:
            yield Check("registration", True, f"{package.name} is registered at the start")
        else:
            yield Check("registration", True, f"{package.name} is registered as 0x{bytes(model_id).hex()}")


def _has_code(chain: Chain, address: str) -> bool:
    with chain.reading():
        return bool(chain.w3.eth.get_code(Web3.to_checksum_address(address)))


def _ether(amount_wei: int) -> str:
    return f"{amount_wei / _WEI_PER_ETHER:.4f} of the chain's token"
