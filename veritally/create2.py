"""Creates contracts through the CREATE2 deployer, and recognises those that are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3.exceptions import Web3RPCError
from web3.types import Nonce, StateOverride
from web3.utils import get_create_address

from veritally.abi import load_artifact
from veritally.chain import Chain
from veritally.errors import DeployerMissingError, TransactionFailedError, UnknownBlockError, WrongCodeError
from veritally.plan import CREATE2_DEPLOYER, PlannedContract

DEPLOYER_RUNTIME_HASH = "0x2fa86add0aed31f33a762c9d88e807c475bd51d0f52bd0955754b2608f7e4989"
"""keccak256 of the CREATE2 deployer's code."""


class Sender(Protocol):
    """Pays for and signs the transactions of a deployment."""

    @property
    def address(self) -> str:
        """Checksummed address."""

    def send(self, what: str, to: str, data: bytes) -> int:
        """Sends calldata, waits until it is mined and returns the block number; `what` names it in errors."""


@dataclass(frozen=True)
class AccountSender:
    """Signs with a local account."""

    chain: Chain
    account: LocalAccount

    @property
    def address(self) -> str:
        """Checksummed address of the account."""
        return str(self.account.address)

    def send(self, what: str, to: str, data: bytes) -> int:
        """See `Chain.send_data`."""
        return int(self.chain.send_data(what, to, data, self.account)["blockNumber"])


def require_deployer(chain: Chain) -> None:
    """Raises DeployerMissingError when the chain lacks the CREATE2 deployer."""
    if code_hash(chain, CREATE2_DEPLOYER) != DEPLOYER_RUNTIME_HASH:
        raise DeployerMissingError(CREATE2_DEPLOYER, chain.chain_id)


def code_hash(chain: Chain, address: str) -> str:
    """keccak256 of the code at a checksummed address, as 0x hex."""
    return as_hex(keccak(chain.w3.eth.get_code(cast(ChecksumAddress, address))))


def is_present(chain: Chain, planned: PlannedContract) -> bool:
    """Whether the contract is there already. Raises WrongCodeError when another one stands at its address."""
    if not chain.w3.eth.get_code(planned.address):
        return False
    try:
        expected = _expected_hash(chain, planned)
    except TransactionFailedError as error:  # so it cannot be what stands there
        expected = f"none ({error})"
    _require_code(chain, planned, expected)
    return True


def _require_code(chain: Chain, planned: PlannedContract, expected: str) -> None:
    found = code_hash(chain, planned.address)
    if found != expected:
        raise WrongCodeError(planned.name, planned.address, expected, found)


def _expected_hash(chain: Chain, planned: PlannedContract) -> str:
    """Runs the constructor at its address without a transaction, and hashes the code that it returns.

    Immutables depend on the chain and on the address, so the node puts the creation code at that address and
    calls it. What the constructor stored, and a contract that it created, at nonce 1, may be there already:
    the node forgets them.
    """
    child = get_create_address(planned.address, Nonce(1))
    override: StateOverride = {
        planned.address: {"code": HexBytes(planned.creation_code), "nonce": Nonce(1), "state": {}},
        child: {"code": HexBytes(b""), "nonce": Nonce(0)},
    }
    with chain.explained(f"constructor of {planned.name}", load_artifact(planned.name).abi):
        call = chain.w3.eth.call({"from": CREATE2_DEPLOYER, "to": planned.address}, "latest", override)
    return as_hex(keccak(call))


def create(chain: Chain, sender: Sender, planned: PlannedContract) -> int:
    """Creates the contract, after a trial of its constructor without a transaction; returns the block number.

    Raises:
        TransactionFailedError: the constructor reverts, or the transaction fails.
        WrongCodeError: what was created is not what the trial returned.
    """
    expected = _expected_hash(chain, planned)
    what = f"deploying {planned.name}"
    block = sender.send(what, CREATE2_DEPLOYER, planned.salt + planned.creation_code)
    _require_code(chain, planned, expected)
    return block


def block_of(chain: Chain, planned: PlannedContract) -> int:
    """Number of the block that created a contract: steps back in growing steps, then bisects.

    Raises:
        UnknownBlockError: the node does not keep the state of that time.
    """
    present = int(chain.w3.eth.block_number)
    absent, step = -1, 1
    while absent < 0 < present:
        probe = max(present - step, 0)
        if not _has_code_at(chain, planned, probe):
            absent = probe
        else:
            present, step = probe, 2 * step
    while present - absent > 1:
        middle = (present + absent) // 2
        absent, present = (absent, middle) if _has_code_at(chain, planned, middle) else (middle, present)
    return present


def _has_code_at(chain: Chain, planned: PlannedContract, block: int) -> bool:
    try:
        return bool(chain.w3.eth.get_code(planned.address, block))
    except Web3RPCError:
        raise UnknownBlockError(planned.name, block) from None


def as_hex(value: bytes) -> str:
    """Bytes as 0x hex."""
    return "0x" + value.hex()
