"""What callers hand over and get back: intents and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eth_utils.address import is_checksum_address
from hexbytes import HexBytes
from web3.contract.contract import ContractFunction

from veritally.chain import TRANSACTION_GAS_CAP
from veritally.transactions.errors import InvalidIntentError
from veritally.transactions.states import Outcome, State

LONGEST_KEY = 200
LONGEST_DATA_BYTES = 120_000
"""Nodes take no transaction above 128 KiB."""
_BASE_GAS = 21_000
_MOST_WEI = 2**256 - 1


@dataclass(frozen=True)
class Call:
    """What a transaction does, apart from nonce and fees."""

    to: str
    """Checksummed address."""
    data: bytes = b""
    value_wei: int = 0
    gas_limit: int | None = None
    """None: tried and estimated when it is submitted, so that a call that reverts is refused."""

    @classmethod
    def of(cls, function: ContractFunction, gas_limit: int | None = None, value_wei: int = 0) -> Call:
        """A call of a contract's function with its arguments."""
        data = HexBytes(function._encode_transaction_data())
        return cls(to=function.address, data=bytes(data), value_wei=value_wei, gas_limit=gas_limit)

    def check(self) -> None:
        """Refuses what every node would refuse.

        Raises:
            InvalidIntentError: a field is out of its range.
        """
        if not is_checksum_address(self.to):
            raise InvalidIntentError("to", self.to, "give a checksummed address")
        if len(self.data) > LONGEST_DATA_BYTES:
            rule = f"nodes take {LONGEST_DATA_BYTES} bytes at most; split the call"
            raise InvalidIntentError("data", f"{len(self.data)} bytes", rule)
        if not 0 <= self.value_wei <= _MOST_WEI:
            raise InvalidIntentError("value_wei", self.value_wei, "give 0 to 2**256 - 1 wei")
        if self.gas_limit is not None and not self._least_gas() <= self.gas_limit <= TRANSACTION_GAS_CAP:
            rule = f"this call needs from {self._least_gas()} to {TRANSACTION_GAS_CAP} gas"
            raise InvalidIntentError("gas_limit", self.gas_limit, rule)

    def _least_gas(self) -> int:
        """What the transaction costs before it runs, by EIP-7623."""
        tokens = self.data.count(0) + 4 * (len(self.data) - self.data.count(0))
        return _BASE_GAS + 10 * tokens


@dataclass(frozen=True)
class Intent:
    """A transaction that shall land once."""

    key: str
    """Chosen by the caller. The same key submitted again is the same intent."""
    call: Call

    def check(self) -> None:
        """Refuses what cannot be stored or sent.

        Raises:
            InvalidIntentError: a field is out of its range.
        """
        if not 0 < len(self.key) <= LONGEST_KEY:
            raise InvalidIntentError("key", self.key, f"give 1 to {LONGEST_KEY} characters")
        self.call.check()


@dataclass(frozen=True)
class Landing:
    """The transaction that used an intent's nonce."""

    tx_hash: str
    block_number: int
    block_hash: str
    succeeded: bool
    is_call: bool
    """False: it only fills the nonce, because the intent was cancelled."""
    gas_used: int
    gas_price_wei: int
    """What each unit of gas cost."""


@dataclass(frozen=True)
class IntentStatus:
    """What is known about an intent now."""

    key: str
    state: State
    nonce: int
    hashes: tuple[str, ...]
    """Of everything that was ever signed for it, oldest first: any of them may land, one at most."""
    cancelled: bool
    """Whether somebody asked to cancel it. It may land nevertheless."""
    landing: Landing | None
    problem: str | None
    """What nodes said when they last refused it."""

    @property
    def outcome(self) -> Outcome | None:
        """What became of it; None before it is mined."""
        if not self.state.reaches(State.MINED):
            return None
        if self.landing is None or not self.landing.is_call:
            return Outcome.CANCELLED
        return Outcome.EXECUTED if self.landing.succeeded else Outcome.REVERTED

    def as_json(self) -> dict[str, Any]:
        """As a JSON object, for logs and APIs."""
        landed = None if self.landing is None else dict(vars(self.landing))
        shown = dict(vars(self)) | {"state": self.state.value, "hashes": list(self.hashes), "landing": landed}
        return shown | {"outcome": self.outcome and self.outcome.value}
