"""Runs the contract that verifies Nitro documents on a chain of its own, which ends with the call.

The chain's clock stands still at the time of the verification. A transaction gets the most gas that EIP-7825
allows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.exceptions import ContractCustomError, ContractLogicError, Web3RPCError

from veritally.abi import load_artifact
from veritally.attestation import nitro
from veritally.attestation.claims import AttestationClaims, Platform
from veritally.attestation.errors import NoContractError, RefusedError, VerdictsDifferError
from veritally.attestation.files import AttestationFile
from veritally.attestation.nitro_hints import make_nitro_hints
from veritally.chain import TRANSACTION_GAS_CAP, Chain
from veritally.devnet.accounts import Accounts
from veritally.devnet.anvil import call_node, find_anvil, run_anvil
from veritally.devnet.parts import find_root
from veritally.reverts import refusal_reason


@dataclass(frozen=True)
class OnchainRun:
    """What the contract did with a document."""

    refusal: str | None
    """The contract's custom error with its values, or why there is none; None: accepted."""
    claims: AttestationClaims | None
    """What it returned; None: refused."""
    cold_gas: int
    """Gas of the transaction that judged every certificate, or that was refused."""
    warm_gas: int | None
    """Gas of the same transaction sent again, the certificates remembered; None: refused, so none are."""

    @property
    def error(self) -> str | None:
        """Name of the custom error."""
        return None if self.refusal is None else self.refusal.partition("(")[0]


def run_onchain(file: AttestationFile, at_s: int, development_root: bytes | None = None) -> OnchainRun:
    """Lets the contract verify a document at a time in Unix seconds, and compares it with the SDK's verdict.

    The contract is pinned to AWS's root, or to the development root that is given. As in `nitro.verify`, a
    document in debug mode is accepted with `debug` set.

    Raises:
        NoContractError: no contract verifies documents of this platform.
        VerdictsDifferError: the SDK's verdict or claims are others.
        DevnetError: there is no node, or it does not start.
        TransactionFailedError: the node refuses a transaction.
    """
    if file.platform is not Platform.NITRO:
        raise NoContractError(file.platform.label)
    root = development_root or nitro.AWS_ROOT
    with run_standing_chain(at_s) as chain:
        contract = _deploy(chain, root)
        verify = contract.functions.verify(file.content, make_nitro_hints(file.content))
        with chain.explained("verify", contract.abi):
            run = _run(verify)
    _require_agreement(run, file.content, root, at_s)
    return run


@contextmanager
def run_standing_chain(at_s: int) -> Iterator[Chain]:
    """A chain where every block has the same time, and whose node enforces the cap."""
    options = ("--timestamp", str(at_s), "--enable-tx-gas-limit")
    with run_anvil(find_anvil(find_root(None)), options=options) as node:
        chain = Chain.connect(node.rpc_url)
        call_node(chain, "anvil_setBlockTimestampInterval", 0)
        yield chain


def _deploy(chain: Chain, root: bytes) -> Contract:
    deployer = Accounts.derive().deployer
    libraries = [chain.deploy(load_artifact(name), account=deployer) for name in ("Sha384", "P384")]
    platform = Platform.NITRO if root == nitro.AWS_ROOT else Platform.DEVELOPMENT
    arguments = (*libraries, root, int(platform), deployer.address)
    address = chain.deploy(load_artifact("NitroAttestation"), *arguments, account=deployer)
    return chain.contract("NitroAttestation", address)


def _run(verify: ContractFunction) -> OnchainRun:
    cold_gas, refusal = _transact(verify)
    if refusal is not None:
        return OnchainRun(refusal, None, cold_gas, None)
    warm_gas, refusal = _transact(verify)
    if refusal is not None:
        return OnchainRun(refusal, None, cold_gas, warm_gas)
    return OnchainRun(None, _read_claims(verify.call({"gas": TRANSACTION_GAS_CAP})), cold_gas, warm_gas)


def _transact(verify: ContractFunction) -> tuple[int, str | None]:
    """Gas that a transaction used, and why it was refused."""
    w3 = verify.w3
    sender = Accounts.derive().deployer.address
    sent = verify.transact({"from": sender, "gas": TRANSACTION_GAS_CAP})
    receipt = w3.eth.wait_for_transaction_receipt(sent)
    gas_used = int(receipt["gasUsed"])
    if receipt["status"] == 1:
        return gas_used, None
    try:
        verify.call({"from": sender, "gas": TRANSACTION_GAS_CAP}, receipt["blockNumber"] - 1)
    except ContractCustomError as error:
        return gas_used, refusal_reason(error, verify.contract_abi)
    except (ContractLogicError, Web3RPCError) as error:
        return gas_used, f"no verdict with {TRANSACTION_GAS_CAP} gas ({refusal_reason(error, ())})"
    return gas_used, "reverted in its block, but not when replayed before it"


def _read_claims(answer: Any) -> AttestationClaims:
    """The contract's struct has the same fields in the same order."""
    platform, *rest = cast(tuple[Any, ...], answer)
    return AttestationClaims(Platform(platform), *rest)


def _require_agreement(run: OnchainRun, document: bytes, root: bytes, at_s: int) -> None:
    try:
        claims: AttestationClaims | None = nitro.verify(document, root, at_s)
        error: str | None = None
    except RefusedError as refusal:
        claims, error = None, refusal.name
    if error != run.error:
        raise VerdictsDifferError(error or "accepted", run.refusal or "accepted")
    if claims != run.claims:
        raise VerdictsDifferError(f"accepted with {claims}", f"accepted with {run.claims}")
