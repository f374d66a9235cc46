"""A chain of its own whose clock stands still, for a contract's verdict on a document.

A transaction gets the most gas that EIP-7825 allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from web3.contract.contract import ContractFunction
from web3.exceptions import ContractCustomError, ContractLogicError, Web3RPCError

from veritally.attestation.claims import AttestationClaims
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
    """Gas of the transaction that judged every certificate, or that was refused; for TDX, of lists, too."""
    warm_gas: int | None
    """Gas of the same transaction alone, with what the contract remembers; None: refused, so nothing is."""

    @property
    def error(self) -> str | None:
        """Name of the custom error."""
        return None if self.refusal is None else self.refusal.partition("(")[0]


@contextmanager
def run_standing_chain(at_s: int) -> Iterator[Chain]:
    """A chain where every block has the same time, and whose node enforces the cap."""
    options = ("--timestamp", str(at_s), "--enable-tx-gas-limit")
    with run_anvil(find_anvil(find_root(None)), options=options) as node:
        chain = Chain.connect(node.rpc_url)
        call_node(chain, "anvil_setBlockTimestampInterval", 0)
        yield chain


def transact(call: ContractFunction, abi: Sequence[Any]) -> tuple[int, str | None]:
    """Gas that a transaction used, and why it was refused, with the errors of `abi`.

    Raises:
        ContractLogicError, Web3RPCError: the node refuses the transaction.
    """
    w3 = call.w3
    sender = Accounts.derive().deployer.address
    sent = call.transact({"from": sender, "gas": TRANSACTION_GAS_CAP})
    receipt = w3.eth.wait_for_transaction_receipt(sent)
    gas_used = int(receipt["gasUsed"])
    if receipt["status"] == 1:
        return gas_used, None
    try:
        call.call({"from": sender, "gas": TRANSACTION_GAS_CAP}, receipt["blockNumber"] - 1)
    except ContractCustomError as error:
        return gas_used, refusal_reason(error, abi)
    except (ContractLogicError, Web3RPCError) as error:
        return gas_used, f"no verdict with {TRANSACTION_GAS_CAP} gas ({refusal_reason(error, ())})"
    return gas_used, "reverted in its block, but not when replayed before it"
