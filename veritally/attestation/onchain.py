"""Runs the contract that verifies a document on a chain of its own, which ends with the call."""

from __future__ import annotations

from web3.contract import Contract
from web3.contract.contract import ContractFunction

from veritally.abi import load_artifact
from veritally.attestation import nitro
from veritally.attestation.claims import AttestationClaims, Platform, read_claims
from veritally.attestation.errors import NoCollateralError, RefusedError, VerdictsDifferError
from veritally.attestation.files import AttestationFile
from veritally.attestation.nitro_hints import make_nitro_hints
from veritally.attestation.standing_chain import OnchainRun, run_standing_chain, transact
from veritally.attestation.tdx_onchain import run_tdx_onchain
from veritally.chain import TRANSACTION_GAS_CAP, Chain
from veritally.devnet.accounts import Accounts


def run_onchain(
    file: AttestationFile, at_s: int, development_root: bytes | None = None, collateral: str | None = None
) -> OnchainRun:
    """Lets the contract verify a document at a time in Unix seconds, and compares it with the SDK's verdict.

    For Nitro, it is pinned to AWS's root, or to the development root that is given. For TDX, it is pinned to
    Intel's, and needs Intel's collateral. A document in debug mode is accepted with `debug` set.

    Raises:
        NoCollateralError: a quote came without collateral.
        RefusedError: quote or collateral cannot be read.
        VerdictsDifferError: the SDK's verdict or claims are others.
        DevnetError: there is no node, or it does not start.
        TransactionFailedError: the node refuses a transaction.
    """
    if file.platform is Platform.TDX:
        if collateral is None:
            raise NoCollateralError()
        return run_tdx_onchain(file.content, collateral, at_s)
    root = development_root or nitro.AWS_ROOT
    with run_standing_chain(at_s) as chain:
        contract = _deploy(chain, root)
        verify = contract.functions.verify(file.content, make_nitro_hints(file.content))
        with chain.explained("verify", contract.abi):
            run = _run(verify)
    _require_agreement(run, file.content, root, at_s)
    return run


def _deploy(chain: Chain, root: bytes) -> Contract:
    deployer = Accounts.derive().deployer
    libraries = [chain.deploy(load_artifact(name), account=deployer) for name in ("Sha384", "P384")]
    platform = Platform.NITRO if root == nitro.AWS_ROOT else Platform.DEVELOPMENT
    arguments = (*libraries, root, int(platform), deployer.address)
    address = chain.deploy(load_artifact("NitroAttestation"), *arguments, account=deployer)
    return chain.contract("NitroAttestation", address)


def _run(verify: ContractFunction) -> OnchainRun:
    cold_gas, refusal = transact(verify, verify.contract_abi)
    if refusal is not None:
        return OnchainRun(refusal, None, cold_gas, None)
    warm_gas, refusal = transact(verify, verify.contract_abi)
    if refusal is not None:
        return OnchainRun(refusal, None, cold_gas, warm_gas)
    return OnchainRun(None, read_claims(verify.call({"gas": TRANSACTION_GAS_CAP})), cold_gas, warm_gas)


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
