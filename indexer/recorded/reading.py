"""Reads logs of a range of blocks through one node, and checks them against headers of the same node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexer.chain import ChainView, header_request
from indexer.errors import InconsistentLogsError, RpcAnswerError
from indexer.range_checks import require_fit, require_one_chain
from indexer.recorded.logs import Log, Wanted, logs_of
from indexer.wire import LOG_INDEX_BITS, Block, LogTable, parse_logs

_LIMIT_UNIT = 1_000
"""Nodes that cut answers cut them at a multiple of this."""


@dataclass(frozen=True)
class Part:
    """What a node says of a range of blocks."""

    first: Block
    last: Block
    blocks: Mapping[int, Block]
    """By number: the first, the last and those with logs."""
    logs: tuple[tuple[Log, ...], ...]
    """For each filter, in the order of the chain."""


class LogReader:
    """Reads logs through one node."""

    def __init__(self, chain: ChainView) -> None:
        self.chain = chain

    def read(self, wanted: Sequence[Wanted], from_block: int, to_block: int) -> Part:
        """The logs of a range, both ends included.

        Raises:
            NodeBehindError: the node lacks one of the blocks.
            RpcAnswerError: it answers with an error, or with what looks like a part of the logs.
            InconsistentLogsError: what it says does not fit together.
        """
        rpc = self.chain.rpc
        requests = [header_request(from_block), header_request(to_block)]
        requests += [one.request(from_block, to_block) for one in wanted]
        first, last, *answers = rpc.ask(requests)
        blocks = {from_block: self.chain.block(from_block, first), to_block: self.chain.block(to_block, last)}
        tables = [rpc.parse("eth_getLogs", raw, parse_logs) for raw in answers]
        for one, table in zip(wanted, tables, strict=True):
            require_fit(table, from_block, to_block, set(one.contracts))
            self._require_whole(table, from_block, to_block)
        blocks |= self._headers(tables, blocks)
        for table in tables:
            require_one_chain([blocks[number] for number in sorted(blocks)], table)
        logs = tuple(tuple(logs_of(table)) for table in tables)
        _require_wanted(wanted, logs, from_block, to_block)
        return Part(blocks[from_block], blocks[to_block], blocks, logs)

    def _require_whole(self, table: LogTable, from_block: int, to_block: int) -> None:
        if from_block < to_block and len(table) and len(table) % _LIMIT_UNIT == 0:
            problem = f"{len(table)} logs, which may be the node's limit"
            raise RpcAnswerError(self.chain.rpc.shown_url, "eth_getLogs", problem)

    def _headers(self, tables: Sequence[LogTable], known: Mapping[int, Block]) -> dict[int, Block]:
        numbers = {number for table in tables for number in (table.places >> LOG_INDEX_BITS).tolist()}
        return {block.number: block for block in self.chain.blocks(sorted(numbers - known.keys()))}


def _require_wanted(
    wanted: Sequence[Wanted], logs: Sequence[Sequence[Log]], from_block: int, to_block: int
) -> None:
    for one, found in zip(wanted, logs, strict=True):
        for log in found:
            if not one.allows(log):
                problem = f"log {log.log_index} of block {log.block} was not asked for"
                raise InconsistentLogsError(from_block, to_block, problem)
