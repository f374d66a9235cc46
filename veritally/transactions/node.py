"""What a node says about chain and transactions, with every answer checked for its form and for itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from veritally.transactions.errors import CallRefusedError
from veritally.transactions.intents import Call, Landing
from veritally.transactions.rpc import RefusedError, Rpc

_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_MOST = 2**62
"""No block number, nonce or amount of gas is above it."""
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_KNOWN = ("already known", "already imported", "known transaction", "alreadyknown", "already exists")
"""What nodes say to bytes that they have."""
_REVERTED = ("revert", "vm exception", "out of gas", "invalid opcode")


@dataclass(frozen=True)
class Block:
    """A block of the chain that the node follows."""

    number: int
    hash: str
    base_fee_wei: int
    transactions: tuple[Any, ...]
    """Hashes, or whole transactions when they were asked for."""


@dataclass(frozen=True)
class Taker:
    """The transaction that used a nonce."""

    tx_hash: str
    to: str | None
    data: str
    value_wei: int

    def does(self, call: Call) -> bool:
        """Whether it does the same as `call`."""
        same_data = self.data.lower() == f"0x{call.data.hex()}"
        return self.to == call.to and same_data and self.value_wei == call.value_wei


class Node:
    """One node. Every method raises EndpointError when there is no usable answer."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._rpc = Rpc(url, timeout_s)
        self.host = self._rpc.host

    def chain_id(self) -> int:
        """The chain that it serves."""
        return self._count("eth_chainId", self._rpc.ask("eth_chainId"))

    def block(self, where: int | str, whole: bool = False) -> Block | None:
        """A block by number or tag; None when the node has none. `whole`: with its transactions."""
        method = "eth_getBlockByNumber"
        found = self._rpc.ask(method, _block(where), whole)
        if found is None:
            return None
        fields = self._object(method, found)
        number = self._count(method, fields.get("number"))
        transactions = fields.get("transactions")
        if (isinstance(where, int) and number != where) or not isinstance(transactions, list):
            raise self._rpc.nonsense(method, "another block than was asked for")
        base_fee_wei = self._number(method, fields.get("baseFeePerGas", "0x0"))
        return Block(number, self._hash(method, fields.get("hash")), base_fee_wei, tuple(transactions))

    def head(self) -> Block:
        """The latest block."""
        found = self.block("latest")
        if found is None:
            raise self._rpc.nonsense("eth_getBlockByNumber", "no latest block")
        return found

    def transaction_count(self, sender: str, where: int | str) -> int:
        """How many transactions of `sender` are in blocks up to this one."""
        method = "eth_getTransactionCount"
        return self._count(method, self._rpc.ask(method, sender, _block(where)))

    def balance_wei(self, sender: str) -> int:
        """What `sender` has at the latest block."""
        return self._quantity("eth_getBalance", sender, "latest")

    def suggested_tip_wei(self) -> int:
        """What to pay above the base fee; 0 when the node suggests nothing."""
        try:
            return self._quantity("eth_maxPriorityFeePerGas")
        except RefusedError:
            return 0

    def estimate_gas(self, key: str, sender: str, call: Call) -> int:
        """What the call burns.

        Raises:
            CallRefusedError: it reverts.
        """
        params = {"from": sender, "to": call.to, "data": f"0x{call.data.hex()}", "value": hex(call.value_wei)}
        try:
            return self._count("eth_estimateGas", self._rpc.ask("eth_estimateGas", params))
        except RefusedError as error:
            if any(word in error.message.lower() for word in _REVERTED):
                raise CallRefusedError(key, error.message, _as_bytes(error.data)) from None
            raise

    def send(self, raw: bytes) -> None:
        """Hands signed bytes over; returns when the node has them. It may have them when it raises, too."""
        method = "eth_sendRawTransaction"
        try:
            answered = self._rpc.ask(method, f"0x{raw.hex()}")
        except RefusedError as error:
            if any(words in error.message.lower() for words in _KNOWN):
                return
            raise
        if answered != f"0x{keccak(raw).hex()}":
            raise self._rpc.nonsense(method, "another hash than that of the transaction")

    def landing(self, tx_hash: str, is_call: bool) -> Landing | None:
        """Where a transaction is, if this node has it in a block that is on its chain."""
        method = "eth_getTransactionReceipt"
        found = self._rpc.ask(method, tx_hash)
        if found is None:
            return None
        fields = self._object(method, found)
        if fields.get("transactionHash") != tx_hash or fields.get("status") not in ("0x0", "0x1"):
            raise self._rpc.nonsense(method, "another receipt than was asked for")
        number = self._count(method, fields.get("blockNumber"))
        block_hash = self._hash(method, fields.get("blockHash"))
        block = self.block(number)
        if block is None or block.hash != block_hash or tx_hash not in block.transactions:
            return None
        return Landing(
            tx_hash=tx_hash,
            block_number=number,
            block_hash=block_hash,
            succeeded=fields["status"] == "0x1",
            is_call=is_call,
            gas_used=self._count(method, fields.get("gasUsed")),
            gas_price_wei=self._number(method, fields.get("effectiveGasPrice", "0x0")),
        )

    def taker(self, sender: str, nonce: int, highest: int) -> Taker:
        """The transaction that used a nonce which was used at block `highest` or before."""
        low, step = highest, 1
        while low >= 0 and self.transaction_count(sender, low) > nonce:
            highest, low, step = low, low - step, 2 * step
        low = max(low, -1)
        while highest - low > 1:
            middle = (low + highest) // 2
            if self.transaction_count(sender, middle) > nonce:
                highest = middle
            else:
                low = middle
        block = self.block(highest, whole=True)
        for entry in block.transactions if block else ():
            fields = self._object("eth_getBlockByNumber", entry)
            is_senders = str(fields.get("from")).lower() == sender.lower()
            if is_senders and self._number("eth_getBlockByNumber", fields.get("nonce")) == nonce:
                return self._taker(fields)
        raise self._rpc.nonsense("eth_getBlockByNumber", f"nonce {nonce} is used, but in no block")

    def close(self) -> None:
        """Closes the connection."""
        self._rpc.close()

    def _taker(self, fields: Mapping[str, Any]) -> Taker:
        method = "eth_getBlockByNumber"
        to = fields.get("to")
        is_call = isinstance(to, str) and _ADDRESS.fullmatch(to)
        return Taker(
            tx_hash=self._hash(method, fields.get("hash")),
            to=to_checksum_address(to) if is_call else None,
            data=str(fields.get("input")),
            value_wei=self._number(method, fields.get("value")),
        )

    def _quantity(self, method: str, *params: object) -> int:
        return self._number(method, self._rpc.ask(method, *params))

    def _number(self, method: str, value: object) -> int:
        if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
            raise self._rpc.nonsense(method, "no number where one belongs")
        return int(value, 16)

    def _count(self, method: str, value: object) -> int:
        number = self._number(method, value)
        if number > _MOST:
            raise self._rpc.nonsense(method, "a number that is too large")
        return number

    def _hash(self, method: str, value: object) -> str:
        if not isinstance(value, str) or not _HASH.fullmatch(value):
            raise self._rpc.nonsense(method, "no hash where one belongs")
        return value.lower()

    def _object(self, method: str, value: object) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self._rpc.nonsense(method, "no object where one belongs")
        return value


def _block(where: int | str) -> str:
    """A block number or a tag as nodes take it."""
    return hex(where) if isinstance(where, int) else where


def _as_bytes(data: object) -> bytes:
    """Revert data, which nodes give as hex, or not at all."""
    try:
        return bytes.fromhex(data.removeprefix("0x")) if isinstance(data, str) else b""
    except ValueError:
        return b""
