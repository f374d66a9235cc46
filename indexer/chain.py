"""What the indexer reads from a node, checked against itself before anybody uses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from indexer.errors import InconsistentLogsError, NodeBehindError, NoSettlementError, WrongChainError
from indexer.rpc import JsonRpc
from indexer.rpc_messages import Request
from indexer.wire import Block, parse_block, parse_octets, parse_quantity

_CHAIN_ID = Request("eth_chainId", [])

HEADERS_AT_ONCE = 100
"""Most headers that are asked for in one batch."""


@dataclass(frozen=True)
class Heads:
    """How far the chain is."""

    latest: int
    final: int
    """Number of the last block that no reorganisation reaches; -1 when there is none yet."""
    knows_state: bool = True
    """Whether the node must know the state after `latest`: it is the head, no older block."""


class ChainView:
    """One chain as one node shows it."""

    def __init__(self, rpc: JsonRpc, chain_id: int) -> None:
        self.rpc = rpc
        self.chain_id = chain_id

    def require_chain_id(self) -> None:
        """Checks that the node serves this chain.

        Raises:
            WrongChainError: it serves another one.
        """
        self._require(read_chain_id(self.rpc))

    def heads(self) -> Heads:
        """Numbers of the latest and of the finalised block.

        Raises:
            WrongChainError: the node has come to serve another chain.
        """
        latest = Request("eth_blockNumber", [])
        final = Request("eth_getBlockByNumber", ["finalized", False])
        number, header, chain_id = self.rpc.ask([latest, final, _CHAIN_ID])
        self._require(self.rpc.parse(_CHAIN_ID.method, chain_id, parse_quantity))
        head = self.rpc.parse(latest.method, number, parse_quantity)
        block = self.rpc.parse(final.method, header, parse_block)
        return Heads(head, -1 if block is None else min(block.number, head))

    def blocks(self, numbers: Sequence[int]) -> list[Block]:
        """Headers by number.

        Raises:
            NodeBehindError: the node lacks one.
        """
        headers: list[Block] = []
        for start in range(0, len(numbers), HEADERS_AT_ONCE):
            some = numbers[start : start + HEADERS_AT_ONCE]
            answers = self.rpc.ask([header_request(number) for number in some])
            headers += [self.block(number, raw) for number, raw in zip(some, answers, strict=True)]
        return headers

    def block(self, number: int, raw: msgspec.Raw) -> Block:
        """The header that was asked for.

        Raises:
            NodeBehindError: the node has no such block.
            InconsistentLogsError: it answered with another one.
        """
        block = self.rpc.parse("eth_getBlockByNumber", raw, parse_block)
        if block is None:
            raise NodeBehindError(self.rpc.shown_url, number, self.heads().latest)
        if block.number != number:
            raise InconsistentLogsError(number, number, f"the node answered with block {block.number}")
        return block

    def _require(self, found: int) -> None:
        if found != self.chain_id:
            raise WrongChainError(self.rpc.shown_url, found, self.chain_id)


class SettlementChain(ChainView):
    """One deployment on one chain, read through one node."""

    def __init__(self, rpc: JsonRpc, chain_id: int, settlement: bytes) -> None:
        super().__init__(rpc, chain_id)
        self.settlement = settlement

    def words_at(self, block_number: int, block_hash: bytes, calls: Sequence[bytes]) -> list[int]:
        """What Settlement's views answer after a block, as one integer per call.

        Raises:
            InconsistentLogsError: the node's block of this number is another one.
            NoSettlementError: no contract answers.
        """
        words: list[int] = []
        for start in range(0, len(calls), HEADERS_AT_ONCE):
            some = [self.view_request(call, block_number) for call in calls[start : start + HEADERS_AT_ONCE]]
            header, *answers = self.rpc.ask([header_request(block_number), *some])
            if self.block(block_number, header).hash != block_hash:
                raise InconsistentLogsError(block_number, block_number, "the block's hash changed meanwhile")
            words += [self.word(raw, block_number) for raw in answers]
        return words

    def call_contract(self, address: bytes, data: bytes) -> bytes | None:
        """Answer of any contract's view at the latest block; None when the call fails."""
        request = Request("eth_call", [{"to": hexadecimal(address), "data": hexadecimal(data)}, "latest"])
        (answer,) = self.rpc.ask_each([request])
        return None if answer.error else self.rpc.parse(request.method, answer.result, parse_octets)

    def view_request(self, data: bytes, block_number: int) -> Request:
        """Asks one of Settlement's views after a block."""
        call = {"to": hexadecimal(self.settlement), "data": hexadecimal(data)}
        return Request("eth_call", [call, hex(block_number)])

    def word(self, raw: msgspec.Raw, block_number: int) -> int:
        """What a view of Settlement answered, as one integer.

        Raises:
            NoSettlementError: no contract answered.
        """
        word = self.rpc.parse("eth_call", raw, parse_octets)
        if len(word) != 32:
            raise NoSettlementError(hexadecimal(self.settlement), block_number)
        return int.from_bytes(word)


def read_chain_id(rpc: JsonRpc) -> int:
    """Id of the chain that a node serves."""
    (raw,) = rpc.ask([_CHAIN_ID])
    return rpc.parse(_CHAIN_ID.method, raw, parse_quantity)


def header_request(number: int) -> Request:
    """Asks for one header."""
    return Request("eth_getBlockByNumber", [hex(number), False])


def logs_request(contracts: Mapping[str, bytes], from_block: int, to_block: int) -> Request:
    """Asks for all logs of the contracts in a range of blocks, both ends included."""
    addresses = [hexadecimal(address) for address in contracts.values()]
    where = {"address": addresses, "fromBlock": hex(from_block), "toBlock": hex(to_block)}
    return Request("eth_getLogs", [where])


def hexadecimal(octets: bytes) -> str:
    """0x hex."""
    return f"0x{octets.hex()}"
