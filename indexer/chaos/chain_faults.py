"""Faults of heads, headers and calls: nodes that are behind, that forget, and that follow other branches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from indexer.chaos.fault import Ask, Call, Fault, FaultKind, Json, error, params, result, through
from indexer.chaos.views import BLOCK, CALL, HEAD, LOGS, BranchView, HeightView, final_of, head_of

_POLLS = 10
"""So often the head is asked for before the branch changes."""
_WORD_DIGITS, _SELECTOR_DIGITS = 66, 10

_RECEIPTS = {"receipt": "eth_getTransactionReceipt", "receipts": "eth_getBlockReceipts"}

Change = Callable[["AnswerFault", Json, Any], Any]


class AnswerFault(Fault):
    """Answers requests of one method with what `change` makes of the result."""

    def __init__(self, method: str, change: Change, number: int, seed: int) -> None:
        super().__init__(number, seed)
        self._method = method
        self._change = change

    def answers(self, call: Call, ask: Ask) -> list[Json]:
        """Errors and other methods stay."""
        return [self._spoilt(*pair) for pair in zip(call.requests, ask(call.requests), strict=True)]

    def _spoilt(self, request: Json, answer: Json) -> Json:
        if request["method"] != self._method or "result" not in answer:
            return answer
        changed = self._change(self, request, answer["result"])
        is_refusal = isinstance(changed, dict) and "code" in changed
        return error(request, **changed) if is_refusal else result(request, changed)


class StaleReplica(Fault):
    """A node that is `number` blocks behind."""

    def answers(self, call: Call, ask: Ask) -> list[Json]:
        """All of a call."""
        return _behind(ask, self.number).answers(call.requests, ask)


class SplitBatch(Fault):
    """A balancer hands the requests of one batch to nodes of which one is `number` blocks behind."""

    def answers(self, call: Call, ask: Ask) -> list[Json]:
        """Each from either node."""
        stale, fresh = _behind(ask, self.number).answers(call.requests, ask), ask(call.requests)
        return [call.chance.choice(pair) for pair in zip(stale, fresh, strict=True)]


class Reorg(Fault):
    """A branch `number` blocks deep, and from time to time the chain itself."""

    def __init__(self, number: int, seed: int) -> None:
        super().__init__(number, seed)
        self.branch: BranchView | None = None
        self._polls = 0

    def answers(self, call: Call, ask: Ask) -> list[Json]:
        """All of a call from one of the two."""
        branch = self._branch(ask)
        shown = self._polls // _POLLS % 2 == 0
        self._polls += any(request["method"] == HEAD for request in call.requests)
        return branch.answers(call.requests, ask) if shown else ask(call.requests)

    def _branch(self, ask: Ask) -> BranchView:
        if self.branch is None:
            head = head_of(ask)
            self.branch = BranchView(max(head - self.number, 0), head, self.seed)
        return self.branch


class Disagreement(Reorg):
    """Two nodes that disagree about the last `number` blocks answer by turns, as it happens."""

    def answers(self, call: Call, ask: Ask) -> list[Json]:
        """All of a call from one of the two."""
        branch = self._branch(ask)
        return branch.answers(call.requests, ask) if call.chance.random() < 0.5 else ask(call.requests)


class PrunedState(Fault):
    """Calls are answered after the latest block only."""

    def answers(self, call: Call, ask: Ask) -> list[Json]:
        """An error for calls after older ones."""
        head = head_of(ask)

        def before(request: Json) -> Json:
            given = params(request)
            if (
                request["method"] == CALL
                and given[1:]
                and str(given[1]).startswith("0x")
                and int(given[1], 16) < head
            ):
                return error(request, -32000, "missing trie node (path ) state is not available")
            return request

        return through(call.requests, ask, before)


class PrunedLogs(Fault):
    """Logs of blocks that are more than `number` behind the head are forgotten: `[]`, not an error."""

    def answers(self, call: Call, ask: Ask) -> list[Json]:
        """What is left."""
        kept = head_of(ask) - self.number

        def after(request: Json, answer: Json) -> Json:
            logs = answer.get("result")
            if request["method"] != LOGS or not isinstance(logs, list):
                return answer
            return {**answer, "result": [log for log in logs if int(log["blockNumber"], 16) > kept]}

        return through(call.requests, ask, lambda request: request, after)


def _behind(ask: Ask, blocks: int) -> HeightView:
    head = head_of(ask)
    return HeightView(max(head - blocks, 0), max(head - final_of(ask), 0))


def _earlier(fault: AnswerFault, _request: Json, head: str) -> str:
    return hex(max(int(head, 16) - fault.number, 0))


def _later(fault: AnswerFault, _request: Json, head: str) -> str:
    return hex(int(head, 16) + fault.number)


def _is_number(request: Json) -> bool:
    return bool(params(request)) and str(params(request)[0]).startswith("0x")


def _no_header(_fault: AnswerFault, request: Json, header: Any) -> Any:
    return None if _is_number(request) else header


def _some_headers(fault: AnswerFault, request: Json, header: Any) -> Any:
    return None if _is_number(request) and fault.hits(int(params(request)[0], 16)) else header


def _other_header(_fault: AnswerFault, request: Json, header: Any) -> Any:
    if not _is_number(request) or not header:
        return header
    return {**header, "number": hex(max(int(header["number"], 16) - 1, 0))}


def _other_hash(fault: AnswerFault, request: Json, header: Any) -> Any:
    hit = header and _is_number(request) and fault.hits(int(header["number"], 16))
    return {**header, "hash": "0x" + "ab" * 32} if hit else header


def _other_parent(fault: AnswerFault, request: Json, header: Any) -> Any:
    hit = header and _is_number(request) and fault.hits(int(header["number"], 16))
    return {**header, "parentHash": "0x" + "cd" * 32} if hit else header


def _no_final(_fault: AnswerFault, request: Json, header: Any) -> Any:
    if params(request)[:1] == ["finalized"]:
        return {"code": -39001, "message": "Unknown block"}
    return header


def _null_final(_fault: AnswerFault, request: Json, header: Any) -> Any:
    return None if params(request)[:1] == ["finalized"] else header


def _null(_fault: AnswerFault, _request: Json, _found: Any) -> None:
    return None


def _other_chain(fault: AnswerFault, _request: Json, chain_id: str) -> str:
    return hex(int(chain_id, 16) + fault.number)


def _more(_fault: AnswerFault, _request: Json, word: Any) -> Any:
    whole = isinstance(word, str) and len(word) == _WORD_DIGITS
    return f"0x{(int(word, 16) + 1) % 2**256:064x}" if whole else word


def _more_with_arguments(_fault: AnswerFault, request: Json, word: Any) -> Any:
    data = params(request)[0].get("data") or params(request)[0].get("input") or ""
    return _more(_fault, request, word) if len(data) > _SELECTOR_DIGITS else word


def _nothing(_fault: AnswerFault, _request: Json, _word: Any) -> str:
    return "0x"


def _failed(_fault: AnswerFault, _request: Json, _word: Any) -> Json:
    return {"code": -32000, "message": "execution aborted (timeout = 5s)"}


def _of(method: str, name: str, summary: str, change: Change, number: int | None = None) -> FaultKind:
    return FaultKind(name, summary, lambda given, seed: AnswerFault(method, change, given, seed), number)


CHAIN_FAULTS = (
    FaultKind(
        "stale-replica", "a node that is {n} blocks behind answers; `[]` past its head", StaleReplica, 3
    ),
    FaultKind(
        "split-batch",
        "each request of a batch goes to one of two nodes; one is {n} blocks behind",
        SplitBatch,
        3,
    ),
    FaultKind("reorg", "a branch {n} blocks deep instead of the chain; they change places", Reorg, 3, True),
    FaultKind("disagree", "two nodes that disagree about the last {n} blocks", Disagreement, 3, True),
    FaultKind("pruned-state", "eth_call works after the latest block only", PrunedState),
    FaultKind("pruned-logs", "logs are forgotten {n} blocks behind the head: `[]`, no error", PrunedLogs, 20),
    _of(HEAD, "head-goes-back", "the latest block is said to be {n} blocks before", _earlier, 3),
    _of(HEAD, "head-too-high", "the latest block is said to be {n} blocks later", _later, 3),
    _of(BLOCK, "null-headers", "null for every block by number", _no_header),
    _of(BLOCK, "null-header", "null for one in {n} blocks", _some_headers, 5),
    _of(BLOCK, "wrong-header", "the header has the number of the block before", _other_header),
    _of(BLOCK, "wrong-hash", "one in {n} headers has another hash", _other_hash, 3),
    _of(BLOCK, "wrong-parent", "one in {n} headers names another parent", _other_parent, 3),
    _of(BLOCK, "no-finalized", "an error for the tag `finalized`", _no_final),
    _of(BLOCK, "null-finalized", "null for the tag `finalized`", _null_final),
    *(_of(method, f"null-{name}", f"null for {method}", _null) for name, method in _RECEIPTS.items()),
    _of("eth_chainId", "wrong-chain", "the chain id is {n} too high", _other_chain, 1),
    _of(CALL, "wrong-calls", "eth_call answers one more than it should", _more),
    _of(
        CALL, "wrong-tallies", "eth_call with arguments answers one more than it should", _more_with_arguments
    ),
    _of(CALL, "empty-calls", "eth_call answers 0x", _nothing),
    _of(CALL, "failed-calls", "eth_call fails", _failed),
)
