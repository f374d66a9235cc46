"""A chain as another node sees it: one that is behind, or one that follows another branch.

What a view says of heads, headers, logs and calls fits together. Transactions and receipts stay as they are.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from indexer.chaos.fault import Ask, Json, error, params, result, through

HEAD = "eth_blockNumber"
BLOCK = "eth_getBlockByNumber"
BLOCK_BY_HASH = "eth_getBlockByHash"
LOGS = "eth_getLogs"
CALL = "eth_call"
_FINAL_TAGS = ("finalized", "safe")


@dataclass(frozen=True)
class HeightView:
    """The chain when `height` was its latest block."""

    height: int
    final_lag: int
    """How far the finalised block is behind the latest one."""

    def answers(self, requests: list[Json], ask: Ask) -> list[Json]:
        """As a node that has not seen later blocks."""
        return through(requests, ask, self._before)

    def _before(self, request: Json) -> Json:
        method, given = request["method"], params(request)
        if method == HEAD:
            return result(request, hex(self.height))
        if method == BLOCK:
            number = self._number(given[0])
            known = 0 <= number <= self.height
            return {**request, "params": [hex(number), *given[1:]]} if known else result(request, None)
        if method == LOGS and "blockHash" not in given[0]:
            first, last = self._number(given[0]["fromBlock"]), self._number(given[0]["toBlock"])
            if first > self.height:
                return result(request, [])
            where = {**given[0], "fromBlock": hex(first), "toBlock": hex(min(last, self.height))}
            return {**request, "params": [where]}
        if method == CALL and len(given) > 1 and isinstance(given[1], str):
            number = self._number(given[1])
            if number > self.height:
                return error(request, -32000, "header not found")
            return {**request, "params": [given[0], hex(number), *given[2:]]}
        return request

    def _number(self, block: str) -> int:
        if block in _FINAL_TAGS:
            return self.height - self.final_lag
        if block in ("latest", "pending"):
            return self.height
        return 0 if block == "earliest" else int(block, 16)


@dataclass(frozen=True)
class BranchView:
    """A branch that leaves the chain after block `fork`: there every event happens one block later."""

    fork: int
    head: int
    seed: int

    def answers(self, requests: list[Json], ask: Ask) -> list[Json]:
        """As a node on this branch."""
        return through(requests, ask, self._before, self._after)

    def hash(self, number: int) -> str:
        """Of a block of the branch."""
        return "0x" + hashlib.sha256(f"branch {self.seed} {self.fork} {number}".encode()).hexdigest()

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {self.hash(number): number for number in range(self.fork + 1, self.head + 1)}

    def _before(self, request: Json) -> Json:
        method, given = request["method"], params(request)
        if method == BLOCK_BY_HASH and given[0] in self._numbers:
            found = hex(self._numbers[given[0]])
            return {**request, "method": BLOCK, "params": [found, *given[1:]]}
        if method == LOGS:
            first, last = self._range(given[0])
            kept = {name: value for name, value in given[0].items() if name in ("address", "topics")}
            where = {**kept, "fromBlock": hex(max(first - 1, 0)), "toBlock": hex(last)}
            return {**request, "params": [where]} if first >= 0 else request
        if method == CALL and len(given) > 1 and isinstance(given[1], str):
            number = self._number(given[1])
            if number > self.fork:
                return {**request, "params": [given[0], hex(number - 1), *given[2:]]}
        return request

    def _after(self, request: Json, answer: Json) -> Json:
        found = answer.get("result")
        if request["method"] in (BLOCK, BLOCK_BY_HASH) and isinstance(found, dict):
            return {**answer, "result": self._header(found)}
        if request["method"] == LOGS and isinstance(found, list):
            first, last = self._range(params(request)[0])
            if first < 0:
                return answer
            moved = [self._log(log) for log in found]
            inside = [log for log in moved if first <= int(log["blockNumber"], 16) <= last]
            return {**answer, "result": inside}
        return answer

    def _header(self, header: Json) -> Json:
        number = int(header["number"], 16)
        changed = {**header}
        if number > self.fork:
            changed["hash"] = self.hash(number)
        if number > self.fork + 1:
            changed["parentHash"] = self.hash(number - 1)
        return changed

    def _log(self, log: Json) -> Json:
        number = int(log["blockNumber"], 16)
        if number <= self.fork:
            return log
        return {**log, "blockNumber": hex(number + 1), "blockHash": self.hash(number + 1)}

    def _range(self, where: Json) -> tuple[int, int]:
        if "blockHash" in where:
            number = self._numbers.get(where["blockHash"], -1)
            return number, number
        return self._number(where.get("fromBlock", "latest")), self._number(where.get("toBlock", "latest"))

    def _number(self, block: Any) -> int:
        if block in ("latest", "pending"):
            return self.head
        return int(block, 16) if isinstance(block, str) and block.startswith("0x") else 0


def head_of(ask: Ask) -> int:
    """Number of the latest block."""
    (answer,) = ask([{"jsonrpc": "2.0", "id": 0, "method": HEAD, "params": []}])
    return int(answer["result"], 16)


def final_of(ask: Ask) -> int:
    """Number of the finalised block; -1 when there is none."""
    (answer,) = ask([{"jsonrpc": "2.0", "id": 0, "method": BLOCK, "params": ["finalized", False]}])
    header = answer.get("result")
    return int(header["number"], 16) if header else -1
