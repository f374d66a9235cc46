"""Stores Intel's lists on a chain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount
from web3.contract.contract import ContractFunction
from web3.exceptions import ContractCustomError

from veritally.attestation.collateral import Collateral
from veritally.attestation.errors import CollateralRefusedError
from veritally.attestation.tdx_contracts import TdxContracts
from veritally.chain import Chain
from veritally.reverts import refusal_reason

LIST_NAMES = ("root's revocations", "authority's revocations", "levels of the machine", "quoting enclave")
"""In the order in which they must be submitted."""

_NOT_NEWER = ("CrlNotNewer(", "NotNewer(")


@dataclass(frozen=True)
class Submitted:
    """What became of one list."""

    what: str
    """One of `LIST_NAMES`."""
    block: int | None
    """Number of the block that stored it; None: the chain had it, or a newer one, and nothing was sent."""
    gas: int | None
    """Gas that the transaction used; None: nothing was sent."""
    until_s: int
    """Unix seconds until which the list holds that the chain has now."""


def submit_collateral(
    chain: Chain, contracts: TdxContracts, collateral: Collateral, account: LocalAccount
) -> Iterator[Submitted]:
    """Sends the lists that are newer than the chain's, one transaction each, and tells of each one.

    Args:
        chain: Where the contracts are.
        contracts: Keep the lists.
        collateral: The lists.
        account: Pays for and signs the transactions.

    Raises:
        CollateralRefusedError: the chain refuses a list; those before it are stored.
        TransactionFailedError: the node refuses a transaction.
        ChainUnreachableError: the node does not answer.
    """
    submissions, ends = contracts.submissions(collateral), contracts.ends(collateral)
    for what, submission, end in zip(LIST_NAMES, submissions, ends, strict=True):
        block, gas = None, None
        if _is_newer(chain, what, submission, account):
            receipt = chain.send(submission, account)
            block, gas = int(receipt["blockNumber"]), int(receipt["gasUsed"])
        yield Submitted(what, block, gas, int(chain.read(end)[1]))


def _is_newer(chain: Chain, what: str, submission: ContractFunction, account: LocalAccount) -> bool:
    with chain.reading():
        try:
            submission.call({"from": account.address})
        except ContractCustomError as error:
            reason = refusal_reason(error, submission.contract_abi)
            if reason.startswith(_NOT_NEWER):
                return False
            raise CollateralRefusedError(what, reason) from None
    return True
