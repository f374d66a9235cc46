"""What the indexer reads from a node, checked against itself before anybody uses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from indexer.errors import InconsistentLogsError, NodeBehindError, NoSettlementError, WrongChainError
from indexer.rpc import JsonRpc, Request
from indexer.wire import Block, Log, parse_block, parse_logs, parse_octets, parse_quantity

_BATCH = 100


@dataclass(frozen=True)
class BlockRange:
    """All logs of Settlement from one block to another, inclusive, in the order of the chain."""

    first: Block
    last: Block
    logs: tuple[Log, ...]
    blocks_with_logs: tuple[Block, ...]
    next_seq: int | None
    """The contract's `nextSeq()` after `last`, when it was asked for."""


class SettlementChain:
    """One Settlement contract on one chain, read through one node."""

    def __init__(self, rpc: JsonRpc, chain_id: int, settlement: bytes) -> None:
        self.rpc = rpc
        self.chain_id = chain_id
        self.settlement = settlement

    def require_chain_id(self) -> None:
        """Checks that the node serves the deployment's chain.

        Raises:
            WrongChainError: it serves another one.
        """
        found = self._quantity(Request("eth_chainId", []))
        if found != self.chain_id:
            raise WrongChainError(self.rpc.shown_url, found, self.chain_id)

    def head_number(self) -> int:
        """Number of the latest block."""
        return self._quantity(Request("eth_blockNumber", []))

    def blocks(self, numbers: Sequence[int]) -> list[Block]:
        """Headers by number.

        Raises:
            NodeBehindError: the node lacks one.
        """
        headers: list[Block] = []
        for start in range(0, len(numbers), _BATCH):
            some = numbers[start : start + _BATCH]
            answers = self.rpc.ask([_header_request(number) for number in some])
            headers += [self._block(number, raw) for number, raw in zip(some, answers, strict=True)]
        return headers

    def read_range(self, from_block: int, to_block: int, next_seq_call: bytes | None) -> BlockRange:
        """Logs of the blocks `from_block` to `to_block` inclusive; with a call, also `nextSeq()` after them.

        Headers and logs are asked for in one batch: a node that lacks `to_block` cannot answer "no logs".

        Raises:
            NodeBehindError: the node lacks one of the blocks.
            InconsistentLogsError: logs do not fit the range, the headers or one another.
        """
        where = {"address": _hex(self.settlement), "fromBlock": hex(from_block), "toBlock": hex(to_block)}
        requests = [_header_request(from_block), _header_request(to_block), Request("eth_getLogs", [where])]
        if next_seq_call is not None:
            requests.append(self._view_request(next_seq_call, to_block))
        answers = self.rpc.ask(requests)
        first, last = self._block(from_block, answers[0]), self._block(to_block, answers[1])
        logs = sorted(self.rpc.parse("eth_getLogs", answers[2], parse_logs), key=lambda log: log.row_id)
        next_seq = None if next_seq_call is None else self._word(answers[3], to_block)
        problem = self._problem_of(logs, from_block, to_block)
        if problem is not None:
            raise InconsistentLogsError(from_block, to_block, problem)
        blocks = self.blocks(sorted({log.block_number for log in logs}))
        _require_one_chain((first, last, *blocks), logs)
        return BlockRange(first, last, tuple(logs), tuple(blocks), next_seq)

    def words_at(self, block_number: int, block_hash: bytes, calls: Sequence[bytes]) -> list[int]:
        """What Settlement's views answer after a block, as one integer per call.

        Raises:
            InconsistentLogsError: the node's block of this number is another one.
            NoSettlementError: no contract answers.
        """
        words: list[int] = []
        for start in range(0, len(calls), _BATCH):
            some = [self._view_request(call, block_number) for call in calls[start : start + _BATCH]]
            header, *answers = self.rpc.ask([_header_request(block_number), *some])
            if self._block(block_number, header).hash != block_hash:
                raise InconsistentLogsError(block_number, block_number, "the block's hash changed meanwhile")
            words += [self._word(raw, block_number) for raw in answers]
        return words

    def call_contract(self, address: bytes, data: bytes) -> bytes | None:
        """Answer of any contract's view at the latest block; None when the call fails."""
        request = Request("eth_call", [{"to": _hex(address), "data": _hex(data)}, "latest"])
        (answer,) = self.rpc.ask_each([request])
        return None if answer.error else self.rpc.parse(request.method, answer.result, parse_octets)

    def _view_request(self, data: bytes, block_number: int) -> Request:
        return Request("eth_call", [{"to": _hex(self.settlement), "data": _hex(data)}, hex(block_number)])

    def _word(self, raw: msgspec.Raw, block_number: int) -> int:
        word = self.rpc.parse("eth_call", raw, parse_octets)
        if len(word) != 32:
            raise NoSettlementError(_hex(self.settlement), block_number)
        return int.from_bytes(word)

    def _quantity(self, request: Request) -> int:
        (raw,) = self.rpc.ask([request])
        return self.rpc.parse(request.method, raw, parse_quantity)

    def _block(self, number: int, raw: msgspec.Raw) -> Block:
        block = self.rpc.parse("eth_getBlockByNumber", raw, parse_block)
        if block is None:
            raise NodeBehindError(self.rpc.shown_url, number, self.head_number())
        if block.number != number:
            raise InconsistentLogsError(number, number, f"the node answered with block {block.number}")
        return block

    def _problem_of(self, logs: Sequence[Log], from_block: int, to_block: int) -> str | None:
        for before, log in zip([None, *logs], logs, strict=False):
            if log.address != self.settlement:
                return f"a log of another contract, {_hex(log.address)}"
            if log.removed:
                return f"log {log.log_index} of block {log.block_number} is marked as removed"
            if not from_block <= log.block_number <= to_block:
                return f"a log of block {log.block_number}"
            if before is not None and before.row_id == log.row_id:
                return f"log {log.log_index} of block {log.block_number} twice"
        return None


def _require_one_chain(blocks: Sequence[Block], logs: Sequence[Log]) -> None:
    """Checks that headers and logs that were asked for one after the other speak of the same blocks."""
    hashes: dict[int, bytes] = {}
    seen = [(block.number, block.hash) for block in blocks] + [
        (log.block_number, log.block_hash) for log in logs
    ]
    for number, block_hash in seen:
        if hashes.setdefault(number, block_hash) != block_hash:
            raise InconsistentLogsError(blocks[0].number, blocks[1].number, f"two hashes for block {number}")


def _header_request(number: int) -> Request:
    return Request("eth_getBlockByNumber", [hex(number), False])


def _hex(octets: bytes) -> str:
    return f"0x{octets.hex()}"
