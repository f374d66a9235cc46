"""Reads ranges of blocks, several in flight at once, and checks each before anybody uses it.

Ranges are sized by the bytes that the last ones brought. One that the node refuses, or whose number of logs
looks like a limit of the node, is asked for again in halves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from indexer.chain import HEADERS_AT_ONCE, Heads, SettlementChain, header_request, logs_request
from indexer.errors import NoSettlementError, NotReadyError, RpcAnswerError, RpcUnreachableError
from indexer.range_checks import require_fit, require_one_chain
from indexer.rpc import JsonRpc
from indexer.rpc_messages import Answer, Request, Sent
from indexer.wire import LOG_INDEX_BITS, Block, LogTable, parse_logs

_TARGET_BYTES = 2_000_000
"""Of one answer: memory that several of them take is a multiple of it."""
_FIRST_BLOCKS = 64
_GROWTH = 4
_IN_FLIGHT = 3
_LIMIT_UNIT = 1_000
"""Nodes that cut answers cut them at a multiple of this."""


@dataclass(frozen=True)
class BlockRange:
    """All logs of our contracts from one block to another, inclusive."""

    first: Block
    last: Block
    blocks: tuple[Block, ...]
    """Ascending: the first, the last and those with logs; all of them when the range is not final."""
    logs: LogTable
    next_seq: int | None
    """The contract's `nextSeq()` after `last`; None when the node does not know old states."""


@dataclass(frozen=True)
class _Asked:
    from_block: int
    to_block: int
    headers: tuple[int, ...]
    """Numbers of the blocks whose headers are asked for along with the logs."""
    lane: JsonRpc
    sent: Sent

    @property
    def length(self) -> int:
        return self.to_block - self.from_block + 1


@dataclass(frozen=True)
class _Answered:
    """A range whose remaining headers are on their way."""

    asked: _Asked
    blocks: Mapping[int, Block]
    logs: LogTable
    next_seq: int | None
    missing: tuple[int, ...]
    sent: Sent | None


