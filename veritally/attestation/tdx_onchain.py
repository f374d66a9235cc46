"""Runs the contracts that verify TDX quotes on a chain of its own, which ends with the call."""

from __future__ import annotations

from typing import Any

from veritally.attestation import tdx
from veritally.attestation.claims import AttestationClaims, read_claims
from veritally.attestation.collateral import Collateral
from veritally.attestation.errors import RefusedError, VerdictsDifferError
from veritally.attestation.standing_chain import OnchainRun, run_standing_chain, transact
from veritally.attestation.tcb import check_tcb
from veritally.attestation.tdx_contracts import TdxContracts
from veritally.chain import TRANSACTION_GAS_CAP
from veritally.devnet.accounts import Accounts


def run_tdx_onchain(quote: bytes, collateral: str, at_s: int) -> OnchainRun:
    """Submits Intel's lists, lets the contract verify a quote, and compares it with the SDK's verdict.

    The cold gas is that of all transactions, the warm gas that of the quote alone.

    Raises:
        RefusedError: quote or collateral cannot be read.
        VerdictsDifferError: the SDK's verdict or claims are others.
        DevnetError: there is no node, or it does not start.
        TransactionFailedError: the node refuses a transaction.
    """
    lists = Collateral.from_json(collateral)
    with run_standing_chain(at_s) as chain:
        contracts = TdxContracts.deploy(chain, tdx.INTEL_ROOT, Accounts.derive().deployer)
        with chain.explained("verify", contracts.attestation.abi):
            run = _run(contracts, lists, quote)
    _require_agreement(run, quote, collateral, at_s)
    return run


def _run(contracts: TdxContracts, lists: Collateral, quote: bytes) -> OnchainRun:
    verify = contracts.verification(quote)
    total_gas, gas = 0, 0
    for call in (*contracts.submissions(lists), verify):
        gas, refusal = transact(call, call.contract_abi)
        total_gas += gas
        if refusal is not None:
            return OnchainRun(refusal, None, total_gas, None)
    claims = read_claims(verify.call({"gas": TRANSACTION_GAS_CAP}))
    return OnchainRun(None, claims, total_gas, gas)


def _require_agreement(run: OnchainRun, quote: bytes, collateral: str, at_s: int) -> None:
    """The SDK knows neither the block's time nor until when lists hold. Debug mode is for the caller."""
    claims, error = _judge(quote, collateral, at_s)
    if (claims is None) != (run.claims is None):
        raise VerdictsDifferError(error or "accepted", run.refusal or "accepted")
    if claims is not None and run.claims is not None and _shared(claims) != _shared(run.claims):
        raise VerdictsDifferError(f"accepted with {claims}", f"accepted with {run.claims}")


def _judge(quote: bytes, collateral: str, at_s: int) -> tuple[AttestationClaims | None, str | None]:
    try:
        claims = tdx.verify(quote, tdx.INTEL_ROOT, at_s)
        if not claims.debug:
            check_tcb(quote, collateral, at_s)
    except RefusedError as refusal:
        return None, refusal.name
    return claims, None


def _shared(claims: AttestationClaims) -> tuple[Any, ...]:
    return (claims.platform, claims.root, claims.measurement, claims.user_data, claims.debug)