class RangeReader:
    """Reads the logs of one deployment."""

    def __init__(
        self, chain: SettlementChain, contracts: Mapping[str, bytes], next_seq_call: bytes, most_blocks: int
    ) -> None:
        """`contracts` are addresses by name; `most_blocks` limits a range."""
        self._chain = chain
        self._contracts = contracts
        self._next_seq_call = next_seq_call
        self._most_blocks = most_blocks
        self._ceiling = most_blocks
        self._blocks = min(most_blocks, _FIRST_BLOCKS)
        self._lanes = [chain.rpc.another() for _ in range(_IN_FLIGHT + 2)]
        self._free = deque(self._lanes)

    def read(self, from_block: int, heads: Heads) -> Iterator[BlockRange]:
        """The ranges from a block to the latest one, in order.

        Raises:
            NodeBehindError: the node lacks one of the blocks.
            InconsistentLogsError: logs do not fit the range, the headers or one another.
            RpcAnswerError, RpcUnreachableError: the node answers not even for a single block.
        """
        self._free = deque(self._lanes)
        try:
            yield from self._read(from_block, heads)
        finally:
            for lane in self._lanes:
                lane.close()

    def _read(self, next_block: int, heads: Heads) -> Iterator[BlockRange]:
        flying: deque[_Asked] = deque()
        before: _Answered | None = None
        while flying or next_block <= heads.latest:
            while next_block <= heads.latest and len(flying) < _IN_FLIGHT:
                flying.append(self._ask(next_block, heads))
                next_block = flying[-1].to_block + 1
            asked = flying.popleft()
            try:
                answered = self._receive(asked, heads)
            except NotReadyError:
                if before is not None:
                    yield self._finish(before)
                raise
            if answered is None:
                next_block = asked.from_block
                self._give_up(asked, *flying)
                flying.clear()
                continue
            if before is not None:
                yield self._finish(before)
            before = answered
        if before is not None:
            yield self._finish(before)

    def _ask(self, from_block: int, heads: Heads) -> _Asked:
        """Asks for a range that does not reach over the final block, with all headers behind it."""
        to_block = min(from_block + self._blocks - 1, heads.latest)
        if from_block <= heads.final:
            to_block = min(to_block, heads.final)
            headers = tuple(sorted({from_block, to_block}))
        else:
            to_block = min(to_block, from_block + HEADERS_AT_ONCE - 1)
            headers = tuple(range(from_block, to_block + 1))
        lane = self._free.popleft()
        return _Asked(from_block, to_block, headers, lane, lane.send(self._requests(headers)))

    def _requests(self, headers: Sequence[int]) -> list[Request]:
        """Headers and logs in one batch: a node that lacks the last block cannot answer "no logs"."""
        return [
            *map(header_request, headers),
            self._chain.view_request(self._next_seq_call, headers[-1]),
            logs_request(self._contracts, headers[0], headers[-1]),
        ]

    def _receive(self, asked: _Asked, heads: Heads) -> _Answered | None:
        """The logs; None when the range is to be asked for again in smaller parts."""
        try:
            parsed = self._parsed(asked)
        except (RpcAnswerError, RpcUnreachableError) as error:
            if asked.length == 1 or not error.may_be_too_large:
                raise
            parsed = None
        if parsed is None:
            self._ceiling = -(-asked.length // 2)
            self._blocks = self._ceiling
            return None
        blocks, logs, next_seq_answer = parsed
        next_seq = self._next_seq(asked, next_seq_answer, heads)
        require_fit(logs, asked.from_block, asked.to_block, set(self._contracts.values()))
        numbers = np.unique(logs.places >> LOG_INDEX_BITS).tolist()
        missing = tuple(number for number in numbers if number not in blocks)
        if not missing:
            self._free.append(asked.lane)
            return _Answered(asked, blocks, logs, next_seq, (), None)
        sent = asked.lane.send([header_request(number) for number in missing[:HEADERS_AT_ONCE]])
        return _Answered(asked, blocks, logs, next_seq, missing, sent)

    def _parsed(self, asked: _Asked) -> tuple[dict[int, Block], LogTable, Answer] | None:
        """Headers, logs, and the answer about `nextSeq()`; None when the logs may have been cut."""
        requests = asked.sent.requests
        answers = asked.lane.receive(asked.sent)
        blocks = self._headers(asked.headers, requests, answers)
        raw = asked.lane.result(requests[-1], answers[-1])
        logs = asked.lane.parse(requests[-1].method, raw, parse_logs)
        if asked.length > 1 and len(logs) and len(logs) % _LIMIT_UNIT == 0:
            return None
        self._resize(asked.length, len(raw))
        return blocks, logs, answers[-2]

    def _finish(self, answered: _Answered) -> BlockRange:
        """Takes the remaining headers, and checks that headers and logs speak of the same blocks."""
        asked, blocks = answered.asked, dict(answered.blocks)
        if answered.sent is not None:
            answers = asked.lane.receive(answered.sent)
            blocks |= self._headers(answered.missing[:HEADERS_AT_ONCE], answered.sent.requests, answers)
            self._free.append(asked.lane)
            rest = self._chain.blocks(answered.missing[HEADERS_AT_ONCE:])
            blocks |= {block.number: block for block in rest}
        headers = tuple(blocks[number] for number in sorted(blocks))
        require_one_chain(headers, answered.logs)
        first, last = blocks[asked.from_block], blocks[asked.to_block]
        return BlockRange(first, last, headers, answered.logs, answered.next_seq)

    def _headers(
        self, numbers: Sequence[int], requests: Sequence[Request], answers: Sequence[Answer]
    ) -> dict[int, Block]:
        results = map(self._chain.rpc.result, requests, answers[: len(numbers)])
        return {n: self._chain.block(n, raw) for n, raw in zip(numbers, results, strict=True)}

    def _next_seq(self, asked: _Asked, answer: Answer, heads: Heads) -> int | None:
        """`nextSeq()` after the range: nodes may have forgotten old states, but not the latest one."""
        if answer.error is not None and (asked.to_block < heads.latest or not heads.knows_state):
            return None
        try:
            return self._chain.word(asked.lane.result(asked.sent.requests[-2], answer), asked.to_block)
        except NoSettlementError:
            if asked.to_block == heads.latest and heads.knows_state:
                raise
            return 0  # the contracts it needs were deployed before it

    def _resize(self, blocks: int, octets: int) -> None:
        """Aims at the same bytes again; what was once refused is approached slowly."""
        self._ceiling = min(self._most_blocks, self._ceiling + self._ceiling // 8 + 1)
        wanted = min(blocks * _TARGET_BYTES // max(octets, 1), self._blocks * _GROWTH)
        self._blocks = max(1, min(wanted, self._ceiling))

    def _give_up(self, *asked: _Asked) -> None:
        """Forgets answers that nobody waits for any more."""
        for one in asked:
            one.lane.close()
            self._free.append(one.lane)
